"""How fast a link may go: its rate, its pauses, and how long it waits before it connects again."""

import random
from collections.abc import Callable
from dataclasses import dataclass

_BURST_S = 0.02
"""How much of a second's segments may leave at once; carriers count by the second."""
_WORTH_WAKING = 0.25
"""How much of a burst is worth a timer and a write of its own, when the rate is high."""
_JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Timing:
    """The first and the longest of each kind of pause; each is twice the one before."""

    pause_s: float = 1.0
    """After the carrier asked to slow down."""
    pause_max_s: float = 30.0
    connect_s: float = 1.0
    """Before the carrier is tried again."""
    connect_max_s: float = 60.0


TIMING = Timing()


class Pace:
    """Segments a second, as a bucket that holds very little. Times are the event loop's."""

    def __init__(self, rate: float, now: float, timing: Timing) -> None:
        """`rate` 0: no limit."""
        self._rate = rate
        self._burst = max(1.0, rate * _BURST_S)
        self._worth = max(1.0, self._burst * _WORTH_WAKING)
        self._tokens = self._burst
        self._filled_at = now
        self._timing = timing
        self._pause_s = timing.pause_s
        self.paused_until = 0.0

    def allowed(self, now: float, wanted: int) -> int:
        """How many of the wanted segments may leave now."""
        if now < self.paused_until:
            return 0
        if not self._rate:
            return wanted
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        return min(wanted, int(self._tokens + 1e-9))

    def spend(self, segments: int) -> None:
        if self._rate:
            self._tokens -= segments

    def next_at(self, now: float) -> float:
        """When it is worth asking again, if nothing is allowed now."""
        if now < self.paused_until:
            return self.paused_until
        return now + max(0.0, self._worth - self._tokens) / self._rate if self._rate else now

    def back_off(self, now: float, at_least_s: float = 0.0) -> float:
        """The carrier asked to slow down: pause, longer each time. Returns for how long."""
        if now < self.paused_until:  # an answer to what left before the pause
            self.paused_until = max(self.paused_until, now + at_least_s)
            return self.paused_until - now
        pause_s, self._pause_s = self._pause_s, min(self._pause_s * 2, self._timing.pause_max_s)
        pause_s = max(pause_s, at_least_s)
        self.paused_until = now + pause_s
        return pause_s

    def went_well(self) -> None:
        """The carrier takes messages: the next pause is a short one again."""
        self._pause_s = self._timing.pause_s


class Backoff:
    """Waits between attempts to connect: doubled each time, with jitter, so that many links whose
    carrier comes back do not all knock at once."""

    def __init__(
        self, timing: Timing, uniform: Callable[[float, float], float] = random.uniform
    ) -> None:
        self._timing = timing
        self._uniform = uniform
        self._wait_s = timing.connect_s

    def next_s(self) -> float:
        wait_s, self._wait_s = self._wait_s, min(self._wait_s * 2, self._timing.connect_max_s)
        return wait_s * self._uniform(1 - _JITTER, 1 + _JITTER)

    def reset(self) -> None:
        self._wait_s = self._timing.connect_s
