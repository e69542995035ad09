"""All SQL of webhooks that is about deliveries and attempts: what is due, who owns it, its history."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Exists, Row, func, literal, literal_column, null, select, union_all, update
from sqlalchemy import Select as Query
from sqlalchemy import Update as Change
from sqlalchemy.sql.selectable import CTE

from hookline.clock import UnixMs
from hookline.ids import AccountId, DeliveryId, EndpointId, encode_suffix
from hookline.principal import Mode
from hookline.storage.schema import attempts, deliveries, endpoints, events, leases
from hookline.storage.sets import Insert, Select, Update
from hookline.storage.transaction import Transaction
from hookline.webhooks.model import Delivery, DeliveryStatus, EndpointStatus

DeliveryRow = Row[Any]  # Any: every column of the table
DeliveryQuery = Query[Any]  # Any: every column of the table, and the endpoint's URL

INSERT = Insert(
    deliveries,
    (
        "id", "account_id", "mode", "endpoint_id", "url", "event_id", "event_type", "resource_id",
        "status", "attempts", "created_at", "next_attempt_at", "owner", "position",
    ),
)  # fmt: skip
INSERT_TEST = Insert(deliveries, (*INSERT.columns[:-1], "test_body"))
INSERT_ATTEMPT = Insert(
    attempts,
    (
        "delivery_id", "number", "attempted_at", "url", "address", "status", "elapsed_ms", "error",
        "response_headers", "response_body",
    ),
)  # fmt: skip
_RESULT = (
    "status", "attempts", "next_attempt_at", "finished_at", "last_status", "last_error", "owner",
    "round",
)  # fmt: skip
RECORD = Update(
    deliveries,
    key=("id",),
    values=(*_RESULT, "attempts_before"),
    changes={name: f"{{{name}}}" for name in _RESULT},
    # The count tells whether another node has recorded an attempt since this one took the delivery.
    guard="t.status = 'pending' AND t.attempts = {attempts_before}",
    value_types={"attempts_before": "attempts"},
)  # fmt: skip
GIVE_BACK = Update(
    deliveries,
    key=("id",),
    values=("next_attempt_at", "owner"),
    changes={"next_attempt_at": "{next_attempt_at}", "owner": "NULL"},
    guard="t.status = 'pending' AND t.owner = {owner}",
)
BODY = Select(events, key=("id",), columns=("body",))

# Literal: only then do both databases use the partial index.
PENDING = deliveries.c.status == literal_column("'pending'")
RESUMED_PREFIX = "resumed:"
"""The wake-up that says: the endpoint works again, whatever was seen of it before."""
_NODE = "node:"
_ENDPOINT = "endpoint:"


def lease_of(endpoint_id: EndpointId) -> str:
    """The lease of the node that an endpoint belongs to."""
    return _ENDPOINT + endpoint_id


def due_endpoints(now: UnixMs) -> Query[Any]:
    """Enabled endpoints with due deliveries that nobody works on, and who holds their lease.

    The index is walked from one endpoint to the next, so that a long backlog is stepped over.
    """
    walk = _endpoints_with_pending()
    waits = (
        select(literal(1))
        .where(
            PENDING,
            deliveries.c.endpoint_id == walk.c.endpoint_id,
            deliveries.c.owner.is_(None),
            deliveries.c.next_attempt_at <= now,
        )
        .exists()
    )
    return (
        select(endpoints, leases.c.owner.label("lease_owner"))
        .join(walk, walk.c.endpoint_id == endpoints.c.id)
        .outerjoin(
            leases, (leases.c.name == _ENDPOINT + endpoints.c.id) & (leases.c.expires_at > now)
        )
        .where(endpoints.c.status == EndpointStatus.ENABLED.value, waits)
    )


def _endpoints_with_pending() -> CTE:
    first = select(func.min(deliveries.c.endpoint_id).label("endpoint_id")).where(PENDING)
    walk = first.cte("walk", recursive=True)
    following = (
        select(func.min(deliveries.c.endpoint_id))
        .where(PENDING, deliveries.c.endpoint_id > walk.c.endpoint_id)
        .correlate(walk)
        .scalar_subquery()
    )
    return walk.union_all(select(following).where(walk.c.endpoint_id.is_not(None)))


def backlog(at_most: int) -> Any:  # Any: a count and a time, or none
    """How many deliveries to enabled endpoints wait in nobody's memory, and since when the oldest.

    The partial index is walked by endpoint, so that what has been delivered is never looked at.
    """
    walk = _endpoints_with_pending()
    waiting = select(deliveries.c.created_at).where(PENDING, deliveries.c.owner.is_(None))
    to_endpoints = (
        waiting.join(walk, walk.c.endpoint_id == deliveries.c.endpoint_id)
        .join(endpoints, endpoints.c.id == walk.c.endpoint_id)
        .where(endpoints.c.status == EndpointStatus.ENABLED.value)
    )
    to_urls = waiting.where(deliveries.c.endpoint_id.is_(None))
    rows = union_all(to_endpoints, to_urls).limit(at_most).subquery()
    waits = select(func.count().label("waiting"), func.min(rows.c.created_at).label("oldest"))
    return waits.select_from(rows)


def claim(  # Any: an update that returns rows
    endpoint_id: EndpointId | None, node: str, now: UnixMs, limit: int, *, is_ordered: bool = False
) -> Any:
    """Take due deliveries of one endpoint (None: those to status URLs), oldest first.

    Ordered: only those that no earlier one about the same resource is still pending for.
    """
    is_its = (
        deliveries.c.endpoint_id.is_(None)
        if endpoint_id is None
        else deliveries.c.endpoint_id == endpoint_id
    )
    waiting = select(deliveries.c.id).where(
        PENDING, is_its, deliveries.c.owner.is_(None), deliveries.c.next_attempt_at <= now
    )
    if is_ordered:
        waiting = waiting.where(~_waits_for_another())
    due = (
        waiting.order_by(deliveries.c.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # Not a plain subquery: PostgreSQL may run that again for every row, and go beyond the limit.
        .cte("due")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return (
        update(deliveries)
        .where(deliveries.c.id.in_(select(due.c.id)), deliveries.c.owner.is_(None))
        .values(owner=node)
        .returning(*deliveries.c)
    )


def _waits_for_another() -> Exists:
    earlier = deliveries.alias("earlier")
    return (
        select(literal(1))
        .where(
            earlier.c.status == literal_column("'pending'"),
            earlier.c.endpoint_id == deliveries.c.endpoint_id,
            earlier.c.resource_id == deliveries.c.resource_id,
            earlier.c.position < deliveries.c.position,
        )
        .exists()
    )


def longest_untried(endpoint_id: EndpointId, now: UnixMs) -> Query[Any]:
    """When that due delivery of an endpoint was made which comes first of those never tried."""
    due = select(deliveries.c.created_at).where(
        PENDING,
        deliveries.c.endpoint_id == endpoint_id,
        deliveries.c.next_attempt_at <= now,
        deliveries.c.owner.is_(None),
        deliveries.c.attempts == 0,
    )
    return due.order_by(deliveries.c.next_attempt_at).limit(1)


def recent(endpoint_id: EndpointId, since: UnixMs, at_most: int) -> Query[Any]:
    """How many deliveries were made for an endpoint since then, counted up to a bound."""
    first = f"dlv_{encode_suffix(since << 80)}"  # ids begin with the time that they were made
    some = select(literal(1)).where(
        deliveries.c.endpoint_id == endpoint_id, deliveries.c.id >= first
    )
    return select(func.count()).select_from(some.limit(at_most).subquery())


def bodies(event_ids: list[str]) -> Query[Any]:
    return select(events.c.id, events.c.body).where(events.c.id.in_(event_ids))


def free_orphans(now: UnixMs) -> Change:
    """Give back what dead nodes own. One statement, so that a node that starts now is not robbed."""
    living = select(leases.c.owner).where(
        leases.c.name == _NODE + leases.c.owner, leases.c.expires_at > now
    )
    return (
        update(deliveries)
        .where(PENDING, deliveries.c.owner.is_not(None), deliveries.c.owner.not_in(living))
        .values(owner=None)
    )


def free_node(node: str) -> Change:
    """Give back all that a node owns: its clean stop."""
    return update(deliveries).where(PENDING, deliveries.c.owner == node).values(owner=None)


def of_account(account_id: AccountId, mode: Mode) -> DeliveryQuery:
    """Deliveries with the URL that they go to now."""
    return (
        select(deliveries, endpoints.c.url.label("endpoint_url"))
        .outerjoin(endpoints, endpoints.c.id == deliveries.c.endpoint_id)
        .where(deliveries.c.account_id == account_id, deliveries.c.mode == mode)
    )


def by_id(account_id: AccountId, mode: Mode, delivery_id: str) -> DeliveryQuery:
    return of_account(account_id, mode).where(deliveries.c.id == delivery_id)


def attempts_of(delivery_id: DeliveryId) -> Query[Any]:
    return select(attempts).where(attempts.c.delivery_id == delivery_id).order_by(attempts.c.number)


def resend(delivery_id: DeliveryId, now: UnixMs) -> Change:
    """Make it due now. What a node already works on is left to it."""
    return _due_again(now).where(
        deliveries.c.id == delivery_id, deliveries.c.status != DeliveryStatus.CANCELED.value
    )


def resend_all(ids: Sequence[str], statuses: Sequence[str], now: UnixMs) -> Change:
    """Make those due now that are in one of the statuses."""
    return _due_again(now).where(deliveries.c.id.in_(ids), deliveries.c.status.in_(statuses))


def _due_again(now: UnixMs) -> Change:
    return (
        update(deliveries)
        .where(deliveries.c.owner.is_(None))
        .values(
            status=DeliveryStatus.PENDING.value,
            next_attempt_at=now,
            finished_at=null(),
            owner=None,
            round=0,
        )
    )


async def resume(tx: Transaction, endpoint_id: EndpointId, now: UnixMs) -> None:
    """An endpoint works again: what was never tried is due, and nobody waits for its recovery."""
    waiting = update(deliveries).where(
        PENDING,
        deliveries.c.endpoint_id == endpoint_id,
        deliveries.c.owner.is_(None),
        deliveries.c.attempts == 0,
        deliveries.c.next_attempt_at > now,
    )
    await tx.changed(waiting.values(next_attempt_at=now))
    tx.notify(RESUMED_PREFIX + endpoint_id)


def delivery_of(row: DeliveryRow, body: bytes | None) -> Delivery:
    """The delivery that a claimed row holds."""
    return Delivery(
        id=DeliveryId(row.id),
        account_id=AccountId(row.account_id),
        endpoint_id=EndpointId(row.endpoint_id) if row.endpoint_id else None,
        url=row.url,
        event_id=row.event_id,
        event_type=row.event_type,
        resource_id=row.resource_id,
        body=body if row.test_body is None else bytes(row.test_body),
        created_at=UnixMs(row.created_at),
        attempts=row.attempts,
        round=row.round,
    )
