"""The users of an account: added, read, changed, removed.

Nobody gives more than they have, only owners touch owners, and one owner always stays.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hookline.accounts import store as sql
from hookline.accounts.errors import UserExists, UserNotFound
from hookline.accounts.model import Member
from hookline.accounts.passwords import NewPassword
from hookline.accounts.roles import (
    Grant,
    Role,
    acts_as_owner,
    check_grant,
    check_owner_stays,
    merged,
)
from hookline.accounts.tenancy import NAME_MAX
from hookline.audit.append import record
from hookline.errors import Invalid
from hookline.ids import UserId, is_id
from hookline.principal import Principal, PrincipalKind, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

EMAIL_MAX = 254
EMAIL_PATTERN = r"^[A-Za-z0-9._%+'\-]{1,64}@[A-Za-z0-9\-]{1,63}(\.[A-Za-z0-9\-]{1,63})*$"
_EMAIL = re.compile(EMAIL_PATTERN.removesuffix("$") + r"\Z")


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to add to the caller's account."""

    email: str
    password: NewPassword
    grant: Grant
    name: str = ""


@dataclass(frozen=True, slots=True)
class AddedUser:
    """The new member, and the password if one was generated for them: shown once."""

    member: Member
    password: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class UserChange:
    """What to change; None leaves it as it is."""

    name: str | None = None
    role: Role | None = None
    permissions: Mapping[Scope, bool | None] | None = None


async def add_user(tx: Transaction, store: Store, principal: Principal, new: NewUser) -> AddedUser:
    """Add a user; somebody who is in another account already keeps their password and name.

    Raises UserExists, OwnersOnly, GrantNotHeld, Invalid.
    """
    _check_may_write(principal)
    email = normalise_email(new.email)
    by_owner = await _acts_as_owner(tx, principal)
    check_grant(principal, by_owner=by_owner, before=None, after=new.grant)
    user_id, is_new = await _person(tx, store, email, new)
    row = (
        principal.account_id, user_id, new.grant.role.value,
        sql.permissions_text(new.grant.permissions), store.now(),
    )  # fmt: skip
    if not (await tx.insert(sql.INSERT_MEMBERSHIP, [row]))[0]:
        raise UserExists(f"{email} is already a user of this account.")
    member = await _member(tx, principal, user_id)
    record(tx, principal, "user.add", user_id, after=_facts(member))
    return AddedUser(member, new.password.text if is_new and new.password.is_generated else None)


async def get_user(store: Store, principal: Principal, user_id: str) -> Member:
    """One user of the account. Raises UserNotFound."""
    principal.require(Scope.USERS_READ)
    _check_id(user_id)
    found = await store.read(sql.member(principal.account_id, user_id))
    if not found:
        raise UserNotFound(_absent(user_id))
    return sql.member_from_row(found[0])


async def change_user(
    tx: Transaction, principal: Principal, user_id: str, change: UserChange
) -> Member:
    """Change a user. Raises UserNotFound, OwnersOnly, GrantNotHeld, LastOwner, Invalid."""
    _check_may_write(principal)
    owners, before = await _locked(tx, principal, user_id)
    grant = merged(before.grant, change.role, change.permissions or {})
    by_owner = await _acts_as_owner(tx, principal)
    check_grant(principal, by_owner=by_owner, before=before.grant, after=grant)
    check_owner_stays(before.grant, grant, owners=owners)
    if grant != before.grant:
        await tx.changed(sql.change_grant(before.account_id, before.id, grant))
    if change.name is not None:
        await tx.changed(sql.change_name(before.id, clean_person_name(change.name)))
    after = await _member(tx, principal, before.id)
    if after != before:
        record(tx, principal, "user.change", before.id, before=_facts(before), after=_facts(after))
    return after


async def remove_user(tx: Transaction, principal: Principal, user_id: str) -> None:
    """Take a user out of the account; their sessions in it end. Credentials they made stay.

    Raises UserNotFound, OwnersOnly, LastOwner.
    """
    _check_may_write(principal)
    owners, before = await _locked(tx, principal, user_id)
    by_owner = await _acts_as_owner(tx, principal)
    check_grant(principal, by_owner=by_owner, before=before.grant, after=None)
    check_owner_stays(before.grant, None, owners=owners)
    for statement in sql.remove_member(before.account_id, before.id):
        await tx.changed(statement)
    await tx.changed(sql.remove_user_of_no_account(before.id))
    record(tx, principal, "user.remove", before.id, before=_facts(before))


def normalise_email(text: str, pointer: str = "/email") -> str:
    """The address in lower case. Raises Invalid when it is none."""
    email = text.strip().lower()
    if len(email) > EMAIL_MAX or _EMAIL.match(email) is None:
        raise Invalid.at(pointer, "invalid_email", "This is not an e-mail address.")
    return email


def clean_person_name(name: str) -> str:
    """The name without white space around it; may be empty. Raises Invalid."""
    name = name.strip()
    if len(name) > NAME_MAX:
        raise Invalid.at("/name", "invalid_name", f"A name has {NAME_MAX} characters at most.")
    return name


def _check_may_write(principal: Principal) -> None:
    principal.require(Scope.USERS_WRITE)
    principal.require_live("Users have live rights")


async def _person(tx: Transaction, store: Store, email: str, new: NewUser) -> tuple[UserId, bool]:
    user_id, now = UserId(store.ids.new("usr")), store.now()
    row = (user_id, email, clean_person_name(new.name), new.password.hash, now, now)
    if (await tx.insert(sql.INSERT_USER, [row]))[0]:
        return user_id, True
    known = UserId((await tx.execute(sql.user_of_email(email)))[0].id)
    if not new.password.is_generated:
        raise Invalid.at(
            "/password",
            "user_has_password",
            f"{email} has a password already and keeps it. Leave `password` out.",
        )
    return known, False


async def _locked(tx: Transaction, principal: Principal, user_id: str) -> tuple[int, Member]:
    """How many owners there are, and the member; both stay so until the commit."""
    _check_id(user_id)
    owners = await tx.execute(sql.lock_owners(principal.account_id))
    await tx.execute(sql.lock_member(principal.account_id, user_id))
    return len(owners), await _member(tx, principal, user_id)


async def _member(tx: Transaction, principal: Principal, user_id: str) -> Member:
    found = await tx.execute(sql.member(principal.account_id, user_id))
    if not found:
        raise UserNotFound(_absent(user_id))
    return sql.member_from_row(found[0])


async def _acts_as_owner(tx: Transaction, principal: Principal) -> bool:
    role = None
    if principal.kind is PrincipalKind.USER:
        found = await tx.execute(sql.member(principal.account_id, principal.id))
        role = sql.member_from_row(found[0]).grant.role if found else None
    return acts_as_owner(principal, role)


def _check_id(user_id: str) -> None:
    if not is_id("usr", user_id):
        raise UserNotFound(_absent(user_id))


def _absent(user_id: str) -> str:
    return f"There is no user {user_id[:64]!r} in this account."


def _facts(member: Member) -> dict[str, object]:
    return {
        "email": member.email,
        "name": member.name,
        "role": member.grant.role.value,
        "permissions": {scope.value: has for scope, has in member.grant.permissions.items()},
    }
