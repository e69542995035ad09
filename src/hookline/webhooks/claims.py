"""Takes due deliveries from the database that no node works on: long waits, what overflowed, what
dead nodes left, what other processes made. Claims are per endpoint, by the node that owns it.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from hookline.clock import HOUR_MS, MINUTE_MS, SECOND_MS, UnixMs
from hookline.ids import EndpointId
from hookline.storage.leases import Leases
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.storage.wakeups import Wakeups
from hookline.telemetry.logs import get_logger
from hookline.webhooks import ledger
from hookline.webhooks import store as sql
from hookline.webhooks.dispatch import Dispatcher
from hookline.webhooks.figures import Figures
from hookline.webhooks.lanes import Lane
from hookline.webhooks.model import Delivery, Endpoint

log = get_logger(__name__)
INTERVAL_S = 5.0
SWEEP_EVERY_S = 60.0
CLAIM_MAX = 1_000
MISSED_AFTER_MS = MINUTE_MS
"""What was made longer ago and never tried shows that its receiver was away, or this node."""
CATCH_UP_FACTOR = 2.0
CATCH_UP_MIN = 10.0
"""Deliveries a second, however few there usually are."""
RATE_WINDOWS_MS = (5 * MINUTE_MS, HOUR_MS)
COUNTED_MAX = 100_000


class Claims:
    """Looks for due work now and then, and whenever it is woken."""

    def __init__(
        self, store: Store, leases: Leases, wakeups: Wakeups, dispatcher: Dispatcher
    ) -> None:
        self._store = store
        self._leases = leases
        self._dispatcher = dispatcher
        self._woken = asyncio.Event()
        # On SQLite there is one serving process, so every endpoint is its own.
        self._is_alone = store.database.dialect == "sqlite"
        self._owned: set[EndpointId] = set()
        self._changed: set[str] = set()
        self._swept_at_s = 0.0
        self._figures = Figures(store, dispatcher.lanes)
        leases.on_lost(self._lost)
        wakeups.subscribe_prefix("deliveries:", lambda _endpoint: self.wake())
        wakeups.subscribe_prefix("endpoints:", self._endpoints_changed)
        wakeups.subscribe_prefix(ledger.RESUMED_PREFIX, self._resumed)

    def holds(self, endpoint_id: EndpointId) -> bool:
        """Whether this node owns the endpoint."""
        return self._is_alone or endpoint_id in self._owned

    def wake(self) -> None:
        """There may be something to claim."""
        self._woken.set()

    async def run(self) -> None:
        """Refresh endpoints and claim deliveries for ever."""
        while True:
            self._woken.clear()
            try:
                await self.look()
            except Exception:  # the worker loop: the next look finds what this one missed
                log.exception("claim_failed")
                await asyncio.sleep(1)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(INTERVAL_S):
                    await self._woken.wait()

    async def look(self) -> None:
        """One round: follow changed endpoints, then claim what is due."""
        await self._refresh_lanes()
        now_s = self._store.clock.monotonic_s()
        if now_s - self._swept_at_s >= SWEEP_EVERY_S:
            self._swept_at_s = now_s
            self._dispatcher.repost()
            self._dispatcher.lanes.retire_all()
            await self.free_orphans()
            await self._figures.look_up()
        await self._claim_status_urls()
        await self._claim_endpoints()
        self._figures.note()

    async def free_orphans(self) -> None:
        """Give back what nodes own that no longer live; this and others claim it."""

        async def free(tx: Transaction) -> int:
            return await tx.changed(ledger.free_orphans(self._store.now()))

        if freed := await self._store.commit(free):
            log.warning("deliveries_orphaned", count=freed)
            self.wake()

    # Endpoints that changed.

    def _endpoints_changed(self, account_id: str) -> None:
        self._changed.add(account_id)
        self.wake()

    def _lost(self, lease: str) -> None:
        if lease == f"node:{self._leases.node}":
            self._dispatcher.abandon_all()
            return
        for endpoint_id in tuple(self._owned):
            if ledger.lease_of(endpoint_id) == lease:
                self._owned.discard(endpoint_id)
                lane = self._dispatcher.lanes.find(endpoint_id)
                if lane is not None:
                    self._dispatcher.close_lane(lane)

    def _resumed(self, endpoint_id: str) -> None:
        lanes = self._dispatcher.lanes
        for lane in [lanes.find(EndpointId(endpoint_id))] if endpoint_id else tuple(lanes):
            if lane is not None:
                self._dispatcher.resume(lane)
        self.wake()

    async def _refresh_lanes(self) -> None:
        """Let lanes follow their endpoints: a new URL, a new secret, disabled, deleted."""
        changed, self._changed = self._changed, set()
        if not changed:
            return
        lanes = {
            lane.endpoint.id: lane
            for lane in self._dispatcher.lanes
            if lane.endpoint and ("" in changed or lane.endpoint.account_id in changed)
        }
        if not lanes:
            return
        rows = await self._store.read(sql.by_ids(list(lanes)))
        now = {EndpointId(row.id): sql.endpoint_of(row) for row in rows}
        for endpoint_id, lane in lanes.items():
            endpoint = now.get(endpoint_id)
            if endpoint is None or not endpoint.is_enabled:
                self._dispatcher.close_lane(lane)
            else:
                lane.follow(endpoint, self._store.now())
        deleted = [name for name in lanes if name not in now and name in self._owned]
        if deleted:
            self._owned.difference_update(deleted)
            await self._leases.release([ledger.lease_of(name) for name in deleted])

    # Claiming.

    async def _claim_status_urls(self) -> None:
        room = self._store.settings.webhook_queue_max - len(self._dispatcher.lanes.held)
        if room <= 0:
            return
        limit = min(room, CLAIM_MAX)
        count = await self._claim(None, limit)
        if count == limit:
            self.wake()
            return
        for lane in self._dispatcher.lanes:
            if lane.endpoint is None:
                lane.is_behind = False
                self._dispatcher.lanes.retire(lane)

    async def _claim_endpoints(self) -> None:
        rows = await self._store.read(ledger.due_endpoints(self._store.now()))
        for row in rows:
            endpoint = sql.endpoint_of(row)
            if await self._owns(endpoint.id, row.lease_owner):
                await self._claim_for(endpoint)
        due = {row.id for row in rows}
        for lane in self._dispatcher.lanes:
            if lane.is_behind and lane.endpoint and lane.endpoint.id not in due:
                lane.is_behind = False
                self._dispatcher.lanes.retire(lane)

    async def _claim_for(self, endpoint: Endpoint) -> None:
        lane = self._dispatcher.lanes.open(endpoint.id, endpoint)
        limit = min(self._dispatcher.lanes.room(endpoint.id), CLAIM_MAX)
        if limit == 0 or self._dispatcher.due(endpoint.id) > self._store.now():
            lane.is_behind = True  # it claims again when it has room, or when its pause is over
            return
        lane.reserved = limit
        await self._catch_up_slowly(lane, endpoint.id)
        try:
            count = await self._claim(endpoint, limit)
        finally:
            lane.reserved = 0
        lane.is_behind = count == limit
        self._dispatcher.lanes.retire(lane)

    async def _catch_up_slowly(self, lane: Lane, endpoint_id: EndpointId) -> None:
        """A receiver that comes back gets what it missed at twice its usual rate, not all at once."""
        now = self._store.now()
        oldest = await self._store.read(ledger.longest_untried(endpoint_id, now))
        if not oldest or now - oldest[0].created_at <= MISSED_AFTER_MS:
            lane.catch_up = None
            return
        per_second = 0.0
        for window_ms in RATE_WINDOWS_MS:
            statement = ledger.recent(endpoint_id, UnixMs(now - window_ms), COUNTED_MAX)
            [[count]] = await self._store.read(statement)
            per_second = max(per_second, count * SECOND_MS / window_ms)
        lane.limit_catch_up(max(CATCH_UP_MIN, CATCH_UP_FACTOR * per_second), now)

    async def _owns(self, endpoint_id: EndpointId, lease_owner: str | None) -> bool:
        if self.holds(endpoint_id):
            return True
        if lease_owner not in {None, self._leases.node}:
            return False
        if await self._leases.claim(ledger.lease_of(endpoint_id)):
            self._owned.add(endpoint_id)
        return endpoint_id in self._owned

    async def _claim(self, endpoint: Endpoint | None, limit: int) -> int:
        endpoint_id = endpoint.id if endpoint else None

        async def take(tx: Transaction) -> Sequence[Row[Any]]:  # Any: every column
            statement = ledger.claim(
                endpoint_id, self._leases.node, self._store.now(), limit,
                is_ordered=endpoint is not None and endpoint.is_ordered,
            )  # fmt: skip
            rows = await tx.execute(statement)
            if rows:
                bodies = await _bodies(tx, {row.event_id for row in rows})
                claimed = [ledger.delivery_of(row, bodies.get(row.event_id)) for row in rows]
                tx.after_commit(lambda: self._accept(claimed, endpoint))
            return rows

        return len(await self._store.commit(take))

    def _accept(self, claimed: list[Delivery], endpoint: Endpoint | None) -> None:
        claimed.sort(key=lambda delivery: delivery.id)
        self._dispatcher.accept(claimed, {endpoint.id: endpoint} if endpoint else {})


async def _bodies(tx: Transaction, event_ids: set[str]) -> Mapping[str, bytes]:
    rows = await tx.execute(ledger.bodies(sorted(event_ids)))
    return {row.id: bytes(row.body) for row in rows}
