"""Connections that wait for their next request: few per origin, bounded in all, never for long."""

import asyncio
from collections.abc import Iterator

from hookline.clock import Clock
from hookline.outbound.http_connection import HttpConnection

IDLE_PER_ORIGIN_MAX = 512
IDLE_MAX = 1_024
IDLE_TIMEOUT_S = 30.0

Origin = tuple[str, str, int]


class IdlePool:
    """The newest connection is taken first, so that those too many grow old and are closed."""

    def __init__(
        self,
        clock: Clock,
        *,
        per_origin_max: int = IDLE_PER_ORIGIN_MAX,
        total_max: int = IDLE_MAX,
        timeout_s: float = IDLE_TIMEOUT_S,
    ) -> None:
        self._clock = clock
        self._per_origin_max = per_origin_max
        self._total_max = total_max
        self._timeout_s = timeout_s
        self._by_origin: dict[Origin, list[HttpConnection]] = {}
        # A dict keeps insertion order: the first is the one that has waited longest.
        self._by_age: dict[HttpConnection, None] = {}
        self._sweeper: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._by_age)

    def take(self, origin: Origin, *, idle_max_s: float | None = None) -> HttpConnection | None:
        """A connection to this origin, which is then the caller's; one that was used lately, if asked."""
        waiting = self._by_origin.get(origin)
        while waiting:
            waited_s = self._clock.monotonic_s() - waiting[-1].idle_since_s
            if idle_max_s is not None and waited_s > idle_max_s:
                return None  # all others have waited longer
            connection = waiting.pop()
            del self._by_age[connection]
            age_s = self._clock.monotonic_s() - connection.idle_since_s
            if age_s < self._timeout_s and not connection.is_closed:
                return connection
            connection.close()
        return None

    def put(self, connection: HttpConnection) -> None:
        """Take over a connection; if there are too many, the one that waited longest is closed."""
        waiting = self._by_origin.setdefault(connection.origin, [])
        if len(waiting) >= self._per_origin_max:
            self._close(waiting[0])
        elif len(self._by_age) >= self._total_max:
            self._close(next(iter(self._by_age)))
        # Closing the last one of this origin may have dropped its list.
        self._by_origin.setdefault(connection.origin, waiting).append(connection)
        connection.idle_since_s = self._clock.monotonic_s()
        self._by_age[connection] = None
        if self._sweeper is None:
            loop = asyncio.get_running_loop()
            self._sweeper = loop.call_later(self._timeout_s / 2, self.sweep)

    def discard(self, connection: HttpConnection) -> None:
        """Forget a connection that has ended; one that is in use is none of the pool's business."""
        if connection in self._by_age:
            self._remove(connection)

    def sweep(self) -> None:
        """Close what has waited too long; repeats itself while anything waits."""
        self._sweeper = None
        for connection in list(self._expired()):
            self._close(connection)
        self._by_origin = {
            origin: waiting for origin, waiting in self._by_origin.items() if waiting
        }
        if self._by_age:
            loop = asyncio.get_running_loop()
            self._sweeper = loop.call_later(self._timeout_s / 2, self.sweep)

    def close(self) -> None:
        """Close everything that waits."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        for connection in list(self._by_age):
            self._close(connection)

    def _expired(self) -> Iterator[HttpConnection]:
        now_s = self._clock.monotonic_s()
        for connection in self._by_age:
            if now_s - connection.idle_since_s < self._timeout_s:
                return
            yield connection

    def _close(self, connection: HttpConnection) -> None:
        self._remove(connection)
        connection.close()

    def _remove(self, connection: HttpConnection) -> None:
        del self._by_age[connection]
        waiting = self._by_origin[connection.origin]
        waiting.remove(connection)
        if not waiting:
            del self._by_origin[connection.origin]
