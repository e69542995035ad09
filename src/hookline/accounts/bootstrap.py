"""The first start: an account and its owner, made once however many nodes start together."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from hookline.accounts import store as sql
from hookline.accounts.model import Account, Member
from hookline.accounts.passwords import NewPassword, Passwords
from hookline.accounts.people import NewUser, add_user, normalise_email
from hookline.accounts.roles import Grant, Role
from hookline.accounts.tenancy import create_account
from hookline.ids import AccountId
from hookline.outbound.sealing import SecretBox
from hookline.principal import system
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

FIRST_ACCOUNT = "My company"
_ACTOR = "bootstrap"
_LOCK = "bootstrap"

Furnish = Callable[[Transaction, AccountId], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """What the first start made."""

    account: Account
    owner: Member
    password: str | None = field(repr=False)
    """Only when it was generated."""


async def ensure_first_account(
    store: Store,
    box: SecretBox,
    passwords: Passwords,
    *,
    email: str,
    password: str | None = None,
    furnish: Furnish | None = None,
) -> Bootstrap | None:
    """Make the first account and its owner; None when there is an account already.

    `furnish` adds what else a new account has, in the same transaction. Raises Invalid.
    """
    if (await store.read(sql.count_accounts()))[0][0]:
        return None
    address = normalise_email(email)
    chosen = await passwords.choose(password, about=[address])

    async def begin(tx: Transaction) -> Bootstrap | None:
        # Nodes that start together wait here for the first one's commit, and then see its account.
        await tx.insert(sql.INSERT_BOOTSTRAP_LOCK, [(_LOCK, _ACTOR, store.now())])
        if (await tx.execute(sql.count_accounts()))[0][0]:
            await tx.changed(sql.unlock_bootstrap(_LOCK))
            return None
        made = await _begin(tx, store, box, address, chosen)
        if furnish is not None:
            await furnish(tx, made.account.id)
        await tx.changed(sql.unlock_bootstrap(_LOCK))
        return made

    return await store.commit(begin)


async def _begin(
    tx: Transaction, store: Store, box: SecretBox, email: str, password: NewPassword
) -> Bootstrap:
    account = await create_account(tx, store, box, name=FIRST_ACCOUNT, actor=_ACTOR)
    owner = NewUser(email, password, Grant(Role.OWNER))
    added = await add_user(tx, store, system(account.id, _ACTOR), owner)
    return Bootstrap(account, added.member, added.password)
