"""Gives a user another password and ends their sessions; for the operator at the command line."""

from hookline.accounts import store as sql
from hookline.accounts.errors import UserNotFound
from hookline.accounts.passwords import NewPassword, Passwords
from hookline.accounts.people import normalise_email
from hookline.audit.append import record
from hookline.ids import AccountId, UserId
from hookline.principal import system
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction


async def reset_password(
    store: Store,
    passwords: Passwords,
    email: str,
    *,
    password: str | None = None,
    actor: str = "operator",
) -> NewPassword:
    """The new password, generated when none is given. Raises UserNotFound, Invalid."""
    address = normalise_email(email)
    chosen = await passwords.choose(password, about=[address])

    async def reset(tx: Transaction) -> NewPassword:
        found = await tx.execute(sql.user_of_email(address))
        if not found:
            raise UserNotFound(f"There is no user {address}.")
        user_id = UserId(found[0].id)
        await tx.changed(sql.change_password(user_id, chosen.hash, store.now()))
        await tx.changed(sql.end_sessions_of(user_id))
        for home in await tx.execute(sql.accounts_of(user_id)):
            record(tx, system(AccountId(home.id), actor), "user.reset_password", user_id)
        return chosen

    return await store.commit(reset)
