"""What a carrier takes a second, learned from what it refuses; nobody tells us, and it may change.

Pure state; times are the event loop's.
"""

from collections import deque

SLOTS_A_SECOND = 100
RATE_MIN, _START_MIN = 0.1, 10.0
"""The least, and the least after a first refusal, which may come when there is hardly any traffic."""
_LESS, _LESS_MAX, _NEAR_S = 0.01, 0.15, 3.0
"""What a refusal takes away: twice as much as the one before where that is so near."""
_MORE_S, _MORE_MAX_S, _TIMES_REFUSED = 10.0, 120.0, 100.0
"""How long it takes to win that back: where it is little, so many times what the refusal cost."""
_DOUBLING_S, _FAST = 4.0, 0.4
"""After that the rate wins twice as much every so long, up to this part of itself a second."""
_GAP_S = 0.5
"""No longer pause between two looks counts, but where one segment takes as long."""
_IDLE_S = 600.0
"""After so long without need of it what was learned is old."""


class LastSecond:
    """Counts within any second, in a bounded number of slots."""

    def __init__(self) -> None:
        self._slots: deque[list[int]] = deque([[0, 0]])
        self._total = 0

    def add(self, segments: int, now: float) -> None:
        self._total += segments
        slot = int(now * SLOTS_A_SECOND)
        last = self._slots[-1]
        if last[0] == slot:
            last[1] += segments
        else:
            self._slots.append([slot, segments])
            self.total(now)  # forgets what is older

    def total(self, now: float) -> int:
        """Within the last second, and up to a slot more."""
        oldest = int(now * SLOTS_A_SECOND) - SLOTS_A_SECOND
        while len(self._slots) > 1 and self._slots[0][0] < oldest:
            self._total -= self._slots.popleft()[1]
        if self._slots[0][0] < oldest:
            self._total -= self._slots[0][1]
            self._slots[0][1] = 0
        return self._total


class Allowance:
    """Finds a carrier's rate as TCP finds a path's: it gives way at once and wins back slowly.

    The first refusal says how much was taken within the last second: that is the rate to begin
    with, and it rises fast, since the carrier may just have had its fill of a burst. Each later one
    takes 1 % away, or twice as much as the one before when that is not long ago. Held back by the
    rate, the link wins it again in a time of which the refusal took a hundredth, so that trying
    costs about that much; then ever more, in case the carrier has become more generous.
    """

    def __init__(self, rate: float = 0.0) -> None:
        """`rate`: what was found before, to begin with."""
        self.rate = rate
        """Segments a second; 0: never refused, as far as we know."""
        self._taken = LastSecond()
        self._refused_at = 0.0
        self._is_starting = not rate
        self._less = _LESS
        """What the last refusal took away."""
        self._more_s = _MORE_S
        self._held_s = 0.0
        """How long the rate has held something back since the last refusal."""
        self._looked_at = 0.0

    def taken(self, segments: int, now: float) -> None:
        """So many were not refused."""
        self._taken.add(segments, now)

    def refused(self, now: float) -> None:
        """The carrier took no more; called once until something is taken again."""
        if not self.rate:
            self.rate = max(_START_MIN, float(self._taken.total(now)))
        else:
            is_near = self._held_s < _NEAR_S and not self._is_starting
            self._less = min(self._less * 2, _LESS_MAX) if is_near else _LESS
            self._is_starting = False
            self.rate *= 1 - self._less
        self.rate = max(RATE_MIN, self.rate)
        self._refused_at = now
        self._held_s = 0.0

    def resumed(self, now: float) -> None:
        """Something was taken again after a pause."""
        cost_s = (now - self._refused_at) * _TIMES_REFUSED
        self._more_s = min(max(cost_s, _MORE_S), _MORE_MAX_S)

    def held_back(self, now: float) -> None:
        """The rate holds something back: it may rise a little."""
        gap_s = now - self._looked_at
        self._looked_at = now
        if gap_s > _IDLE_S:
            self._held_s = max(self._held_s, self._more_s)
        elif gap_s < max(_GAP_S, 2 / self.rate):
            self._held_s += gap_s
            self.rate += gap_s * self._win_a_second()

    def forget(self) -> None:
        """The carrier takes as much as the link may send."""
        self.rate = 0.0
        self._is_starting = True

    def _win_a_second(self) -> float:
        if self._is_starting:
            return self.rate * _FAST
        more_s = self._more_s if self._less <= _LESS else _MORE_S
        won = self._less / more_s
        if self._held_s > more_s:
            won *= 2 ** min(20.0, (self._held_s - more_s) / _DOUBLING_S)
        return self.rate * min(won, _FAST)
