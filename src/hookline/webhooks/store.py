"""All SQL of webhooks that is about endpoints: rows, snapshots of an account, the account's secret."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Delete, Row, delete, select, update
from sqlalchemy import Select as Query
from sqlalchemy import Update as Change

from hookline.clock import UnixMs
from hookline.ids import AccountId, EndpointId
from hookline.principal import Mode
from hookline.storage.schema import account_streams, accounts, deliveries, endpoints
from hookline.storage.sets import Insert, Select, Update
from hookline.storage.transaction import Transaction
from hookline.webhooks.model import (
    DeliveryStatus,
    DisabledReason,
    Endpoint,
    EndpointStatus,
    Ordering,
    Policy,
    Subscription,
)
from hookline.webhooks.retry import Schedule

EndpointRow = Row[Any]  # Any: every column of the table
EndpointQuery = Query[Any]  # Any: every column of the table

INSERT = Insert(
    endpoints,
    (
        "id", "account_id", "mode", "channel", "url", "description", "events", "numbers", "headers",
        "format", "secret", "previous_secret", "previous_secret_until", "status",
        "disabled_reason", "created_at", "updated_at", "sequence", "failover_url", "rate_limit",
        "ordered", "retry_schedule",
    ),
    conflict=("account_id", "mode", "channel"),
)  # fmt: skip
_BUMP = Update(
    account_streams,
    key=("account_id",),
    values=(),
    changes={"endpoints_version": "t.endpoints_version + 1"},
)
SIGNING_SECRET = Select(accounts, key=("id",), columns=("signing_secret",))


def topic(account_id: AccountId) -> str:
    """The wake-up topic of an account's endpoints."""
    return f"endpoints:{account_id}"


async def bump_version(tx: Transaction, account_id: AccountId) -> None:
    """Make every node reload the account's endpoints before it fans out again."""
    await tx.update(_BUMP, [(account_id,)])
    tx.notify(topic(account_id))


def of_account(account_id: AccountId, mode: Mode) -> EndpointQuery:
    return select(endpoints).where(endpoints.c.account_id == account_id, endpoints.c.mode == mode)


def by_id(account_id: AccountId, mode: Mode, endpoint_id: str) -> EndpointQuery:
    return of_account(account_id, mode).where(endpoints.c.id == endpoint_id)


def by_channel(account_id: AccountId, mode: Mode, channel: str) -> EndpointQuery:
    return of_account(account_id, mode).where(endpoints.c.channel == channel)


def by_ids(endpoint_ids: Sequence[EndpointId]) -> EndpointQuery:
    return select(endpoints).where(endpoints.c.id.in_(endpoint_ids))


def enabled_of(account_id: AccountId) -> EndpointQuery:
    """What the fan-out needs to know of an account."""
    return (
        select(endpoints)
        .where(
            endpoints.c.account_id == account_id, endpoints.c.status == EndpointStatus.ENABLED.value
        )
        .order_by(endpoints.c.id)
    )


WELL = {"first_failure_at": None, "warned_percent": 0}
"""What the row of an endpoint says that is not failing."""


def change(endpoint_id: EndpointId, now: UnixMs, **values: object) -> Change:
    return (
        update(endpoints)
        .where(endpoints.c.id == endpoint_id)
        .values(updated_at=now, sequence=endpoints.c.sequence + 1, **values)
    )


def disable_if_enabled(endpoint_id: EndpointId, now: UnixMs, reason: DisabledReason) -> Change:
    return change(
        endpoint_id, now, status=EndpointStatus.DISABLED.value, disabled_reason=reason.value
    ).where(endpoints.c.status == EndpointStatus.ENABLED.value)


def remove(endpoint_id: EndpointId) -> Delete:
    return delete(endpoints).where(endpoints.c.id == endpoint_id)


def cancel_pending(endpoint_id: EndpointId, now: UnixMs) -> Change:
    """What a deleted endpoint leaves behind."""
    return (
        update(deliveries)
        .where(
            deliveries.c.endpoint_id == endpoint_id,
            deliveries.c.status == DeliveryStatus.PENDING.value,
        )
        .values(
            status=DeliveryStatus.CANCELED.value, next_attempt_at=None, finished_at=now, owner=None
        )
    )


def endpoint_of(row: EndpointRow) -> Endpoint:
    """The endpoint that a row holds."""
    events = msgspec.json.decode(row.events)
    numbers = msgspec.json.decode(row.numbers) if row.numbers else ()
    return Endpoint(
        id=EndpointId(row.id),
        account_id=AccountId(row.account_id),
        mode=Mode(row.mode),
        url=row.url,
        description=row.description,
        subscription=Subscription(tuple(events["patterns"]), frozenset(events["families"])),
        numbers=frozenset(numbers),
        format=row.format,
        status=EndpointStatus(row.status),
        disabled_reason=None
        if row.disabled_reason is None
        else DisabledReason(row.disabled_reason),
        channel=row.channel,
        created_at=UnixMs(row.created_at),
        updated_at=UnixMs(row.updated_at),
        sequence=row.sequence,
        secret=row.secret,
        previous_secret=row.previous_secret,
        previous_secret_until=row.previous_secret_until,
        headers=row.headers,
        policy=Policy(
            row.failover_url, row.rate_limit, Ordering(row.ordered), _schedule(row.retry_schedule)
        ),
        first_failure_at=None if row.first_failure_at is None else UnixMs(row.first_failure_at),
        warned_percent=row.warned_percent,
    )


def row_of(endpoint: Endpoint) -> tuple[object, ...]:
    """The row of a new endpoint, for `INSERT`."""
    return (
        endpoint.id, endpoint.account_id, endpoint.mode.value, endpoint.channel, endpoint.url,
        endpoint.description, events_text(endpoint.subscription), numbers_text(endpoint.numbers),
        endpoint.headers, endpoint.format, endpoint.secret, endpoint.previous_secret,
        endpoint.previous_secret_until, endpoint.status.value, endpoint.disabled_reason,
        endpoint.created_at, endpoint.updated_at, endpoint.sequence,
        *policy_values(endpoint.policy).values(),
    )  # fmt: skip


def events_text(subscription: Subscription) -> str:
    facts = {"patterns": subscription.patterns, "families": sorted(subscription.families)}
    return msgspec.json.encode(facts).decode()


def policy_values(policy: Policy) -> dict[str, object]:
    """A policy's columns, in the order of `INSERT`."""
    schedule = policy.schedule
    return {
        "failover_url": policy.failover_url,
        "rate_limit": policy.rate_limit,
        "ordered": policy.ordering.value,
        "retry_schedule": None if schedule is None else msgspec.json.encode(schedule).decode(),
    }


def _schedule(text: str | None) -> Schedule | None:
    return None if text is None else tuple(msgspec.json.decode(text))


def numbers_text(numbers: frozenset[str]) -> str | None:
    return msgspec.json.encode(sorted(numbers)).decode() if numbers else None
