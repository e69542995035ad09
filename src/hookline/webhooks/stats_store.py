"""The SQL of how endpoints do. Every statement reads a bounded number of rows, by an index."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select as Query
from sqlalchemy import func, select, union_all

from hookline.clock import UnixMs
from hookline.ids import EndpointId, first_of
from hookline.storage.schema import UNSUCCESSFUL, attempts, deliveries
from hookline.webhooks.ledger import PENDING
from hookline.webhooks.model import DeliveryStatus

SAMPLE_MAX = 1_000
GLANCE_MAX = 100
BACKLOG_MAX = 100_000
_ENDS_MAX = 5_000
_LATEST_FAILURES = 100

Rows = Query[Any]  # Any: the statement's own columns


def newest(endpoint_id: EndpointId, since: UnixMs) -> Rows:
    """The newest deliveries since an instant, and how long the latest attempt of each took."""
    sample = (
        select(
            deliveries.c.id, deliveries.c.status, deliveries.c.attempts, deliveries.c.finished_at
        )
        .where(deliveries.c.endpoint_id == endpoint_id)
        .where(deliveries.c.id >= first_of("dlv", since))
        .order_by(deliveries.c.id.desc())
        .limit(SAMPLE_MAX)
        .subquery()
    )
    latest = (attempts.c.delivery_id == sample.c.id) & (attempts.c.number == sample.c.attempts)
    columns = (sample.c.status, sample.c.finished_at, attempts.c.elapsed_ms)
    return select(*columns).outerjoin(attempts, latest)


def backlog(endpoint_id: EndpointId) -> Rows:
    """How many are pending, up to a bound."""
    some = (
        select(deliveries.c.next_attempt_at)
        .where(PENDING, deliveries.c.endpoint_id == endpoint_id)
        .limit(BACKLOG_MAX)
        .subquery()
    )
    return select(func.count().label("pending")).select_from(some)


def oldest_pending(endpoint_id: EndpointId) -> Rows:
    """When the oldest of the pending was made. Of very many, those due first and last are looked at:
    what was never tried is due first, what was tried longest is due last.
    """
    due = deliveries.c.next_attempt_at
    ends = [
        select(deliveries.c.created_at)
        .where(PENDING, deliveries.c.endpoint_id == endpoint_id)
        .order_by(order)
        .limit(_ENDS_MAX)
        .subquery()
        for order in (due.asc(), due.desc())
    ]
    both = union_all(*(select(end.c.created_at) for end in ends)).subquery()
    return select(func.min(both.c.created_at).label("created_at"))


def last_success(endpoint_id: EndpointId) -> Rows:
    """When a delivery succeeded last, among the newest of whatever time."""
    recent = (
        select(deliveries.c.status, deliveries.c.finished_at)
        .where(deliveries.c.endpoint_id == endpoint_id)
        .order_by(deliveries.c.id.desc())
        .limit(SAMPLE_MAX)
        .subquery()
    )
    is_success = recent.c.status == DeliveryStatus.DELIVERED.value
    return select(func.max(recent.c.finished_at).label("at")).where(is_success)


def last_failure(endpoint_id: EndpointId) -> Rows:
    """The latest attempt that failed, of the newest deliveries that are not well."""
    recent = (
        select(deliveries.c.id, deliveries.c.attempts)
        .where(UNSUCCESSFUL, deliveries.c.endpoint_id == endpoint_id)
        .order_by(deliveries.c.id.desc())
        .limit(_LATEST_FAILURES)
        .subquery()
    )
    latest = (attempts.c.delivery_id == recent.c.id) & (attempts.c.number == recent.c.attempts)
    return (
        select(attempts.c.delivery_id, attempts.c.attempted_at, attempts.c.status, attempts.c.error)
        .join(recent, latest)
        .order_by(attempts.c.attempted_at.desc())
        .limit(1)
    )


def glances(endpoint_ids: Sequence[EndpointId], since: UnixMs) -> Rows:
    """What became of the newest deliveries of many endpoints: endpoint, status, how many."""
    samples = [
        select(deliveries.c.endpoint_id, deliveries.c.status)
        .where(deliveries.c.endpoint_id == endpoint_id)
        .where(deliveries.c.id >= first_of("dlv", since))
        .order_by(deliveries.c.id.desc())
        .limit(GLANCE_MAX)
        .subquery()
        for endpoint_id in endpoint_ids
    ]
    all_of_them = union_all(*(select(one) for one in samples)).subquery()
    columns = (all_of_them.c.endpoint_id, all_of_them.c.status)
    return select(*columns, func.count().label("found")).group_by(*columns)
