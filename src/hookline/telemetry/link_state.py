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


class Lately(msgspec.Struct, frozen=True):
    """What became of segments in the last minutes."""

    accepted: int = 0
    rejected: int = 0
    faulted: int = 0
    """The carrier had a fault of its own."""
    throttled: int = 0
    ambiguous: int = 0


class LinkState(msgspec.Struct, frozen=True, kw_only=True):
    """What a link shows of itself. Counts are since it was opened on its node."""

    phase: LinkPhase
    since: int
    """Unix milliseconds, as all instants here."""
    detail: str | None = None
    """Why it is not bound, and what to do about it."""
    window: int = 0
    in_flight: int = 0
    """Segments sent and not answered, of the `window` that may be."""
    rate_limit: float = 0.0
    """Segments a second; 0: no limit."""
    rate: float = 0.0
    """Segments a second, lately."""
    submitted: int = 0
    accepted: int = 0
    rejected: int = 0
    throttled: int = 0
    ambiguous: int = 0
    receipts: int = 0
    received: int = 0
    lately: Lately = Lately()
    last_error: str | None = None
    last_error_at: int | None = None
    last_enquire_at: int | None = None
    """When the carrier last answered an enquiry whether it is there."""
    message_id_format: str | None = None
    """How the carrier's ids were found to differ between answers and receipts."""
