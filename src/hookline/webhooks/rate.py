"""How fast deliveries may leave for one target: a bucket that holds a tenth of a second. Pure."""

_BURST_S = 0.1
_SECOND_MS = 1_000


class Rate:
    """At most so many a second. Times are Unix milliseconds."""

    __slots__ = ("_burst", "_filled_at", "_tokens", "per_second")

    def __init__(self, per_second: float, now: int) -> None:
        self.per_second = per_second
        self._burst = max(1.0, per_second * _BURST_S)
        self._tokens = self._burst
        self._filled_at = now

    def next_at(self, now: int) -> int:
        """When the next one may leave: `now` if it may at once."""
        gone_ms = max(0, now - self._filled_at)
        self._tokens = min(self._burst, self._tokens + gone_ms * self.per_second / _SECOND_MS)
        self._filled_at = now
        if self._tokens >= 1:
            return now
        return now + max(1, round((1 - self._tokens) * _SECOND_MS / self.per_second))

    def spend(self) -> None:
        """One has left."""
        self._tokens -= 1
