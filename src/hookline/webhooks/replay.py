"""A replay: what an endpoint is sent again, how fast, and how far that is. Data, without I/O."""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from hookline.clock import DAY_MS, SECOND_MS, UnixMs
from hookline.events.model import EventType
from hookline.ids import AccountId, EndpointId
from hookline.principal import Mode
from hookline.webhooks.model import DeliveryStatus

PREFIX = "rpl"
SAMPLE_MAX = 100_000
"""Deliveries that tell how busy an endpoint is, at most."""
_TIMES_NORMAL = 2.0
_PAGE_MAX = 500


class Selection(StrEnum):
    """Which deliveries are made due again."""

    FAILED = "failed"
    """Those that were given up."""
    MISSING = "missing"
    """Kept events that the endpoint would get today, and has no delivery of."""
    ALL = "all"
    """Both, and those that were delivered."""

    @property
    def statuses(self) -> tuple[str, ...]:
        """Of the deliveries that there are, which are sent again."""
        match self:
            case Selection.FAILED:
                return (DeliveryStatus.FAILED.value,)
            case Selection.MISSING:
                return ()
            case Selection.ALL:
                return (DeliveryStatus.FAILED.value, DeliveryStatus.DELIVERED.value)

    @property
    def makes_new(self) -> bool:
        """Whether events without a delivery get one."""
        return self is not Selection.FAILED


class ReplayStatus(StrEnum):
    """Queued until a node takes it."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    CANCELED = "canceled"
    FAILED = "failed"

    @property
    def is_open(self) -> bool:
        return self in {ReplayStatus.QUEUED, ReplayStatus.RUNNING}


@dataclass(frozen=True, slots=True)
class Replay:
    """One replay, as its row says."""

    id: str
    account_id: AccountId
    mode: Mode
    endpoint_id: EndpointId
    selection: Selection
    types: tuple[str, ...]
    since: UnixMs
    until: UnixMs
    end_position: int
    status: ReplayStatus
    rate: float
    """Made due each second, at most."""
    total: int | None
    done: int
    place: str
    """The id of the delivery, or the position of the event, that it has come to."""
    error: str | None
    asked_by: str
    owner: str | None
    created_at: UnixMs
    finished_at: UnixMs | None

    @property
    def page_size(self) -> int:
        """As many as are due in about a second."""
        return max(1, min(round(self.rate), _PAGE_MAX))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A delivery to make due again, or an event to make one of."""

    event_id: str
    event_type: str
    resource_id: str
    delivery_id: str | None
    position: int | None = None
    """The event's."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some candidates in a row; `place` is behind them, None at the end."""

    candidates: tuple[Candidate, ...]
    place: str | None


def rate_of(count: int, span_ms: int, *, least: float, most: float | None) -> float:
    """Twice what an endpoint gets normally, deliveries a second: so many within the time. `most`: what
    it wants to get at all.
    """
    rate = max(least, _TIMES_NORMAL * count / max(span_ms / SECOND_MS, 1.0))
    return rate if most is None else min(rate, most)


def span_of(oldest: UnixMs | None, now: UnixMs) -> int:
    """The time that a sample tells of: up to its oldest, or the whole day when it is not full."""
    return DAY_MS if oldest is None else max(now - oldest, SECOND_MS)


class _Data(msgspec.Struct):
    direction: str = "outbound"
    sender: str | None = msgspec.field(default=None, name="from")
    to: str | None = None
    call_id: str | None = None


class _Body(msgspec.Struct):
    data: _Data


_decode = msgspec.json.Decoder(_Body).decode


def parties(event_type: EventType, body: bytes) -> tuple[tuple[str, ...], str | None]:
    """The account's number that a stored event is about; or the call that knows it."""
    family = event_type.value.partition(".")[0]
    if family not in {"message", "call", "recording"}:
        return (), None
    data = _decode(body).data
    if family == "recording":
        return (), data.call_id
    ours = data.sender if data.direction == "outbound" else data.to
    return (ours,) if ours else (), None
