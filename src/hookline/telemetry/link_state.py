"""What a link to a carrier shows of itself, for the people who look at it."""

from enum import StrEnum

import msgspec


class LinkPhase(StrEnum):
    """How a link is."""

    CONNECTING = "connecting"
    BOUND = "bound"
    WAITING = "waiting"
    """Down; it tries again after a pause."""
    CLOSED = "closed"


class Lately(msgspec.Struct, frozen=True, kw_only=True):
    """What became of segments within the last five minutes, by their answers."""

    accepted: int = 0
    rejected: int = 0
    """For good."""
    faulted: int = 0
    """The carrier had a fault of its own."""
    throttled: int = 0
    ambiguous: int = 0
    """The answer was lost."""


class SessionState(msgspec.Struct, frozen=True, kw_only=True):
    """One session of a link."""

    bind: int
    """Of which bind it is, from 1."""
    role: str
    """transceiver, transmitter or receiver."""
    phase: LinkPhase
    since: int
    detail: str | None = None
    window: int = 0
    """How many segments may be unanswered now; 0 where none go out by it."""
    in_flight: int = 0


class LinkState(msgspec.Struct, frozen=True, kw_only=True):
    """What a link shows of itself. Counts are since it was opened on its node."""

    phase: LinkPhase
    since: int
    """Unix milliseconds, as all instants here."""
    detail: str | None = None
    """Why it, or a part of it, is not bound, and what to do about it."""
    window: int = 0
    window_now: int = 0
    """What is used of it now: less while answers are slow or sessions are down."""
    in_flight: int = 0
    """Segments sent and not answered, of the `window` that may be."""
    rate_limit: float = 0.0
    """Segments a second; 0: no limit."""
    rate_learned: float = 0.0
    """What the carrier was found to take a second; 0: it has not refused what it was sent."""
    rate: float = 0.0
    """Segments a second, lately."""
    submitted: int = 0
    accepted: int = 0
    rejected: int = 0
    throttled: int = 0
    ambiguous: int = 0
    receipts: int = 0
    received: int = 0
    latency_p50_ms: float | None = None
    """How long answers to submits took within the last minute; None: there were none."""
    latency_p95_ms: float | None = None
    lately: Lately = Lately()
    errors: dict[str, int] = {}
    """What answers said, but for success, within the last five minutes, by status."""
    sessions: tuple[SessionState, ...] = ()
    last_error: str | None = None
    last_error_at: int | None = None
    last_enquire_at: int | None = None
    """When the carrier last answered an enquiry whether it is there."""
    message_id_format: str | None = None
    """How the carrier's ids were found to differ between answers and receipts."""
