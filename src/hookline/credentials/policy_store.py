"""The SQL of policies and notices: who is about to expire, due for rotation, or idle."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Update,
    case,
    exists,
    func,
    literal,
    select,
    update,
)

from hookline.clock import DAY_MS, UnixMs
from hookline.credentials.model import ROTATION_DAYS
from hookline.ids import AccountId
from hookline.storage.schema import credential_notices as notices
from hookline.storage.schema import credential_policies as policies
from hookline.storage.schema import credential_tokens as tokens
from hookline.storage.schema import credentials, memberships, users
from hookline.storage.sets import Insert

STAGES = (1, 7, 14, 30)
"""Days before an expiry at which a notice is given."""
PAGE = 200
OWNERS_MAX = 50

INSERT = Insert(policies, ("account_id",), conflict=("account_id",))
INSERT_NOTICE = Insert(
    notices,
    ("credential_id", "kind", "stage", "about", "given_at"),
    conflict=("credential_id", "kind", "stage", "about"),
)
Found = Select[Any]  # Any: id, account_id, and the columns of the notice
_IS_ACTIVE = (credentials.c.status == "active") & (tokens.c.status == "active")
_DAY = literal(DAY_MS, BigInteger)  # days in whole milliseconds need more than 32 bits
_DUE_AT = tokens.c.created_at + func.coalesce(policies.c.rotation_days, ROTATION_DAYS) * _DAY


def of_account(account_id: AccountId) -> Select[Any]:  # Any: the policy's columns
    return select(policies).where(policies.c.account_id == account_id)


def owners(account_id: AccountId) -> Select[str]:
    """The addresses of those who are told: the account's owners."""
    return (
        select(users.c.email)
        .join(memberships, memberships.c.user_id == users.c.id)
        .where(memberships.c.account_id == account_id, memberships.c.role == "owner")
        .order_by(users.c.id)
        .limit(OWNERS_MAX)
    )


def change(account_id: AccountId, facts: dict[str, Any]) -> Update:  # Any: days, or None
    return update(policies).where(policies.c.account_id == account_id).values(**facts)


def forgive_overdue(account_id: AccountId) -> Update:
    """No token of the account is refused for being overdue, until it has had its notice."""
    return (
        update(tokens)
        .where(tokens.c.account_id == account_id, tokens.c.refused_from.is_not(None))
        .values(refused_from=None)
    )


def refuse_from(credential_id: str, at: UnixMs) -> Update:
    """Refuse the overdue token from then on."""
    return (
        update(tokens)
        .where(tokens.c.credential_id == credential_id, tokens.c.status == "active")
        .where(tokens.c.refused_from.is_(None))
        .values(refused_from=at)
    )


def expiring(now: UnixMs) -> Found:
    """Who has reached a stage before its expiry and has not been told of it.

    A stage that was behind when the credential was made is none.
    """
    left = credentials.c.expires_at - now
    stage = case(*((left <= days * DAY_MS, days) for days in STAGES))
    return (
        select(credentials.c.id, credentials.c.account_id, stage.label("stage"))
        .where(credentials.c.status == "active")
        .where(credentials.c.expires_at > now, left <= STAGES[-1] * DAY_MS)
        .where(credentials.c.expires_at - stage * _DAY > credentials.c.created_at)
        .where(~_was_told("expiring", stage, credentials.c.expires_at))
        .order_by(credentials.c.id)
        .limit(PAGE)
    )


def due(now: UnixMs) -> Found:
    """Whose present token is due for rotation and has not been told, or not been given its end."""
    wants_end = policies.c.refuse_overdue_after_days.is_not(None) & tokens.c.refused_from.is_(None)
    untold = ~_was_told("rotation_due", literal(0), _DUE_AT)
    return (
        _with_token()
        .where(_IS_ACTIVE, now >= _DUE_AT, untold | wants_end)
        .where(func.coalesce(credentials.c.expires_at, now + 1) > now)
    )


def idle(now: UnixMs, warning_ms: int) -> Found:
    """Who has not been used, nor changed by anybody, for almost as long as the policy allows.

    Only those who have not been warned, or were warned long enough ago to be disabled now.
    """
    allowed = policies.c.disable_idle_after_days * _DAY
    since = _used_at()
    is_over = (since + allowed <= now) & _was_told(
        "idle", literal(0), since, before=UnixMs(now - warning_ms)
    )
    return (
        _with_token()
        .add_columns(since.label("since"))
        .where(_IS_ACTIVE, policies.c.disable_idle_after_days.is_not(None))
        .where(since + allowed - warning_ms <= now)
        .where(~_was_told("idle", literal(0), since) | is_over)
        .where(func.coalesce(credentials.c.expires_at, now + 1) > now)
    )


def idle_warning(credential_id: str, since: int) -> Select[int]:
    """When it was warned that it has been idle since then."""
    return select(notices.c.given_at).where(
        notices.c.credential_id == credential_id,
        notices.c.kind == "idle",
        notices.c.about == since,
    )


def _with_token() -> Found:
    return (
        select(credentials.c.id, credentials.c.account_id)
        .join(tokens, tokens.c.credential_id == credentials.c.id)
        .outerjoin(policies, policies.c.account_id == credentials.c.account_id)
        .order_by(credentials.c.id)
        .limit(PAGE)
    )


def _used_at() -> ColumnElement[int]:
    used = func.coalesce(tokens.c.last_used_at, 0)
    return case((used > credentials.c.updated_at, used), else_=credentials.c.updated_at)


def _was_told(
    kind: str,
    stage: ColumnElement[Any],  # Any: numbers
    about: ColumnElement[Any],
    *,
    before: UnixMs | None = None,
) -> ColumnElement[bool]:
    """Whether the notice was given, at `before` or earlier."""
    return exists(
        select(literal(1)).where(
            notices.c.credential_id == credentials.c.id,
            notices.c.kind == kind,
            notices.c.stage == stage,
            notices.c.about == about,
            *([] if before is None else [notices.c.given_at <= before]),
        )
    )
