"""People for the room's tests. Passwords are hashed for real, so few of them are made."""

import pyotp

from hookline.accounts.model import Account, Member, NewSession, Pending
from hookline.accounts.passwords import NewPassword, Passwords
from hookline.accounts.people import NewUser, add_user
from hookline.accounts.roles import Grant, Permissions, Role
from hookline.accounts.second_factor import TurnedOn, begin_set_up, turn_on
from hookline.accounts.sign_in import CodeTyped, SignIn, finish_sign_in, sign_in
from hookline.outbound.sealing import SecretBox
from hookline.principal import Principal, PrincipalKind, Scope, system
from hookline.storage.store import Store

PASSWORD = "correct horse battery"
IP = "192.0.2.9"
# What stands in the column for those who never sign in.
NO_PASSWORD = NewPassword("-", "", is_generated=True)


async def add(
    store: Store,
    account: Account,
    email: str,
    role: Role = Role.ADMIN,
    *,
    by: Principal | None = None,
    permissions: Permissions | None = None,
    password: NewPassword = NO_PASSWORD,
) -> Member:
    principal = by or system(account.id, "tests")
    new = NewUser(email, password, Grant(role, permissions or {}))
    added = await store.commit(lambda tx: add_user(tx, store, principal, new))
    return added.member


def as_caller(member: Member) -> Principal:
    return Principal(
        member.account_id, PrincipalKind.USER, member.id, member.scopes, label=member.email
    )


def as_credential(account: Account, *scopes: Scope) -> Principal:
    return Principal(account.id, PrincipalKind.CREDENTIAL, "crd_x", frozenset(scopes or Scope))


async def enter(
    store: Store, passwords: Passwords, email: str, password: str = PASSWORD, ip: str = IP
) -> NewSession:
    made = await sign_in(store, passwords, SignIn(email, password, ip, "Firefox"))
    assert isinstance(made, NewSession)
    return made


async def set_up(store: Store, box: SecretBox, here: NewSession) -> tuple[str, TurnedOn]:
    """Turn the person's second factor on, as their app would: its secret, and what they see."""
    draft = begin_set_up(store, box, here.session)
    by = here.session.principal(IP)
    turned = await store.commit(
        lambda tx: turn_on(
            tx, store, box, here.session, by,
            sealed=draft.sealed, code=code_of(store, draft.secret),
        )
    )  # fmt: skip
    return draft.secret, turned


def code_of(store: Store, secret: str, steps: int = 0) -> str:
    """What the app shows now, or so many steps later."""
    return pyotp.TOTP(secret).at(store.now() // 1_000, counter_offset=steps)


async def half_enter(store: Store, passwords: Passwords, email: str, ip: str = IP) -> Pending:
    made = await sign_in(store, passwords, SignIn(email, PASSWORD, ip, "Firefox"))
    assert isinstance(made, Pending)
    return made


async def give_code(
    store: Store, box: SecretBox, pending: Pending, code: str, ip: str = IP
) -> NewSession:
    return await finish_sign_in(store, box, CodeTyped(pending.token, code, ip, "Firefox"))
