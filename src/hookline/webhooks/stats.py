"""How endpoints do: of the newest deliveries of the last 24 hours, never of all there are."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hookline.clock import DAY_MS, SECOND_MS, UnixMs
from hookline.ids import EndpointId
from hookline.principal import Principal
from hookline.storage.store import Store
from hookline.storage.transaction import Rows
from hookline.webhooks import stats_store as sql
from hookline.webhooks.endpoints import get_endpoint
from hookline.webhooks.model import DeliveryStatus


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a sample of deliveries."""

    delivered: int = 0
    failed: int = 0
    pending: int = 0

    @property
    def success_rate(self) -> float | None:
        """Of those that are over, the part that was delivered; None when none is."""
        over = self.delivered + self.failed
        return None if over == 0 else self.delivered / over


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that failed."""

    delivery_id: str
    at: UnixMs
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Stats:
    """How one endpoint does."""

    counts: Counts
    p50_ms: int | None
    p95_ms: int | None
    backlog: int
    oldest_pending_at: UnixMs | None
    oldest_pending_s: float | None
    last_success_at: UnixMs | None
    last_failure: Failure | None

    @property
    def is_backlog_exact(self) -> bool:
        return self.backlog < sql.BACKLOG_MAX


async def get_stats(store: Store, principal: Principal, endpoint_id: str) -> Stats:
    """How one endpoint does. Raises EndpointNotFound."""
    endpoint = await get_endpoint(store, principal, endpoint_id)
    now = store.now()
    sample = await store.read(sql.newest(endpoint.id, UnixMs(now - DAY_MS)))
    elapsed = sorted(row.elapsed_ms for row in sample if row.elapsed_ms is not None)
    [backlog] = await store.read(sql.backlog(endpoint.id))
    [oldest] = await store.read(sql.oldest_pending(endpoint.id))
    failures = await store.read(sql.last_failure(endpoint.id))
    is_waiting = oldest.created_at is not None
    return Stats(
        counts=_counts(Counter(row.status for row in sample)),
        p50_ms=percentile(elapsed, 0.5),
        p95_ms=percentile(elapsed, 0.95),
        backlog=backlog.pending,
        oldest_pending_at=oldest.created_at,
        oldest_pending_s=max(0, now - oldest.created_at) / SECOND_MS if is_waiting else None,
        last_success_at=await _last_success(store, endpoint.id, sample),
        last_failure=Failure(*tuple(failures[0])) if failures else None,
    )


async def glance_at(
    store: Store, endpoint_ids: Sequence[EndpointId]
) -> Mapping[EndpointId, Counts]:
    """What became of the newest deliveries of many endpoints, 100 at most: one statement."""
    if not endpoint_ids:
        return {}
    found: dict[EndpointId, Counter[str]] = {one: Counter() for one in endpoint_ids}
    rows = await store.read(sql.glances(endpoint_ids, UnixMs(store.now() - DAY_MS)))
    for row in rows:
        found[row.endpoint_id][row.status] = row.found
    return {one: _counts(counter) for one, counter in found.items()}


async def _last_success(store: Store, endpoint_id: EndpointId, sample: Rows) -> UnixMs | None:
    """Of the sample; else of the newest of whatever time."""
    is_success = DeliveryStatus.DELIVERED.value
    ended = [row.finished_at for row in sample if row.status == is_success]
    if ended:
        return UnixMs(max(ended))
    [found] = await store.read(sql.last_success(endpoint_id))
    return found.at  # type: ignore[no-any-return]  # a row with its columns


def percentile(ordered: Sequence[int], part: float) -> int | None:
    """The value that so great a part is not above (nearest rank); None of nothing."""
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)] if ordered else None


def _counts(by_status: Mapping[str, int]) -> Counts:
    return Counts(
        by_status.get(DeliveryStatus.DELIVERED.value, 0),
        by_status.get(DeliveryStatus.FAILED.value, 0),
        by_status.get(DeliveryStatus.PENDING.value, 0),
    )
