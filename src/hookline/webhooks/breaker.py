"""The circuit breaker of one target: while it is in trouble nothing is sent to it but a probe. Pure.

A breaker that is open burns no attempts: what is due waits, and its retry schedule with it.
"""

from collections.abc import Callable
from enum import StrEnum

from hookline.clock import MINUTE_MS, SECOND_MS
from hookline.webhooks.retry import JITTER

WINDOW_MS = 5 * MINUTE_MS
CALLS_MIN = 10
TROUBLE_SHARE = 0.7
OPEN_MS = 30 * SECOND_MS
OPEN_MAX_MS = 5 * MINUTE_MS


class BreakerState(StrEnum):
    """Closed: all goes on. Open: nothing is sent. Half open: one attempt shows how it is now."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Opens when 70 % of at least 10 attempts within 5 minutes are in trouble.

    Open for 30 s, then twice as long after each probe that fails, up to 5 minutes, ±20 %.
    """

    __slots__ = ("_calls", "_open_ms", "_troubles", "_window_began", "open_until")

    def __init__(self) -> None:
        self._window_began = 0
        self._calls = 0
        self._troubles = 0
        self._open_ms = 0
        self.open_until = 0
        """0: closed."""

    def state(self, now: int) -> BreakerState:
        if not self.open_until:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self.open_until else BreakerState.HALF_OPEN

    def is_blank(self, now: int) -> bool:
        """Whether there is nothing to remember, so that a new one would do as well."""
        if self.open_until:
            return now - self.open_until > WINDOW_MS
        return not self._troubles or now - self._window_began > WINDOW_MS

    def note(self, now: int, random: Callable[[], float], *, is_trouble: bool) -> bool:
        """Take an attempt into account; whether the breaker opened by it, anew or again."""
        state = self.state(now)
        if state is BreakerState.OPEN:
            return False  # it was under way already
        if state is BreakerState.HALF_OPEN:
            if is_trouble:
                return self._open(now, random)
            self._reset(now)
            self.open_until = self._open_ms = 0
            return False
        if not self._calls or now - self._window_began > WINDOW_MS:
            self._reset(now)
        self._calls += 1
        self._troubles += is_trouble
        if self._calls < CALLS_MIN or self._troubles < TROUBLE_SHARE * self._calls:
            return False
        return self._open(now, random)

    def _open(self, now: int, random: Callable[[], float]) -> bool:
        self._open_ms = min(self._open_ms * 2 or OPEN_MS, OPEN_MAX_MS)
        self.open_until = now + round(self._open_ms * (1 - JITTER + 2 * JITTER * random()))
        self._reset(now)
        return True

    def _reset(self, now: int) -> None:
        self._window_began, self._calls, self._troubles = now, 0, 0
