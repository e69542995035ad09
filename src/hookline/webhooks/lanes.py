"""Lanes: the deliveries that this node holds, one line for each target, and when each goes on.

Only memory is changed here. The invariant: a delivery that is held stands in `Lanes.held` and, until
an attempt takes it, either in its lane's queue or among the timers.
"""

import heapq
from collections import deque
from collections.abc import Iterator

from hookline.clock import Clock, UnixMs
from hookline.ids import DeliveryId, EndpointId
from hookline.outbound.errors import TargetInvalid
from hookline.outbound.targets import parse_target
from hookline.settings import Settings
from hookline.webhooks.breaker import Breaker
from hookline.webhooks.model import Delivery, Endpoint
from hookline.webhooks.rate import Rate

LaneKey = EndpointId | tuple[str, ...]
_LANES_FULL_MAX = 10
"""How many full queues fit in memory at once, over all lanes."""
_RETRY_EVERY = 4


class Lane:
    """One target: an endpoint, or the origin of an account's status URLs."""

    __slots__ = (
        "_turn",
        "breaker",
        "catch_up",
        "endpoint",
        "failing_since",
        "held",
        "is_behind",
        "is_closed",
        "key",
        "last_success_at",
        "paused_until",
        "queue",
        "rate",
        "reserved",
        "retries",
        "retrying",
        "wakes_at",
        "width",
        "workers",
    )

    def __init__(self, key: LaneKey, width: int) -> None:
        self.key = key
        self.endpoint: Endpoint | None = None
        self.breaker = Breaker()
        self.rate: Rate | None = None
        """What the endpoint wants at most."""
        self.catch_up: Rate | None = None
        """While it gets what it missed, so that coming back is not its end."""
        self.failing_since: UnixMs | None = None
        """When the first attempt failed of those after the last success."""
        self.last_success_at = 0
        self.queue: deque[Delivery] = deque()
        """First attempts."""
        self.retries: deque[Delivery] = deque()
        self.retrying = 0
        """Retries under way."""
        self._turn = 0
        self.wakes_at = 0
        """When a timer for its rate is due."""
        self.held = 0
        """Queued, waiting for a retry, or under way."""
        self.reserved = 0
        """Room that a claim may fill."""
        self.workers = 0
        self.width = width
        """Attempts at once; it shrinks while the target is in trouble."""
        self.paused_until = 0
        self.is_behind = False
        """More is due in the database than fits here: what is new queues up there, too."""
        self.is_closed = False
        """The endpoint was disabled, deleted, or belongs to another node."""

    @property
    def account_id(self) -> str:
        return self.endpoint.account_id if self.endpoint else self.key[0]

    def follow(self, endpoint: Endpoint, now: UnixMs) -> None:
        """Take over what is now known of the endpoint."""
        if self.endpoint is not None and endpoint.url != self.endpoint.url:
            self.resume()
        self.endpoint = endpoint
        wanted = endpoint.policy.rate_limit
        if wanted is None or self.rate is None or self.rate.per_second != wanted:
            self.rate = None if wanted is None else Rate(wanted, now)

    def resume(self) -> None:
        """What is known of the target's trouble no longer holds."""
        self.breaker, self.paused_until = Breaker(), 0

    def limit_catch_up(self, per_second: float, now: UnixMs) -> None:
        """Go no faster than that until nothing is left that it missed."""
        if self.catch_up is None or self.catch_up.per_second != per_second:
            self.catch_up = Rate(per_second, now)

    def ready(self) -> int:
        """How many of those that wait may be tried at once."""
        return len(self.queue) + min(len(self.retries), max(0, self._retry_places - self.retrying))

    def take(self) -> Delivery | None:
        """The next one. Retries never take every place, and one turn in four while others wait."""
        self._turn += 1
        may_retry = bool(self.retries) and self.retrying < self._retry_places
        if may_retry and (not self.queue or self._turn % _RETRY_EVERY == 0):
            return self.retries.popleft()
        return self.queue.popleft() if self.queue else None

    @property
    def _retry_places(self) -> int:
        return max(1, self.width // 2 if self.queue else self.width - 1)

    def put_back(self, delivery: Delivery) -> None:
        """It could not be tried: it is the next again."""
        (self.retries if delivery.attempts else self.queue).appendleft(delivery)

    def opens_at(self, now: int) -> int:
        """When the next one may leave: after a pause, and as its rates allow."""
        at = max(now, self.paused_until)
        for rate in (self.rate, self.catch_up):
            if rate is not None:
                at = max(at, rate.next_at(now))
        return at

    def spend(self) -> None:
        """One leaves."""
        for rate in (self.rate, self.catch_up):
            if rate is not None:
                rate.spend()


class Lanes:
    """All lanes of this node."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._width = settings.webhook_in_flight_max
        self._queue_max = settings.webhook_queue_max
        self.held: dict[DeliveryId, Delivery] = {}
        self._lanes: dict[LaneKey, Lane] = {}
        self._timers: list[tuple[int, int, Delivery | None, Lane]] = []
        self._timer_number = 0

    def __iter__(self) -> Iterator[Lane]:
        return iter(tuple(self._lanes.values()))

    def __len__(self) -> int:
        return len(self._lanes)

    def find(self, key: LaneKey) -> Lane | None:
        return self._lanes.get(key)

    def room(self, key: LaneKey) -> int:
        """How many deliveries more may be held for the target."""
        left = _LANES_FULL_MAX * self._queue_max - len(self.held)
        lane = self._lanes.get(key)
        if lane is not None:
            left = min(left, self._queue_max - lane.held - lane.reserved)
        return max(0, min(left, self._queue_max))

    def open(self, key: LaneKey, endpoint: Endpoint | None) -> Lane:
        """The target's lane, with what is now known of its endpoint."""
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(key, self._width)
        if endpoint is not None and _is_newer(endpoint, lane.endpoint):
            lane.follow(endpoint, self._clock.now_ms())
        return lane

    def put(self, lane: Lane, delivery: Delivery) -> bool:
        """Hold a delivery that is due; False when it is held already."""
        if delivery.id in self.held:
            return False
        self.held[delivery.id] = delivery
        lane.held += 1
        (lane.retries if delivery.attempts else lane.queue).append(delivery)
        return True

    def forget(self, lane: Lane, delivery: Delivery) -> None:
        """Stop holding a delivery that stands in no queue."""
        if self.held.pop(delivery.id, None) is not None:
            lane.held -= 1
        delivery.is_dropped = True
        self.retire(lane)

    def wait(self, lane: Lane, delivery: Delivery | None, due: int) -> None:
        """Queue the delivery (None: wake the lane) when it is due."""
        self._timer_number += 1
        heapq.heappush(self._timers, (due, self._timer_number, delivery, lane))

    def pop_due(self, now: UnixMs) -> list[Lane]:
        """Queue what has become due; the lanes that have work now."""
        touched: dict[Lane, None] = {}
        while self._timers and self._timers[0][0] <= now:
            _, _, delivery, lane = heapq.heappop(self._timers)
            if delivery is not None:
                if delivery.is_dropped:
                    continue
                lane.retries.append(delivery)
            touched[lane] = None
        return list(touched)

    @property
    def next_due(self) -> int | None:
        return self._timers[0][0] if self._timers else None

    def clear(self, lane: Lane) -> list[tuple[Delivery, int]]:
        """Take everything out of a lane but what is under way, with the times it was due."""
        now = self._clock.now_ms()
        taken = [(delivery, int(now)) for delivery in (*lane.queue, *lane.retries)]
        lane.queue.clear()
        lane.retries.clear()
        kept = []
        for timer in self._timers:
            due, _, delivery, owner = timer
            if owner is lane and delivery is not None and not delivery.is_dropped:
                taken.append((delivery, due))
            elif owner is not lane or delivery is None:
                kept.append(timer)
        heapq.heapify(kept)
        self._timers = kept
        for delivery, _ in taken:
            self.forget(lane, delivery)
        return taken

    def retire(self, lane: Lane) -> None:
        """Drop a lane that has nothing to remember."""
        if lane.held or lane.reserved or lane.workers or lane.is_behind or lane.is_closed:
            return
        now = self._clock.now_ms()
        if lane.paused_until <= now and lane.breaker.is_blank(now):
            self._lanes.pop(lane.key, None)

    def retire_all(self) -> None:
        """The same for each; breakers forget with time."""
        for lane in self:
            self.retire(lane)

    def close(self, lane: Lane) -> list[tuple[Delivery, int]]:
        """End a lane; what is under way reports to nobody."""
        lane.is_closed = True
        if self._lanes.get(lane.key) is lane:
            del self._lanes[lane.key]
        return self.clear(lane)

    def forget_bodies(self, resource_id: str) -> None:
        """Make deliveries read their event again; empty: all of them."""
        for delivery in self.held.values():
            if not resource_id or delivery.resource_id == resource_id:
                delivery.body = None


def lane_key(delivery: Delivery) -> LaneKey:
    """Where a delivery lines up."""
    if delivery.endpoint_id is not None:
        return delivery.endpoint_id
    return status_url_key(delivery.account_id, delivery.url or "")


def status_url_key(account_id: str, url: str) -> LaneKey:
    """Status URLs of one account and origin share a lane, as they share a server."""
    try:
        scheme, host, port = parse_target(url).origin
    except TargetInvalid:
        return account_id, url
    return account_id, scheme, host, str(port)


def _is_newer(endpoint: Endpoint, known: Endpoint | None) -> bool:
    return known is None or endpoint.sequence > known.sequence
