"""The SQL of the list of credentials: its parts, its search, and how many there are of each.

A part says in SQL what `views.credentials.CredentialView` says of one credential.
"""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, func, literal, or_

from hookline.api.pagination import CreatedPaging, paged
from hookline.clock import DAY_MS, UnixMs
from hookline.console.views.credentials import EXPIRES_SOON_MS, SOON_DAYS
from hookline.console.views.rotation import QUIET_MS
from hookline.credentials.model import ROTATION_DAYS, Status
from hookline.credentials.reading import PREFIX
from hookline.credentials.store import old_token, state_at, visible_to
from hookline.principal import Principal
from hookline.storage.schema import credential_policies as policies
from hookline.storage.schema import credential_tokens as tokens
from hookline.storage.schema import credentials

Rows = Select[Any]  # Any: the columns that `credentials.store.from_row` reads
_WORDS_MAX = 8


def list_part(
    principal: Principal, now: UnixMs, part: str, text: str, paging: CreatedPaging
) -> Rows:
    """A page of a part, newest first, and one more: those in which every word of the text is."""
    statement = visible_to(principal, now).where(_parts(now)[part])
    for word in text.split()[:_WORDS_MAX]:
        statement = statement.where(_mentions(word))
    return paged(statement, credentials.c.id, paging, prefix=PREFIX)


def count_parts(principal: Principal, now: UnixMs) -> Rows:
    """How many there are of each part, and `overdue`, `due`."""
    wanted = _parts(now) | {"overdue": _is_due(now, 1), "due": _is_due(now, -SOON_DAYS)}
    counts = (
        func.coalesce(func.sum(case((condition, 1), else_=0)), 0).label(name)
        for name, condition in wanted.items()
    )
    return visible_to(principal, now).with_only_columns(*counts)


def _parts(now: UnixMs) -> dict[str, ColumnElement[bool]]:
    is_ended = _is_ended(now)
    is_rotating = old_token.c.digest.is_not(None)
    needs_attention = or_(
        _is_due(now, -SOON_DAYS),
        credentials.c.expires_at <= now + EXPIRES_SOON_MS,
        credentials.c.status == Status.DISABLED_IDLE.value,
        and_(is_rotating, _old_is_used(now)),
    )
    return {
        "active": ~is_ended,
        "attention": ~is_ended & needs_attention,
        "rotating": is_rotating,
        "revoked": is_ended,
    }


def _is_ended(now: UnixMs) -> ColumnElement[bool]:
    return state_at(now).in_([Status.REVOKED.value, Status.EXPIRED.value])


def _is_due(now: UnixMs, days_over: int) -> ColumnElement[bool]:
    """Whether the present token is as many days past its rotation, or before it."""
    rotated_at = func.coalesce(credentials.c.rotated_at, credentials.c.created_at)
    days = func.coalesce(policies.c.rotation_days, ROTATION_DAYS) + days_over
    return ~_is_ended(now) & ((literal(now, BigInteger) - rotated_at) // DAY_MS >= days)


def _old_is_used(now: UnixMs) -> ColumnElement[bool]:
    last = func.coalesce(old_token.c.last_used_at, 0)
    return or_(
        and_(last < old_token.c.rotated_at, old_token.c.grace_uses > 0),
        and_(last >= old_token.c.rotated_at, last >= now - QUIET_MS),
    )


def _mentions(word: str) -> ColumnElement[bool]:
    """SQLite folds the case of ASCII only, hence the second condition."""
    token = tokens.c.prefix + literal("…") + tokens.c.last4
    text: ColumnElement[str] = credentials.c.description
    for part in (token, credentials.c.id, credentials.c.created_by_label, credentials.c.scopes):
        text = text + literal(" ") + part
    return func.lower(text).contains(word.lower(), autoescape=True) | text.contains(
        word, autoescape=True
    )
