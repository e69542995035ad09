"""People of an account, put there without an invitation."""

from sqlalchemy import insert

from hookline.ids import AccountId
from hookline.storage.schema import memberships, users
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction


async def add_people(store: Store, account_id: AccountId, roles: dict[str, str]) -> None:
    """Users with these addresses and roles."""

    async def add(tx: Transaction) -> None:
        for number, (email, role) in enumerate(roles.items()):
            user = {"id": f"usr_{number}", "email": email, "password_hash": "", "created_at": 0}
            await tx.changed(insert(users).values(**user, password_changed_at=0))
            member = {"account_id": account_id, "user_id": user["id"], "role": role}
            await tx.changed(insert(memberships).values(**member, created_at=0))

    await store.commit(add)
