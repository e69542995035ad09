"""How an event is written for a receiver. `standard` sends it as it is; other rooms register more."""

from collections.abc import Callable
from dataclasses import dataclass

from hookline.events.model import EventType
from hookline.settings import Settings
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
STANDARD = "standard"

Build = Callable[[EventType, bytes], bytes | None]
"""From an event to the body that is sent; None: this format does not tell of it.

It must be pure: every attempt of a delivery sends the same bytes.
"""


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write events."""

    name: str
    build: Build
    timeout_s: float
    """The longest attempt, body included."""


class Formats:
    """Every format that this process knows."""

    def __init__(self, settings: Settings) -> None:
        self._formats = {STANDARD: Format(STANDARD, _as_it_is, settings.webhook_timeout_s)}

    def register(self, name: str, build: Build, timeout_s: float) -> None:
        """Add a format before the first event."""
        self._formats[name] = Format(name, build, timeout_s)

    def find(self, name: str) -> Format | None:
        return self._formats.get(name)

    def tells_of(self, name: str, event_type: EventType, body: bytes) -> bool:
        """Whether receivers of the format hear of the event. A format that fails says yes, so that

        the failure is seen in the delivery's attempts instead of losing the event.
        """
        if name == STANDARD:
            return True
        known = self._formats.get(name)
        if known is None:
            return True
        try:
            return known.build(event_type, body) is not None
        except Exception:
            log.exception("format_failed", format=name, event_type=event_type)
            return True


def _as_it_is(_event_type: EventType, body: bytes) -> bytes:
    return body
