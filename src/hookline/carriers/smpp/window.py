"""How many segments may be open on a bind: less than the carrier allows while it is slow.

Pure state; times are the event loop's.
"""

_SLOW_TIMES, _SLOW_S = 3.0, 0.2
"""Answers are slow when they take so many times the quickest of late, and so much longer."""
_LESS = 0.8
_MORE = 8
"""The window grows by one part in so many."""
_FLOOR_KEPT_S = 30.0
"""How old the quickest answer may be: as much again."""


class Window:
    """Additive increase, multiplicative decrease, once a windowful of answers.

    What waits at the carrier longer than it needs to helps nobody: it is in doubt when the session
    is lost. So the window shrinks by a fifth while answers are slow, and grows by an eighth, up to
    what the carrier allows, while they are not and the window was full.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.size = most
        self._answers = 0
        self._waited_s = 0.0
        self._was_full = False
        self._floor_s = self._older_floor_s = float("inf")
        self._floor_at = 0.0

    def answered(self, waited_s: float, answers: int, now: float, *, is_full: bool) -> None:
        """So many answers came at once, the last of which took so long."""
        if now - self._floor_at > _FLOOR_KEPT_S:
            self._older_floor_s, self._floor_s = self._floor_s, float("inf")
            self._floor_at = now
        self._floor_s = min(self._floor_s, waited_s)
        self._answers += answers
        self._waited_s += waited_s * answers
        self._was_full = self._was_full or is_full
        if self._answers >= self.size:
            self._adapt(self._waited_s / self._answers)

    def _adapt(self, mean_s: float) -> None:
        floor_s = min(self._floor_s, self._older_floor_s)
        if mean_s > floor_s * _SLOW_TIMES + _SLOW_S:
            self.size = max(1, int(self.size * _LESS))
        elif self._was_full:
            self.size = min(self._most, self.size + max(1, self.size // _MORE))
        self._answers, self._waited_s, self._was_full = 0, 0.0, False
