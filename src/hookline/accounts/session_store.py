"""All SQL that lists, renews and ends sessions by who has them."""

from typing import Any

from sqlalchemy import Delete, Row, Select, Update, delete, func, select, update

from hookline.accounts.model import ListedSession
from hookline.clock import HOUR_MS, UnixMs
from hookline.ids import AccountId, SessionId, UserId
from hookline.storage.schema import accounts, sessions

LISTED_MAX = 100
Query = Select[Any]  # Any: the columns that `listed` reads


def alive(user_id: str, now: UnixMs, idle_hours: int) -> Query:
    """The user's living sessions, the latest used first, a hundred at most."""
    return (
        select(sessions, accounts.c.name.label("account_name"))
        .join_from(sessions, accounts, accounts.c.id == sessions.c.account_id)
        .where(sessions.c.user_id == user_id, sessions.c.expires_at > now)
        .where(sessions.c.last_seen_at > now - idle_hours * HOUR_MS)
        .order_by(sessions.c.last_seen_at.desc(), sessions.c.id)
        .limit(LISTED_MAX)
    )


def count_alive(account_id: AccountId, now: UnixMs, idle_hours: int) -> Query:
    """How many living sessions each user has in the account."""
    return (
        select(sessions.c.user_id, func.count().label("counted"))
        .where(sessions.c.account_id == account_id, sessions.c.expires_at > now)
        .where(sessions.c.last_seen_at > now - idle_hours * HOUR_MS)
        .group_by(sessions.c.user_id)
    )


def end_named(user_id: str, session_id: str) -> Delete:
    return delete(sessions).where(sessions.c.user_id == user_id, sessions.c.id == session_id)


def end_named_in(account_id: AccountId, user_id: UserId, session_id: str) -> Delete:
    return end_named(user_id, session_id).where(sessions.c.account_id == account_id)


def end_in_account(account_id: AccountId, user_id: UserId) -> Delete:
    return delete(sessions).where(
        sessions.c.user_id == user_id, sessions.c.account_id == account_id
    )


def end_others(user_id: UserId, kept: SessionId) -> Delete:
    return delete(sessions).where(sessions.c.user_id == user_id, sessions.c.id != kept)


def renew(digest: bytes, new_digest: bytes) -> Update:
    """Another token for the session; the one before is worth nothing from now on."""
    return update(sessions).where(sessions.c.digest == digest).values(digest=new_digest)


def note_proof(digest: bytes, now: UnixMs) -> Update:
    """The user has just proved who they are."""
    return update(sessions).where(sessions.c.digest == digest).values(authenticated_at=now)


def listed(row: Row[Any]) -> ListedSession:  # Any: a row of `alive`
    return ListedSession(
        SessionId(row.id),
        AccountId(row.account_id),
        row.account_name,
        row.created_at,
        row.last_seen_at,
        row.expires_at,
        row.ip,
        row.user_agent,
    )
