"""All SQL of accounts, users and sessions."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Delete, Row, Select, Update, delete, exists, func, select, update

from hookline.accounts.model import Account, Countries, Member, Session
from hookline.accounts.roles import Grant, Permissions, Role
from hookline.clock import UnixMs
from hookline.ids import AccountId, SessionId, UserId
from hookline.principal import Scope
from hookline.storage import sets
from hookline.storage.schema import (
    account_streams,
    accounts,
    leases,
    memberships,
    pending_sign_ins,
    recovery_codes,
    second_factors,
    sessions,
    sign_in_failures,
    users,
)

Query = Select[Any]  # Any: the columns that the matching `…_from_row` reads
AnyRow = Row[Any]

INSERT_ACCOUNT = sets.Insert(accounts, ("id", "name", "signing_secret", "created_at"))
INSERT_STREAM = sets.Insert(account_streams, ("account_id",))
INSERT_USER = sets.Insert(
    users,
    ("id", "email", "name", "password_hash", "created_at", "password_changed_at"),
    conflict=("email",),
)
INSERT_MEMBERSHIP = sets.Insert(
    memberships,
    ("account_id", "user_id", "role", "permissions", "created_at"),
    conflict=("account_id", "user_id"),
)
INSERT_SESSION = sets.Insert(
    sessions,
    (
        "digest", "user_id", "account_id", "csrf_token", "created_at", "authenticated_at",
        "last_seen_at", "expires_at", "ip", "user_agent", "id",
    ),
)  # fmt: skip
TOUCH_SESSION = sets.Update(
    sessions,
    key=("digest",),
    values=("last_seen_at",),
    changes={"last_seen_at": "{last_seen_at}"},
    guard="t.last_seen_at < {last_seen_at}",
)
INSERT_FAILURES = sets.Insert(
    sign_in_failures, ("key", "window_started_at", "failures"), conflict=("key",)
)
COUNT_FAILURE = sets.Update(
    sign_in_failures,
    key=("key",),
    values=("at", "oldest"),
    changes={
        "failures": "CASE WHEN t.window_started_at <= {oldest} THEN 1 ELSE t.failures + 1 END",
        "window_started_at": (
            "CASE WHEN t.window_started_at <= {oldest} THEN {at} ELSE t.window_started_at END"
        ),
    },
    returning=("failures", "window_started_at"),
    value_types={"at": "window_started_at", "oldest": "window_started_at"},
)
INSERT_BOOTSTRAP_LOCK = sets.Insert(leases, ("name", "owner", "expires_at"), conflict=("name",))

_MEMBER = (
    users.c.id,
    memberships.c.account_id,
    users.c.email,
    users.c.name,
    memberships.c.role,
    memberships.c.permissions,
    memberships.c.created_at,
    users.c.last_sign_in_at,
    memberships.c.disabled_at,
    exists().where(second_factors.c.user_id == users.c.id).label("has_second_factor"),
)


def account(account_id: AccountId) -> Query:
    return select(accounts).where(accounts.c.id == account_id)


def all_accounts() -> Query:
    return select(accounts).order_by(accounts.c.id)


def rename(account_id: AccountId, name: str) -> Update:
    return update(accounts).where(accounts.c.id == account_id).values(name=name)


def set_countries(account_id: AccountId, countries: Countries) -> Update:
    text = None if countries is None else " ".join(countries)
    return update(accounts).where(accounts.c.id == account_id).values(allowed_countries=text)


def require_second_factor(account_id: AccountId, required: bool) -> Update:
    return (
        update(accounts)
        .where(accounts.c.id == account_id)
        .values(second_factor_required=int(required))
    )


def set_event_retention(account_id: AccountId, days: int | None) -> Update:
    return update(accounts).where(accounts.c.id == account_id).values(event_retention_days=days)


def members(account_id: AccountId) -> Query:
    return (
        select(*_MEMBER)
        .join_from(memberships, users, users.c.id == memberships.c.user_id)
        .where(memberships.c.account_id == account_id)
    )


def member(account_id: AccountId, user_id: str) -> Query:
    return members(account_id).where(users.c.id == user_id)


def lock_owners(account_id: AccountId) -> Select[tuple[str]]:
    """Makes changes of an account's owners wait for each other, on every node.

    Disabled ones do not count: they could not undo what the others did.
    """
    return (
        select(memberships.c.user_id)
        .where(memberships.c.account_id == account_id, memberships.c.role == Role.OWNER.value)
        .where(memberships.c.disabled_at.is_(None))
        .order_by(memberships.c.user_id)
        .with_for_update()
    )


def lock_member(account_id: AccountId, user_id: str) -> Select[tuple[str]]:
    return (
        select(memberships.c.user_id)
        .where(memberships.c.account_id == account_id, memberships.c.user_id == user_id)
        .with_for_update()
    )


def change_grant(account_id: AccountId, user_id: UserId, grant: Grant) -> Update:
    return (
        update(memberships)
        .where(memberships.c.account_id == account_id, memberships.c.user_id == user_id)
        .values(role=grant.role.value, permissions=permissions_text(grant.permissions))
    )


def disable(account_id: AccountId, user_id: UserId, at: UnixMs | None) -> Update:
    return (
        update(memberships)
        .where(memberships.c.account_id == account_id, memberships.c.user_id == user_id)
        .values(disabled_at=at)
    )


def change_name(user_id: UserId, name: str) -> Update:
    return update(users).where(users.c.id == user_id).values(name=name)


def remove_member(account_id: AccountId, user_id: UserId) -> tuple[Delete, Delete]:
    """The user's sessions in the account, then the membership."""
    return (
        delete(sessions).where(sessions.c.account_id == account_id, sessions.c.user_id == user_id),
        delete(memberships).where(
            memberships.c.account_id == account_id, memberships.c.user_id == user_id
        ),
    )


def remove_user_of_no_account(user_id: UserId) -> Sequence[Delete]:
    """What a person has to sign in with, then the person."""
    others = select(memberships.c.user_id).where(memberships.c.user_id == user_id)
    theirs = (pending_sign_ins, recovery_codes, second_factors)
    return (
        *(delete(one).where(one.c.user_id == user_id, ~others.exists()) for one in theirs),
        delete(users).where(users.c.id == user_id, ~others.exists()),
    )


def user_of_email(email: str) -> Query:
    return select(users).where(users.c.email == email)


def accounts_of(user_id: UserId) -> Query:
    """The accounts that the user may enter, with the role in each, oldest membership first."""
    return (
        select(*accounts.c, memberships.c.role)
        .join_from(memberships, accounts, accounts.c.id == memberships.c.account_id)
        .where(memberships.c.user_id == user_id, memberships.c.disabled_at.is_(None))
        .order_by(memberships.c.created_at, accounts.c.id)
    )


def change_password(user_id: UserId, password_hash: str, now: UnixMs) -> Update:
    return (
        update(users)
        .where(users.c.id == user_id)
        .values(password_hash=password_hash, password_changed_at=now)
    )


def mark_signed_in(user_id: UserId, stored: str, password_hash: str, now: UnixMs) -> Update:
    """Only while the password is still the one that was checked."""
    return (
        update(users)
        .where(users.c.id == user_id, users.c.password_hash == stored)
        .values(password_hash=password_hash, last_sign_in_at=now)
    )


def session(digest: bytes) -> Query:
    """A session with its user, and the role that the user has in its account now."""
    return (
        select(
            *sessions.c,
            users.c.email,
            users.c.name.label("user_name"),
            accounts.c.name.label("account_name"),
            accounts.c.second_factor_required,
            exists().where(second_factors.c.user_id == users.c.id).label("has_second_factor"),
            memberships.c.role,
            memberships.c.permissions,
        )
        .join_from(sessions, users, users.c.id == sessions.c.user_id)
        .join(accounts, accounts.c.id == sessions.c.account_id)
        .join(
            memberships,
            (memberships.c.user_id == sessions.c.user_id)
            & (memberships.c.account_id == sessions.c.account_id)
            & memberships.c.disabled_at.is_(None),
        )
        .where(sessions.c.digest == digest)
    )


def move_session(digest: bytes, user_id: UserId, account_id: str, csrf_token: str) -> Update:
    """Change the session's account, if its user may enter there; its old forms end."""
    membership = select(memberships.c.user_id).where(
        memberships.c.user_id == user_id,
        memberships.c.account_id == account_id,
        memberships.c.disabled_at.is_(None),
    )
    return (
        update(sessions)
        .where(sessions.c.digest == digest, membership.exists())
        .values(account_id=account_id, csrf_token=csrf_token)
    )


def end_session(digest: bytes) -> Delete:
    return delete(sessions).where(sessions.c.digest == digest)


def end_sessions_of(user_id: UserId) -> Delete:
    return delete(sessions).where(sessions.c.user_id == user_id)


def forget_expired_sessions(now: UnixMs) -> Delete:
    return delete(sessions).where(sessions.c.expires_at <= now)


def forget_failures(*keys: str) -> Delete:
    return delete(sign_in_failures).where(sign_in_failures.c.key.in_(keys))


def forget_failures_before(oldest: int) -> Delete:
    return delete(sign_in_failures).where(sign_in_failures.c.window_started_at <= oldest)


def forgive_one_failure(*keys: str) -> Update:
    return (
        update(sign_in_failures)
        .where(sign_in_failures.c.key.in_(keys), sign_in_failures.c.failures > 0)
        .values(failures=sign_in_failures.c.failures - 1)
    )


def count_accounts() -> Query:
    return select(func.count()).select_from(accounts)


def unlock_bootstrap(name: str) -> Delete:
    return delete(leases).where(leases.c.name == name)


def account_from_row(row: AnyRow) -> Account:
    countries = None if row.allowed_countries is None else tuple(row.allowed_countries.split())
    return Account(
        AccountId(row.id),
        row.name,
        row.created_at,
        countries,
        bool(row.second_factor_required),
        row.event_retention_days,
    )


def member_from_row(row: AnyRow) -> Member:
    return Member(
        UserId(row.id),
        AccountId(row.account_id),
        row.email,
        row.name,
        grant_of(row),
        row.created_at,
        row.last_sign_in_at,
        row.disabled_at,
        bool(row.has_second_factor),
    )


def session_from_row(row: AnyRow) -> Session:
    return Session(
        digest=bytes(row.digest),
        id=SessionId(row.id),
        user_id=UserId(row.user_id),
        email=row.email,
        user_name=row.user_name,
        account_id=AccountId(row.account_id),
        account_name=row.account_name,
        grant=grant_of(row),
        csrf_token=row.csrf_token,
        created_at=row.created_at,
        authenticated_at=row.authenticated_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
        has_second_factor=bool(row.has_second_factor),
        second_factor_required=bool(row.second_factor_required),
    )


def permissions_text(permissions: Permissions) -> str:
    named = {scope.value: has for scope, has in permissions.items()}
    return msgspec.json.encode(named, order="sorted").decode()


def grant_of(row: AnyRow) -> Grant:
    """Of a row that has `role` and `permissions`."""
    return Grant(Role(row.role), msgspec.json.decode(row.permissions, type=dict[Scope, bool]))
