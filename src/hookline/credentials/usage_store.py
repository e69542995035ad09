"""The SQL of what is known of the use of credentials."""

from typing import Any

from sqlalchemy import Delete, Select, delete, func, select

from hookline.storage.schema import credential_addresses as addresses
from hookline.storage.schema import credential_days as days
from hookline.storage.schema import credential_scopes as scopes
from hookline.storage.schema import credential_tokens as tokens
from hookline.storage.sets import Insert, Update

SHOWN_ADDRESSES_MAX = 10
KEPT_DAYS = 100
_KEPT_CHUNK = 2_000

OPEN_DAY = Insert(days, ("credential_id", "day", "account_id"), conflict=("credential_id", "day"))
COUNT_REQUESTS = Update(
    days,
    key=("credential_id", "day"),
    values=("requests", "errors", "skipped"),
    changes={
        "requests": "t.requests + {requests}",
        "errors": "t.errors + {errors}",
        "skipped": "t.skipped + {skipped}",
    },
    ordered=True,
)
COUNT_OLD_USES = Update(
    tokens,
    key=("digest",),
    values=("grace_uses",),
    changes={"grace_uses": "t.grace_uses + {grace_uses}"},
    guard="t.status = 'rotated'",
    ordered=True,
)
FIRST_USE_OF_SCOPE = Insert(
    scopes, ("credential_id", "scope", "last_used_at"), conflict=("credential_id", "scope")
)
TOUCH_SCOPE = Update(
    scopes,
    key=("credential_id", "scope"),
    values=("last_used_at",),
    changes={"last_used_at": "{last_used_at}"},
    guard="t.last_used_at IS NULL OR t.last_used_at < {last_used_at}",
    ordered=True,
)
FIRST_GRANT = Insert(
    scopes, ("credential_id", "scope", "granted_at"), conflict=("credential_id", "scope")
)
GRANT = Update(
    scopes,
    key=("credential_id", "scope"),
    values=("granted_at",),
    changes={"granted_at": "{granted_at}"},
    ordered=True,
)
ADD_ADDRESS = Insert(
    addresses,
    ("credential_id", "ip", "first_used_at", "last_used_at"),
    conflict=("credential_id", "ip"),
)
# Nodes write on their own time. A row that is newer is no loser: only one that is not there is.
TOUCH_ADDRESS = Update(
    addresses,
    key=("credential_id", "ip"),
    values=("last_used_at",),
    changes={
        "last_used_at": "CASE WHEN t.last_used_at < {last_used_at} THEN {last_used_at} "
        "ELSE t.last_used_at END"
    },
    ordered=True,
)


def count_addresses(credential_id: str) -> Select[int]:
    return (
        select(func.count())
        .select_from(addresses)
        .where(addresses.c.credential_id == credential_id)
    )


def drop_oldest_address(credential_id: str) -> Delete:
    oldest = (
        select(addresses.c.ip)
        .where(addresses.c.credential_id == credential_id)
        .order_by(addresses.c.last_used_at)
        .limit(1)
        .scalar_subquery()
    )
    return delete(addresses).where(
        addresses.c.credential_id == credential_id, addresses.c.ip == oldest
    )


def latest_addresses(credential_id: str) -> Select[Any]:  # Any: an address's columns
    return (
        select(addresses)
        .where(addresses.c.credential_id == credential_id)
        .order_by(addresses.c.last_used_at.desc(), addresses.c.ip)
        .limit(SHOWN_ADDRESSES_MAX)
    )


def days_from(credential_id: str, first_day: int) -> Select[Any]:  # Any: a day's columns
    return (
        select(days)
        .where(days.c.credential_id == credential_id, days.c.day >= first_day)
        .order_by(days.c.day)
    )


def scopes_of(credential_id: str) -> Select[Any]:  # Any: a scope's columns
    return select(scopes).where(scopes.c.credential_id == credential_id)


def drop_day(day: int) -> Delete:
    """Delete one chunk of counters that nobody asks about any more."""
    old = select(days.c.credential_id).where(days.c.day == day).limit(_KEPT_CHUNK)
    return delete(days).where(days.c.day == day, days.c.credential_id.in_(old.scalar_subquery()))


def first_day() -> Select[int]:
    return select(func.min(days.c.day))


def skipped_on(account_id: str, day: int) -> Select[int]:
    """How many of an account's requests the request log does not have, of a day."""
    return select(func.coalesce(func.sum(days.c.skipped), 0)).where(
        days.c.account_id == account_id, days.c.day == day
    )
