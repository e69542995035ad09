"""Keeps requests in memory for a second and writes them together.

It is neither a cost nor a risk to requests: what is noted is bounded in rate and in number, and what
does not fit is counted and not kept. A crash loses the last second of the log, a clean stop nothing.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

from hookline.api.observing import TOPIC, Observed
from hookline.clock import SECOND_MS
from hookline.errors import HooklineError
from hookline.requests import store as sql
from hookline.requests.model import is_error, row_of
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.telemetry import metrics
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
_EVERY_S = 1.0
_BATCH_MAX = 500
_REASONS = ("rate", "buffer", "lost")
_TELL_EVERY_MS = 60 * SECOND_MS

RequestRow = tuple[object, ...]
_ACCOUNT = 1  # its place in a row


class WriteRequests:
    """The operation that writes a batch of the log, behind everything that others wait for."""

    name = "requests.log"
    rank = 95

    def key(self, item: Sequence[RequestRow]) -> str | None:
        return None

    async def apply(self, tx: Transaction, items: Sequence[Sequence[RequestRow]]) -> Sequence[None]:
        rows = [row for item in items for row in item]
        await tx.insert(sql.INSERT, rows)
        for account_id in {row[_ACCOUNT] for row in rows}:
            tx.notify(f"{TOPIC}{account_id}")
        return [None] * len(items)

    def committed(self, items: Sequence[object], outcomes: Sequence[object]) -> None:
        """Nothing to hand over."""


_WRITE = WriteRequests()


class RequestLog:
    """The requests of this process that are not written yet; an Observer."""

    def __init__(self, store: Store) -> None:
        settings = store.settings
        self._writer = store.writer
        self._clock = store.clock
        self._settings = settings
        self._waiting: deque[RequestRow] = deque()
        self._second = -1
        self._kept = {False: 0, True: 0}
        self._skipped = 0
        self._counters = {one: metrics.REQUESTS_NOT_KEPT.labels(one) for one in _REASONS}
        self._told_at_ms = 0
        self._per_s = {False: settings.request_log_per_s, True: settings.request_log_errors_per_s}

    def __call__(self, seen: Observed) -> None:
        """Keep the request if there is room. `context.is_kept` says whether."""
        if not self._settings.request_log_days:
            seen.context.is_kept = True  # nothing is missing where nothing is to be kept
            return
        if self._has_room(is_failure=is_error(seen.status)):
            self._waiting.append(row_of(seen))
            seen.context.is_kept = True

    @property
    def waiting(self) -> int:
        """Requests that are not written yet."""
        return len(self._waiting)

    def _has_room(self, *, is_failure: bool) -> bool:
        second = self._clock.now_ms() // SECOND_MS
        if second != self._second:
            self._second, self._kept = second, {False: 0, True: 0}
        if self._kept[is_failure] >= self._per_s[is_failure]:
            return self._skip("rate")
        if len(self._waiting) >= self._settings.request_log_buffer_max:
            return self._skip("buffer")
        self._kept[is_failure] += 1
        return True

    def _skip(self, reason: str, count: int = 1) -> bool:
        self._counters[reason].inc(count)
        self._skipped += count
        return False

    async def flush(self) -> int:
        """Write what waits, oldest first; how many. What could not be written waits on."""
        written = 0
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(_BATCH_MAX, self.waiting))]
            try:
                await self._writer.submit(_WRITE, batch)
            except HooklineError:
                self._put_back(batch)  # rows that are there after all stay as they are
                break
            except Exception:
                self._skip("lost", len(batch))
                log.exception("request_log_lost", requests=len(batch))
                break
            written += len(batch)
        self._tell()
        return written

    def _put_back(self, batch: Sequence[RequestRow]) -> None:
        self._waiting.extendleft(reversed(batch))

    def _tell(self) -> None:
        now = self._clock.now_ms()
        if self._skipped and now - self._told_at_ms >= _TELL_EVERY_MS:
            log.warning("requests_not_logged", requests=self._skipped)
            self._skipped, self._told_at_ms = 0, now

    async def run(self) -> None:
        """Write for ever, about once a second; the rest when the task is cancelled.

        Cancel and await it before the writer stops.
        """
        try:
            while True:
                await asyncio.sleep(_EVERY_S)
                await self.flush()
        finally:
            await self.flush()
