"""How fast a link may go: its rate, its pauses, and how long it waits before it connects again."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from hookline.carriers.allowance import SLOTS_A_SECOND, Allowance, LastSecond

_BURST_S = 0.02
"""How much of a second's segments may leave at once; carriers count by the second."""
_LEARNED_BURST_S = 0.1
"""Of a rate that was learned: a pause of our own is made up for, within the carrier's second."""
_WORTH_WAKING = 0.25
"""How much of a burst is worth a timer and a write of its own, when the rate is high."""
_JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Timing:
    """The first and the longest of each kind of pause."""

    pause_s: float = 1.0
    """After a fault of the carrier's; each is twice the one before."""
    pause_max_s: float = 30.0
    refusal_s: float = 0.1
    """After the carrier asked to slow down; while it goes on asking, a quarter of that time."""
    refusal_max_s: float = 30.0
    held_s: float = 1.0
    """For no longer pause what was refused stays with the link."""
    connect_s: float = 1.0
    """Before the carrier is tried again; each is twice the one before."""
    connect_max_s: float = 60.0


TIMING = Timing()
_PART_OF_REFUSAL = 0.25
_UNTIL_ANSWERED_S = 1.0
_WAIT_MIN_S = 0.001


class Pace:
    """Segments a second, as a bucket that holds very little. Times are the event loop's.

    The rate is the carrier's setting, or less where the carrier refuses that much (`Allowance`).
    After each pause one segment goes alone, and the others when it was not refused.
    """

    def __init__(self, rate: float, now: float, timing: Timing, learned: float = 0.0) -> None:
        """`rate` 0: no limit. `learned`: what the carrier took when the link was open before."""
        self._limit = rate
        self._allowance = Allowance(learned if not rate or learned < rate else 0.0)
        self._sent = LastSecond()
        self._rate_is(self._allowance.rate or rate)
        self._tokens = self._burst
        self._filled_at = now
        self._timing = timing
        self._pause_s = timing.pause_s
        self._refused_since = 0.0
        self._refused_at = 0.0
        self._is_trying = False
        self._may_try = True
        self.paused_until = 0.0

    @property
    def rate(self) -> float:
        """What holds now; 0: no limit."""
        return self._rate

    @property
    def learned(self) -> float:
        """What the carrier was found to take; 0: all that it was sent."""
        return self._allowance.rate

    @property
    def is_refused(self) -> bool:
        """The carrier has asked to slow down, and has taken nothing since."""
        return self._is_trying

    def allowed(self, now: float, wanted: int) -> int:
        """How many of the wanted segments may leave now."""
        if now < self.paused_until:
            return 0
        if self._is_trying:
            return min(wanted, int(self._may_try))
        if not self._rate:
            return wanted
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        allowed = int(self._tokens + 1e-9)
        if self._allowance.rate:
            allowed = min(allowed, self._left_of_second(now))
            if allowed < wanted:
                self._allowance.held_back(now)
                self._learn()
        return min(wanted, allowed)

    def spend(self, segments: int, now: float) -> None:
        self._may_try = False
        if self._rate:
            self._tokens -= segments
        if self._allowance.rate:
            self._sent.add(segments, now)

    def next_at(self, now: float) -> float:
        """When it is worth asking again, if nothing is allowed now."""
        if now < self.paused_until:
            return self.paused_until
        if self._is_trying:
            return now + _UNTIL_ANSWERED_S
        if not self._rate:
            return now
        wait_s = max(0.0, self._worth - self._tokens) / self._rate
        return now + max(wait_s, _WAIT_MIN_S)

    def taken(self, segments: int, sent_at: float, now: float) -> None:
        """The carrier has not refused these, the last of which left then."""
        self._allowance.taken(segments, now)
        self._pause_s = self._timing.pause_s
        if self._is_trying and sent_at >= self._refused_at:
            self._is_trying = False
            self._tokens, self._filled_at = 0.0, now
            self._allowance.resumed(now)

    def refused(self, sent_at: float, now: float) -> float:
        """The carrier asked to slow down. Returns for how long nothing is sent from now on."""
        if sent_at < self._refused_at:  # it left before we knew
            return max(0.0, self.paused_until - now)
        if not self._is_trying:
            self._is_trying = True
            self._refused_since = now
            self._allowance.refused(now)
            self._learn()
        self._refused_at = now
        self._may_try = True
        lasted_s = now - self._refused_since
        timing = self._timing
        pause_s = max(timing.refusal_s, lasted_s * _PART_OF_REFUSAL)
        self.paused_until = now + min(pause_s, timing.refusal_max_s)
        return self.paused_until - now

    def unanswered(self) -> None:
        """Of what has left, some will have no answer: another may go in its place."""
        self._may_try = True

    def back_off(self, now: float, at_least_s: float = 0.0) -> float:
        """The carrier has a fault, or asked to slow down: pause, longer each time. Returns for how long."""
        if now < self.paused_until:  # an answer to what left before the pause
            self.paused_until = max(self.paused_until, now + at_least_s)
            return self.paused_until - now
        pause_s, self._pause_s = self._pause_s, min(self._pause_s * 2, self._timing.pause_max_s)
        pause_s = max(pause_s, at_least_s)
        self.paused_until = now + pause_s
        self._may_try = True
        return pause_s

    def _left_of_second(self, now: float) -> int:
        """How many the carrier would still take, counting within any second."""
        return max(0, int(self._rate * (1 + 1 / SLOTS_A_SECOND)) + 1 - self._sent.total(now))

    def _learn(self) -> None:
        """What was learned holds where it is less than the setting."""
        if self._limit and self._allowance.rate >= self._limit:
            self._allowance.forget()
        self._rate_is(self._allowance.rate or self._limit)

    def _rate_is(self, rate: float) -> None:
        self._rate = rate
        self._worth = max(1.0, rate * _BURST_S * _WORTH_WAKING)
        self._burst = max(1.0, rate * (_LEARNED_BURST_S if self._allowance.rate else _BURST_S))


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
