"""What is measured of the delivery engine: what waits where, what is under way, how old the oldest is.

It only looks. Memory is looked at every few seconds, the database's backlog at the claims' sweep.
"""

from collections import Counter

from hookline.clock import SECOND_MS
from hookline.storage.store import Store
from hookline.telemetry import metrics
from hookline.webhooks import ledger
from hookline.webhooks.breaker import BreakerState
from hookline.webhooks.lanes import Lanes

INTERVAL_S = 5.0
BACKLOG_MAX = 1_000_000
"""So many rows are counted; a longer backlog is told as this many."""
_FIRST = metrics.WEBHOOK_QUEUED.labels("first")
_RETRY = metrics.WEBHOOK_QUEUED.labels("retry")
_LATER = metrics.WEBHOOK_QUEUED.labels("later")


class Figures:
    """The gauges of one node."""

    def __init__(self, store: Store, lanes: Lanes) -> None:
        self._store = store
        self._lanes = lanes
        self._noted_at_s = -INTERVAL_S
        self._oldest_in_backlog: int | None = None

    def note(self) -> None:
        """What this node holds in memory; at most every few seconds."""
        now_s = self._store.clock.monotonic_s()
        if now_s - self._noted_at_s < INTERVAL_S:
            return
        self._noted_at_s, now = now_s, self._store.now()
        states = Counter[BreakerState]()
        first = retries = in_flight = 0
        for lane in self._lanes:
            states[lane.breaker.state(now)] += 1
            first += len(lane.queue)
            retries += len(lane.retries)
            in_flight += lane.workers
        for state in BreakerState:
            metrics.WEBHOOK_LANES.labels(state.value).set(states[state])
        _FIRST.set(first)
        _RETRY.set(retries)
        _LATER.set(max(0, len(self._lanes.held) - first - retries - in_flight))
        metrics.WEBHOOK_IN_FLIGHT.set(in_flight)
        self._note_oldest(now)

    async def look_up(self) -> None:
        """What waits in the database and is in nobody's hands."""
        (row,) = await self._store.read(ledger.backlog(BACKLOG_MAX))
        metrics.WEBHOOK_BACKLOG.set(row.waiting)
        self._oldest_in_backlog = row.oldest

    def _note_oldest(self, now: int) -> None:
        oldest = min((one.created_at for one in self._lanes.held.values()), default=now)
        if self._oldest_in_backlog is not None:
            oldest = min(oldest, self._oldest_in_backlog)
        metrics.OLDEST_PENDING_SECONDS.set(max(0, now - oldest) / SECOND_MS)
