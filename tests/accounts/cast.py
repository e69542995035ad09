"""People for the room's tests. Passwords are hashed for real, so few of them are made."""

from hookline.accounts.model import Account, Member, NewSession
from hookline.accounts.passwords import NewPassword, Passwords
from hookline.accounts.people import NewUser, add_user
from hookline.accounts.roles import Grant, Permissions, Role
from hookline.accounts.sign_in import SignIn, sign_in
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
    return await sign_in(store, passwords, SignIn(email, password, ip, "Firefox"))
