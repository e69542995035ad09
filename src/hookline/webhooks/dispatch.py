"""The dispatcher: works off the deliveries that this node holds, a few at a time for each target.

Workers live while their lane has work; there is no task a delivery. Results go to the writer, and
what they mean in memory (a retry, an end) happens only once they are durable.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from hookline.clock import MINUTE_MS, SECOND_MS
from hookline.errors import Unavailable
from hookline.ids import DeliveryId, EndpointId
from hookline.storage.store import Store
from hookline.telemetry import metrics
from hookline.telemetry.logs import get_logger
from hookline.webhooks.attempt import Sender
from hookline.webhooks.lanes import Lane, LaneKey, Lanes, lane_key
from hookline.webhooks.model import Attempt, Delivery, DeliveryStatus, Endpoint
from hookline.webhooks.results import GiveBack, RecordResults, Result
from hookline.webhooks.verdict import Verdict, judge

log = get_logger(__name__)
SHORT_WAIT_MS = MINUTE_MS
"""What waits longer is given back to the database, so that it does not fill the memory."""
TURN = 50
"""Deliveries that a worker does before another lane may have its place."""
_LOW_WATER = 500
_DELIVERED = metrics.DELIVERIES.labels("delivered")
_RETRIED = metrics.DELIVERIES.labels("retry")
_FAILED = metrics.DELIVERIES.labels("failed")
_DEPTH = metrics.QUEUE_DEPTH.labels("deliveries")


class NotDelivering(Unavailable):
    """This process delivers no webhooks now: it is starting or stopping. Try again in a moment."""

    code = "not_delivering"
    title = "Webhooks are not being delivered here"


class Dispatcher:
    """Holds lanes, staffs them, and records what comes of it."""

    def __init__(
        self,
        store: Store,
        node: str,
        sender: Sender,
        random: Callable[[], float],
        wake_claims: Callable[[], None],
    ) -> None:
        settings = store.settings
        self._store = store
        self._node = node
        self._sender = sender
        self._random = random
        self._wake_claims = wake_claims
        self._width = settings.webhook_in_flight_max
        self._workers_max = settings.webhook_workers_max
        self._low_water = min(_LOW_WATER, settings.webhook_queue_max // 2)
        self.lanes = Lanes(store.clock, settings)
        self._record = RecordResults(store.clock, self._settled)
        self._give_back = GiveBack(wake_claims)
        self._group: asyncio.TaskGroup | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._workers = 0
        self._starved: dict[Lane, None] = {}
        self._watched: dict[DeliveryId, asyncio.Future[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._is_stopping = False

    # Taking deliveries in.

    def takes(self, key: LaneKey, count: int = 1) -> bool:
        """Whether new deliveries for the target are held here, or wait in the database."""
        if self._is_stopping:
            return False
        lane = self.lanes.find(key)
        if lane is not None and (lane.is_behind or self._is_paused_for_long(lane)):
            return False
        return self.lanes.room(key) >= count

    def due(self, key: LaneKey) -> int:
        """When a new delivery for the target can be tried first."""
        lane = self.lanes.find(key)
        return max(self._store.now(), lane.paused_until if lane else 0)

    def fall_behind(self, key: LaneKey, endpoint: Endpoint | None) -> None:
        """Deliveries for the target wait in the database: claim them when there is room."""
        self.lanes.open(key, endpoint).is_behind = True
        self._wake_claims()

    def accept(
        self, deliveries: Iterable[Delivery], endpoints: Mapping[EndpointId, Endpoint]
    ) -> None:
        """Hold due deliveries whose rows name this node."""
        touched: dict[Lane, None] = {}
        for delivery in deliveries:
            endpoint = endpoints[delivery.endpoint_id] if delivery.endpoint_id else None
            lane = self.lanes.open(lane_key(delivery), endpoint)
            if self.lanes.put(lane, delivery):
                touched[lane] = None
        for lane in touched:
            if self._is_stopping or self._is_paused_for_long(lane):
                self.return_all(self.lanes.clear(lane), due=lane.paused_until)
            else:
                self._staff(lane)
        _DEPTH.set(len(self.lanes.held))

    def close_lane(self, lane: Lane) -> None:
        """The endpoint may no longer be served from here: its deliveries wait in the database."""
        self.return_all(self.lanes.close(lane))

    def abandon_all(self) -> None:
        """This node's lease ran out: what it held belongs to others now."""
        for lane in self.lanes:
            self.lanes.close(lane)

    def return_all(self, taken: Sequence[tuple[Delivery, int]], *, due: int = 0) -> None:
        """Give deliveries back to the database, due at their own time, or later at `due`."""
        items = [(delivery.id, max(at, due), self._node) for delivery, at in taken]
        self._store.writer.post(self._give_back, items)

    # Running.

    def start(self, group: asyncio.TaskGroup) -> None:
        """Work in tasks of this group from now on."""
        self._group = group
        for lane in self.lanes:
            self._staff(lane)
        self.tick()

    def leave(self) -> None:
        """The group ends: what is accepted from now on waits for the next `start`."""
        self._group = None

    def tick(self) -> None:
        """Queue the retries that are due, and sleep until the next ones."""
        now = self._store.now()
        for lane in self.lanes.pop_due(now):
            self._staff(lane)
            self.lanes.retire(lane)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.lanes.next_due
        if due is not None and not self._is_stopping:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0, due - now) / SECOND_MS + 0.001, self.tick)

    async def stop(self, timeout_s: float) -> None:
        """Take nothing new, let what is under way end for so long, and forget the rest."""
        self._is_stopping = True
        if self._timer is not None:
            self._timer.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=timeout_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for watcher in self._watched.values():
            watcher.cancel()

    def require_running(self) -> None:
        """Raises NotDelivering unless attempts are made now."""
        if self._group is None or self._is_stopping:
            raise NotDelivering

    async def attempt_now(self, delivery: Delivery, endpoint: Endpoint) -> Attempt:
        """Make one attempt beside the queue; returns when it is recorded. Raises NotDelivering."""
        self.require_running()
        assert self._group is not None
        recorded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watched[delivery.id] = recorded

        async def attempt() -> Attempt:
            made = await self._sender.attempt(delivery, endpoint)
            self._conclude(self.lanes.open(endpoint.id, endpoint), delivery, made)
            await recorded
            return made

        # A task of its own: a caller who goes away must not leave the delivery without an end.
        task = self._group.create_task(attempt())
        try:
            return await asyncio.shield(task)
        finally:
            task.add_done_callback(lambda _task: self._watched.pop(delivery.id, None))

    def _staff(self, lane: Lane) -> None:
        if self._group is None or self._is_stopping or lane.is_closed:
            return
        if lane.paused_until > self._store.now():
            return  # a timer wakes it
        for _ in range(min(lane.width - lane.workers, len(lane.queue))):
            if self._workers >= self._workers_max:
                self._starved[lane] = None
                return
            self._workers += 1
            lane.workers += 1
            task = self._group.create_task(self._work(lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, lane: Lane) -> None:
        try:
            turn = 0
            while (delivery := self._next(lane)) is not None:
                await self._attempt(lane, delivery)
                turn += 1
                if turn >= TURN and self._starved:
                    break
        finally:
            self._workers -= 1
            lane.workers -= 1
        self._after_work(lane)

    async def _attempt(self, lane: Lane, delivery: Delivery) -> None:
        try:
            attempt = await self._sender.attempt(delivery, lane.endpoint)
            self._conclude(lane, delivery, attempt)
        except asyncio.CancelledError:
            lane.queue.appendleft(delivery)  # nobody knows what came of it: once more
            raise
        except Exception:  # a mistake of ours must not stop the other deliveries
            log.exception("delivery_broke", delivery=delivery.id)
            self.return_all([(delivery, self._store.now() + SHORT_WAIT_MS)])
            self.lanes.forget(lane, delivery)

    def _next(self, lane: Lane) -> Delivery | None:
        if self._is_stopping or lane.is_closed or lane.workers > lane.width:
            return None
        if lane.paused_until and lane.paused_until > self._store.now():
            return None
        queue = lane.queue
        if lane.is_behind and len(queue) <= self._low_water:
            self._wake_claims()
        while queue:
            delivery = queue.popleft()
            if not delivery.is_dropped:
                return delivery
        return None

    def _after_work(self, lane: Lane) -> None:
        while self._starved and self._workers < self._workers_max:  # one may have no work any more
            first = next(iter(self._starved))
            del self._starved[first]
            self._staff(first)
        self._staff(lane)
        self.lanes.retire(lane)

    # What attempts come to.

    def _conclude(self, lane: Lane, delivery: Delivery, attempt: Attempt) -> None:
        verdict = judge(delivery, attempt, now=self._store.now(), random=self._random)
        if verdict.status is DeliveryStatus.DELIVERED:
            if lane.width < self._width:
                lane.width += 1
                self._staff(lane)
        else:
            self._strain(lane, verdict)
        keeper = self._node if self._keeps(lane, verdict) else None
        result = delivery.unrecorded = Result(delivery, lane, attempt, verdict, keeper)
        self._store.writer.post(self._record, [result])

    def _strain(self, lane: Lane, verdict: Verdict) -> None:
        if verdict.is_strained:
            lane.width = max(1, lane.width // 2)
        if verdict.pause_until is None or verdict.pause_until <= lane.paused_until:
            return
        lane.paused_until = verdict.pause_until
        self.lanes.wait(lane, None, verdict.pause_until)
        if self._is_paused_for_long(lane):
            self.return_all(self.lanes.clear(lane), due=verdict.pause_until)
        self.tick()

    def _keeps(self, lane: Lane, verdict: Verdict) -> bool:
        """Whether the retry waits in memory."""
        return (
            verdict.retry_at is not None
            and verdict.retry_at - self._store.now() <= SHORT_WAIT_MS
            and not self._is_stopping
            and not lane.is_closed
        )

    def _is_paused_for_long(self, lane: Lane) -> bool:
        return bool(lane.paused_until) and (lane.paused_until - self._store.now() > SHORT_WAIT_MS)

    def _settled(self, items: Sequence[Result], outcomes: Sequence[bool]) -> None:
        """The results are durable: end each delivery here, or let it wait for its retry."""
        now = self._store.now()
        next_due = self.lanes.next_due
        for item, is_won in zip(items, outcomes, strict=True):
            delivery = item.delivery
            delivery.unrecorded = None
            delivery.attempts = item.attempt.number
            if is_won:
                _count(item, now)
            self._go_on(item, is_kept=is_won and item.keeper is not None)
            watcher = self._watched.get(delivery.id)
            if watcher is not None and not watcher.done():
                watcher.set_result(None)
        if self.lanes.next_due != next_due:
            self.tick()
        _DEPTH.set(len(self.lanes.held))

    def _go_on(self, item: Result, *, is_kept: bool) -> None:
        lane, delivery, retry_at = item.lane, item.delivery, item.verdict.retry_at
        if is_kept and retry_at is not None:
            if not lane.is_closed and not self._is_stopping:
                self.lanes.wait(lane, delivery, retry_at)
                return
            self.return_all([(delivery, retry_at)])
        self.lanes.forget(lane, delivery)

    def repost(self) -> None:
        """Record again what the writer had to give up, such as for a full disk.

        A result that is only slow is harmless twice: the second one loses.
        """
        before = self._store.now() - SHORT_WAIT_MS
        for delivery in self.lanes.held.values():
            result = delivery.unrecorded
            if isinstance(result, Result) and result.attempt.attempted_at < before:
                self._store.writer.post(self._record, [result])


def _count(item: Result, now: int) -> None:
    if item.verdict.status is DeliveryStatus.DELIVERED:
        _DELIVERED.inc()
        metrics.DELIVERY_SECONDS.observe((now - item.delivery.created_at) / SECOND_MS)
    elif item.verdict.status is DeliveryStatus.PENDING:
        _RETRIED.inc()
    else:
        _FAILED.inc()
