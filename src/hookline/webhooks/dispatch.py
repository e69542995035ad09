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
from hookline.webhooks.attempt import Sender, wants_failover
from hookline.webhooks.breaker import BreakerState
from hookline.webhooks.health import examine
from hookline.webhooks.lanes import Lane, LaneKey, Lanes, lane_key
from hookline.webhooks.model import Attempt, Delivery, DeliveryStatus, Endpoint
from hookline.webhooks.results import GiveBack, RecordResults, Result
from hookline.webhooks.retry import schedule_for
from hookline.webhooks.turns import Turns
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
        self._record = RecordResults(store, self._settled)
        self._give_back = GiveBack(wake_claims)
        self._group: asyncio.TaskGroup | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._workers = 0
        self._starved = Turns()
        self._watched: dict[DeliveryId, asyncio.Future[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due: int | None = None
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

    def resume(self, lane: Lane) -> None:
        """Somebody has seen that the target works: go on at once."""
        lane.resume()
        self._staff(lane)

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
        for lane in self.lanes.pop_due(self._store.now()):
            self._staff(lane)
            self.lanes.retire(lane)
        self._sleep()

    def _sleep(self) -> None:
        """Let the next timer wake us."""
        due = self.lanes.next_due
        if due == self._timer_due:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_due = None, due
        if due is not None and not self._is_stopping:
            wait_s = max(0, due - self._store.now()) / SECOND_MS + 0.001
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._wake)

    def _wake(self) -> None:
        self._timer = self._timer_due = None
        self.tick()

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
            return made[-1]

        # A task of its own: a caller who goes away must not leave the delivery without an end.
        task = self._group.create_task(attempt())
        try:
            return await asyncio.shield(task)
        finally:
            task.add_done_callback(lambda _task: self._watched.pop(delivery.id, None))

    def _staff(self, lane: Lane) -> None:
        if self._group is None or self._is_stopping or lane.is_closed:
            return
        ready = lane.ready()
        if not ready or self._must_wait(lane):
            return
        for _ in range(min(lane.width - lane.workers, ready)):
            if self._workers >= self._workers_max:
                self._starved.add(lane)
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

    def _must_wait(self, lane: Lane) -> bool:
        """Whether nothing may leave yet; then a timer wakes the lane."""
        now = self._store.now()
        if lane.paused_until > now:
            return True
        at = lane.opens_at(now)
        if at <= now:
            return False
        if not now < lane.wakes_at <= at:
            lane.wakes_at = at
            self.lanes.wait(lane, None, at)
            self._sleep()
        return True

    async def _attempt(self, lane: Lane, delivery: Delivery) -> None:
        is_retry = delivery.attempts > 0
        lane.retrying += is_retry
        lane.spend()
        try:
            made = await self._sender.attempt(
                delivery, lane.endpoint, skips_primary=self._is_open(lane)
            )
            self._conclude(lane, delivery, made)
        except asyncio.CancelledError:
            lane.put_back(delivery)  # nobody knows what came of it: once more
            raise
        except Exception:  # a mistake of ours must not stop the other deliveries
            log.exception("delivery_broke", delivery=delivery.id)
            self.return_all([(delivery, self._store.now() + SHORT_WAIT_MS)])
            self.lanes.forget(lane, delivery)
        finally:
            lane.retrying -= is_retry

    def _is_open(self, lane: Lane) -> bool:
        return lane.breaker.state(self._store.now()) is BreakerState.OPEN

    def _next(self, lane: Lane) -> Delivery | None:
        if self._is_stopping or lane.is_closed or lane.workers > lane.width:
            return None
        if self._must_wait(lane):
            return None
        if lane.is_behind and len(lane.queue) <= self._low_water:
            self._wake_claims()
        while (delivery := lane.take()) is not None:
            if not delivery.is_dropped:
                return delivery
        return None

    def _after_work(self, lane: Lane) -> None:
        while self._starved and self._workers < self._workers_max:  # one may have no work any more
            self._staff(self._starved.pop())
        if not lane.queue and not lane.is_behind:
            lane.catch_up = None  # it has all that it missed
        self._staff(lane)
        self.lanes.retire(lane)

    # What attempts come to.

    def _conclude(self, lane: Lane, delivery: Delivery, made: tuple[Attempt, ...]) -> None:
        now, endpoint = self._store.now(), lane.endpoint
        schedule = schedule_for(delivery.event_type, endpoint.policy.schedule if endpoint else None)
        verdict = judge(delivery, made[-1], schedule, now=now, random=self._random)
        is_success = verdict.status is DeliveryStatus.DELIVERED
        keeper = self._node if self._keeps(lane, verdict) else None
        health = None
        if not made[-1].is_ours and (is_success or not delivery.is_test):
            self._follow(lane, made, verdict)
            health = examine(lane, now, is_success=is_success, is_kept=keeper is not None)
        result = Result(delivery, lane, made, verdict, keeper, health, lane.failing_since)
        delivery.unrecorded = result
        self._store.writer.post(self._record, [result])

    def _follow(self, lane: Lane, made: tuple[Attempt, ...], verdict: Verdict) -> None:
        """Go faster or slower, or not at all, by what just happened."""
        now, endpoint = self._store.now(), lane.endpoint
        pause_until = verdict.pause_until or 0
        if verdict.is_strained:
            lane.width = max(1, lane.width // 2)
        has_failover = endpoint is not None and endpoint.policy.failover_url is not None
        if not has_failover:
            if lane.breaker.note(now, self._random, is_trouble=verdict.is_trouble):
                lane.width = 1
                pause_until = max(pause_until, lane.breaker.open_until)
        elif endpoint is not None and made[0].url == endpoint.url:
            lane.breaker.note(now, self._random, is_trouble=wants_failover(made[0]))
        is_well = verdict.status is DeliveryStatus.DELIVERED and not self._is_open(lane)
        if is_well and lane.width < self._width:
            lane.width += 1
            self._staff(lane)
        if pause_until > lane.paused_until:
            self._pause(lane, pause_until)

    def _pause(self, lane: Lane, until: int) -> None:
        lane.paused_until = until
        self.lanes.wait(lane, None, until)
        if self._is_paused_for_long(lane):
            self.return_all(self.lanes.clear(lane), due=until)
        self._sleep()

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
        for item, is_won in zip(items, outcomes, strict=True):
            delivery = item.delivery
            delivery.unrecorded = None
            delivery.attempts = item.last.number
            delivery.round += 1
            if is_won:
                _count(item, now)
            self._go_on(item, is_kept=is_won and item.keeper is not None)
            if item.lane.endpoint and item.lane.endpoint.is_ordered:
                item.lane.is_behind = True  # what waited for this one may go now
                self._wake_claims()
            watcher = self._watched.get(delivery.id)
            if watcher is not None and not watcher.done():
                watcher.set_result(None)
        self._sleep()
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
            if isinstance(result, Result) and result.last.attempted_at < before:
                self._store.writer.post(self._record, [result])


def _count(item: Result, now: int) -> None:
    if item.verdict.status is DeliveryStatus.DELIVERED:
        _DELIVERED.inc()
        metrics.DELIVERY_SECONDS.observe((now - item.delivery.created_at) / SECOND_MS)
    elif item.verdict.status is DeliveryStatus.PENDING:
        _RETRIED.inc()
    else:
        _FAILED.inc()
