"""Request rates, counted per caller on this node, and told in the RateLimit headers."""

from hookline.clock import Clock
from hookline.errors import TooManyRequests

_CALLERS_MAX = 20_000


class RateLimiter:
    """A fixed window of one second per caller, whose own limit may be lower than the server's."""

    def __init__(self, clock: Clock, limit_per_s: int) -> None:
        self._clock = clock
        self._limit = limit_per_s
        self._policy = f'"default";q={limit_per_s};w=1'.encode()
        self._window = -1
        self._counts: dict[str, int] = {}

    def count(self, caller: str, own_limit_per_s: int | None = None) -> list[tuple[bytes, bytes]]:
        """Count one request; the headers that tell where the caller stands. Raises OverRate."""
        limit, name, policy = self._limit, b"default", self._policy
        if own_limit_per_s is not None and own_limit_per_s < limit:
            limit, name = own_limit_per_s, b"credential"
            policy = b'"%b";q=%d;w=1' % (name, limit)
        window = self._clock.now_ms() // 1_000
        if window != self._window or len(self._counts) > _CALLERS_MAX:
            self._window = window
            self._counts.clear()
        used = self._counts[caller] = self._counts.get(caller, 0) + 1
        left = max(0, limit - used)
        headers = [
            (b"ratelimit-policy", policy),
            (b"ratelimit", b'"%b";r=%d;t=1' % (name, left)),
        ]
        if used > limit:
            raise OverRate(limit, headers)
        return headers


class OverRate(TooManyRequests):
    """More requests in a second than the credential may make. Wait, and spread the requests out."""

    def __init__(self, limit: int, rate_headers: list[tuple[bytes, bytes]]) -> None:
        self.rate_headers = rate_headers
        super().__init__(
            f"This credential may make {limit} requests a second.", headers={"Retry-After": "1"}
        )
