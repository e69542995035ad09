"""Time, injected. The only module that reads the machine's clock.

Instants are `UnixMs` (whole milliseconds since 1970, UTC) in storage and between rooms, because the
hot path handles millions of them; they become RFC 3339 text or aware datetimes at the edges.
"""

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import NewType, Protocol

UnixMs = NewType("UnixMs", int)

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


class Clock(Protocol):
    """What tells the time; tests hand in one that they move themselves."""

    def now_ms(self) -> UnixMs:
        """The current instant."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never run backwards, for timeouts and durations."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> UnixMs:
        return UnixMs(time.time_ns() // 1_000_000)

    def monotonic_s(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock that stands still until it is moved; for tests."""

    def __init__(self, now_ms: int = 1_780_000_000_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> UnixMs:
        return UnixMs(self._now_ms)

    def monotonic_s(self) -> float:
        return self._now_ms / 1_000

    def advance(self, *, seconds: float) -> None:
        self._now_ms += int(seconds * 1_000)


def to_rfc3339(instant: int) -> str:
    """RFC 3339 in UTC with milliseconds, as every wire shape shows it."""
    second, millis = divmod(instant, 1_000)
    return f"{_to_the_second(second)}.{millis:03d}Z"


@lru_cache(maxsize=1_024)
def _to_the_second(second: int) -> str:
    """What is told of a call or a message names the same few instants again and again."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def to_datetime(instant: int) -> datetime:
    """The instant as an aware UTC datetime."""
    return datetime.fromtimestamp(instant / 1_000, UTC)


def from_datetime(moment: datetime) -> UnixMs:
    """The instant of an aware datetime; a naive one is a ValueError."""
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone: end it in Z or an offset such as +01:00")
    return UnixMs(int(moment.timestamp() * 1_000))
