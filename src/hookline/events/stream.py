"""The live stream: server-sent events that resume without gaps.

A subscriber reads the database behind its own position; a wake-up only says that there is
something to read. So nothing is lost between two reads, on whichever node the events are made.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from hookline.errors import Forbidden, Unauthenticated, Unavailable
from hookline.events.append import topic
from hookline.events.model import EventType
from hookline.events.read import StoredEvent, head_position, position_of, read_after, visible_types
from hookline.principal import Principal
from hookline.storage.errors import DatabaseUnavailable
from hookline.storage.store import Store
from hookline.storage.wakeups import Wakeups

HEARTBEAT_S = 15.0
RECHECK_S = 2.0
BATCH_MAX = 100
_OPENING = b": connected\nretry: 2000\nid: %d\n\n"
_HEARTBEAT = b": still here\nid: %d\n\n"
"""Frames without data are no events, but clients keep their id: so what was not even sent one event
resumes without a gap, and what matches rarely does not resume from an event that is long dropped."""

Recheck = Callable[[], Awaitable[object]]
"""Raises Unauthenticated or Forbidden once the caller may no longer listen."""


class TooManyStreams(Unavailable):
    """This node serves as many event streams as it may. Try again, or read `GET /v1/events`."""

    code = "too_many_streams"
    title = "Too many event streams are open"

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "10"})


class Subscription:
    """One open stream. Iterate over `chunks`, and `close` it however that ends."""

    def __init__(self, chunks: AsyncGenerator[bytes, None], leave: Callable[[], None]) -> None:
        self.chunks = chunks
        self._leave = leave

    async def close(self) -> None:
        """Give the place back; also when the first chunk was never asked for."""
        await self.chunks.aclose()
        self._leave()


class Streams:
    """The open streams of one process."""

    def __init__(
        self, store: Store, wakeups: Wakeups, *, heartbeat_s: float = HEARTBEAT_S,
        recheck_s: float = RECHECK_S,
    ) -> None:  # fmt: skip
        self._store = store
        self._wakeups = wakeups
        self._heartbeat_s = heartbeat_s
        self._recheck_s = recheck_s
        self._open: set[asyncio.Event] = set()
        self._is_closed = False

    @property
    def count(self) -> int:
        """How many streams are open."""
        return len(self._open)

    async def open(
        self, principal: Principal, *, after: str | None, pattern: str | None, recheck: Recheck
    ) -> Subscription:
        """What to send. Raises TooManyStreams, Invalid, InsufficientScope."""
        types = visible_types(principal, pattern)
        if self._is_closed or len(self._open) >= self._store.settings.stream_subscribers_max:
            raise TooManyStreams
        woken = asyncio.Event()
        self._open.add(woken)
        try:
            if after is None:
                position = await head_position(self._store, principal.account_id)
            else:
                position = await position_of(self._store, principal, after)
        except BaseException:
            self._open.discard(woken)
            raise
        chunks = self._follow(principal, position, types, woken, recheck)
        return Subscription(chunks, lambda: self._open.discard(woken))

    def close(self) -> None:
        """End every stream: the server is stopping."""
        self._is_closed = True
        for woken in self._open:
            woken.set()

    async def _follow(
        self,
        principal: Principal,
        position: int,
        types: Sequence[EventType],
        woken: asyncio.Event,
        recheck: Recheck,
    ) -> AsyncGenerator[bytes, None]:
        stop_waking = self._wakeups.subscribe(topic(principal.account_id), woken.set)
        loop = asyncio.get_running_loop()
        checked_at = beat_at = loop.time()
        try:
            yield _OPENING % position
            while not self._is_closed:
                if loop.time() - checked_at >= self._recheck_s:
                    if not await _may_go_on(recheck):
                        return
                    checked_at = loop.time()
                woken.clear()
                found, position = await self._read(principal, position, types)
                if found:
                    yield b"".join(map(_frame, found))
                    beat_at = loop.time()
                    continue
                if loop.time() - beat_at >= self._heartbeat_s:
                    yield _HEARTBEAT % position
                    beat_at = loop.time()
                if not self._is_closed:
                    await self._wait(woken)
        finally:
            stop_waking()

    async def _read(
        self, principal: Principal, position: int, types: Sequence[EventType]
    ) -> tuple[list[StoredEvent], int]:
        """What is new, and the position behind all that was looked at, shown or not."""
        try:
            head = await head_position(self._store, principal.account_id)
            if head <= position:
                return [], position
            found = await read_after(self._store, principal, position, types, limit=BATCH_MAX)
        except DatabaseUnavailable:
            return [], position  # the next read goes on from there
        if len(found) == BATCH_MAX:
            return found, found[-1].position
        return found, max([head, *(event.position for event in found[-1:])])

    async def _wait(self, woken: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(self._recheck_s, self._heartbeat_s)):
                await woken.wait()


async def _may_go_on(recheck: Recheck) -> bool:
    try:
        await recheck()
    except (Unauthenticated, Forbidden):
        return False
    except DatabaseUnavailable:
        return True  # nothing can be read either, so nothing leaks
    return True


def _frame(event: StoredEvent) -> bytes:
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (event.id.encode(), event.type.encode(), event.body)
