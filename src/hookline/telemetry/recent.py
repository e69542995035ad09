"""What happened within the last minutes, from counts that only grow.

Nothing is done when something is counted: whoever looks compares with what was there before.
"""

from collections import deque
from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

_KEPT_EVERY_S = 10.0

Name = TypeVar("Name", bound=Hashable)


class Recent(Generic[Name]):
    """Differences over a span, as exact as it is looked at: every ten seconds is enough."""

    def __init__(self, span_s: float, now_s: float) -> None:
        self._span_s = span_s
        self._kept: deque[tuple[float, dict[Name, int]]] = deque([(now_s, {})])

    def of(self, counts: Mapping[Name, int], now_s: float) -> dict[Name, int]:
        """How much of the counts is of the last span; what did not grow is left out."""
        while len(self._kept) > 1 and self._kept[1][0] <= now_s - self._span_s:
            self._kept.popleft()
        before = self._kept[0][1]
        if now_s - self._kept[-1][0] >= _KEPT_EVERY_S:
            self._kept.append((now_s, dict(counts)))
        found = {name: count - before.get(name, 0) for name, count in counts.items()}
        return {name: count for name, count in found.items() if count}
