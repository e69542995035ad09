"""The users of an account: added, read, changed, disabled, removed.

Nobody gives more than they have, only owners touch owners, and one owner always stays.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hookline.accounts import store as sql
from hookline.accounts.errors import InvitationNeeded, UserExists, UserNotFound
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
from hookline.accounts.session_store import end_in_account
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
    disabled: bool | None = None


async def add_user(tx: Transaction, store: Store, principal: Principal, new: NewUser) -> AddedUser:
    """Add a user whose address is new to this server; others must agree, by an invitation.

    Only the operator adds somebody who is in another account already. They keep their password.
    Raises UserExists, InvitationNeeded, OwnersOnly, GrantNotHeld, Invalid.
    """
    principal, by_owner = await check_may_write(tx, principal)
    email = normalise_email(new.email)
    check_grant(principal, by_owner=by_owner, before=None, after=new.grant)
    user_id, is_new = await _person(tx, store, principal, email, new)
    row = (
        principal.account_id, user_id, new.grant.role.value,
        sql.permissions_text(new.grant.permissions), store.now(),
    )  # fmt: skip
    if not (await tx.insert(sql.INSERT_MEMBERSHIP, [row]))[0]:
        raise UserExists(f"{email} is already a user of this account.")
    member = await member_of(tx, principal, user_id)
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
    tx: Transaction, store: Store, principal: Principal, user_id: str, change: UserChange
) -> Member:
    """Change a user, or close the account to them for a while.

    Less counts with their next request. More needs a new sign-in: what was signed in before does
    not grow, so their sessions in the account end. Raises UserNotFound, OwnersOnly, GrantNotHeld,
    LastOwner, Invalid.
    """
    owners, before = await lock_user(tx, principal, user_id)
    principal, by_owner = await check_may_write(tx, principal)
    grant = merged(before.grant, change.role, change.permissions or {})
    check_grant(principal, by_owner=by_owner, before=before.grant, after=grant)
    is_disabled = before.disabled_at is not None if change.disabled is None else change.disabled
    if before.disabled_at is None:
        check_owner_stays(before.grant, None if is_disabled else grant, owners=owners)
    if grant != before.grant:
        await tx.changed(sql.change_grant(before.account_id, before.id, grant))
    if change.name is not None:
        await tx.changed(sql.change_name(before.id, clean_person_name(change.name)))
    if is_disabled != (before.disabled_at is not None):
        at = store.now() if is_disabled else None
        await tx.changed(sql.disable(before.account_id, before.id, at))
    if is_disabled or grant.scopes - before.grant.scopes or _is_promoted(before.grant, grant):
        await tx.changed(end_in_account(before.account_id, before.id))
    after = await member_of(tx, principal, before.id)
    if after != before:
        record(tx, principal, "user.change", before.id, before=_facts(before), after=_facts(after))
    return after


async def remove_user(tx: Transaction, principal: Principal, user_id: str) -> None:
    """Take a user out of the account; their sessions in it end. Credentials they made stay.

    Raises UserNotFound, OwnersOnly, LastOwner.
    """
    owners, before = await lock_user(tx, principal, user_id)
    principal, by_owner = await check_may_write(tx, principal)
    check_grant(principal, by_owner=by_owner, before=before.grant, after=None)
    if before.disabled_at is None:
        check_owner_stays(before.grant, None, owners=owners)
    for statement in sql.remove_member(before.account_id, before.id):
        await tx.changed(statement)
    for statement in sql.remove_user_of_no_account(before.id):
        await tx.changed(statement)
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


async def check_may_write(tx: Transaction, principal: Principal) -> tuple[Principal, bool]:
    """The caller with the rights that they have in this transaction, and whether they act as an owner.

    Somebody may have taken rights from them since their request came in. Raises InsufficientScope,
    LiveModeNeeded.
    """
    principal.require_live("Users have live rights")
    role = None
    if principal.kind is PrincipalKind.USER:
        found = await tx.execute(sql.member(principal.account_id, principal.id))
        own = sql.member_from_row(found[0]) if found else None
        is_in = own is not None and own.disabled_at is None
        role = own.grant.role if own is not None and is_in else None
        held = own.scopes if own is not None and is_in else frozenset[Scope]()
        principal = replace(principal, scopes=principal.scopes & held)
    principal.require(Scope.USERS_WRITE)
    return principal, acts_as_owner(principal, role)


async def lock_user(tx: Transaction, principal: Principal, user_id: str) -> tuple[int, Member]:
    """How many enabled owners there are, and the member; both stay so until the commit.

    Rights are checked after it, so that of two who act on each other the second one has lost them.
    Raises UserNotFound.
    """
    principal.require(Scope.USERS_WRITE)
    _check_id(user_id)
    owners = await tx.execute(sql.lock_owners(principal.account_id))
    await tx.execute(sql.lock_member(principal.account_id, user_id))
    return len(owners), await member_of(tx, principal, user_id)


async def member_of(tx: Transaction, principal: Principal, user_id: str) -> Member:
    """The user, inside of the transaction. Raises UserNotFound."""
    found = await tx.execute(sql.member(principal.account_id, user_id))
    if not found:
        raise UserNotFound(_absent(user_id))
    return sql.member_from_row(found[0])


async def _person(
    tx: Transaction, store: Store, principal: Principal, email: str, new: NewUser
) -> tuple[UserId, bool]:
    user_id, now = UserId(store.ids.new("usr")), store.now()
    row = (user_id, email, clean_person_name(new.name), new.password.hash, now, now)
    if (await tx.insert(sql.INSERT_USER, [row]))[0]:
        return user_id, True
    known = UserId((await tx.execute(sql.user_of_email(email)))[0].id)
    if await tx.execute(sql.member(principal.account_id, known)):
        raise UserExists(f"{email} is already a user of this account.")
    if principal.kind is not PrincipalKind.SYSTEM:
        raise InvitationNeeded(
            f"{email} is used on this server already. Invite them: they join by their own sign-in."
        )
    if not new.password.is_generated:
        raise Invalid.at(
            "/password",
            "user_has_password",
            f"{email} has a password already and keeps it. Leave `password` out.",
        )
    return known, False


def _check_id(user_id: str) -> None:
    if not is_id("usr", user_id):
        raise UserNotFound(_absent(user_id))


def _absent(user_id: str) -> str:
    return f"There is no user {user_id[:64]!r} in this account."


def _is_promoted(before: Grant, after: Grant) -> bool:
    """An owner may do what no scope says."""
    return after.role is Role.OWNER and before.role is not Role.OWNER


def _facts(member: Member) -> dict[str, object]:
    return {
        "email": member.email,
        "name": member.name,
        "role": member.grant.role.value,
        "permissions": {scope.value: has for scope, has in member.grant.permissions.items()},
        "disabled": member.disabled_at is not None,
    }
