"""Tells open pages what kind of thing has changed; they then fetch what they show again.

Only kinds are sent (`message credential`), at most a few times a second however busy the account
is, so that a page in the background costs nothing. Which rows changed is never told here. The
account's position goes along: a page that was made before it is out of date.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from hookline.api.observing import TOPIC as REQUESTS_TOPIC
from hookline.calls.phone_screens import PHONES_TOPICS, SCREEN, SOUND
from hookline.console import store as sql
from hookline.events.append import topic
from hookline.events.model import family_of
from hookline.events.read import head_position
from hookline.events.stream import TooManyStreams
from hookline.ids import AccountId
from hookline.storage.errors import DatabaseUnavailable
from hookline.storage.store import Store
from hookline.storage.wakeups import Wakeups

QUIET_S = 0.2
"""Changes within this time are told together."""
RECHECK_S = 5.0
REQUEST = "request"
"""The kind that tells that the request log has grown."""
_HEARTBEAT = b": still here\n\n"

IsWelcome = Callable[[], Awaitable[bool]]
"""Whether the session may still listen."""


@dataclass(eq=False, slots=True)
class _Listener:
    """One open stream."""

    account_id: AccountId
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    kinds: set[str] = field(default_factory=set)
    """What changed without an event and was not sent yet."""

    def take(self) -> set[str]:
        kinds, self.kinds = self.kinds, set()
        return kinds


class LiveFeed:
    """The open streams of one process."""

    def __init__(
        self, store: Store, wakeups: Wakeups, *, quiet_s: float = QUIET_S,
        recheck_s: float = RECHECK_S,
    ) -> None:  # fmt: skip
        self._store = store
        self._wakeups = wakeups
        self._quiet_s = quiet_s
        self._recheck_s = recheck_s
        self._open: set[_Listener] = set()
        self._is_closed = False
        wakeups.subscribe_prefix(PHONES_TOPICS, self._phone_changed)
        wakeups.subscribe_prefix(REQUESTS_TOPIC, self._log_grew)

    @property
    def count(self) -> int:
        return len(self._open)

    def close(self) -> None:
        """End every stream: the server is stopping."""
        self._is_closed = True
        for listener in self._open:
            listener.woken.set()

    def check_room(self) -> None:
        """Raise TooManyStreams when this process serves as many as it may."""
        if self._is_closed or self.count >= self._store.settings.stream_subscribers_max:
            raise TooManyStreams

    async def listen(self, account_id: AccountId, is_welcome: IsWelcome) -> AsyncIterator[bytes]:
        """What to send to one browser, until it leaves or its session ends."""
        listener = _Listener(account_id)
        self._open.add(listener)
        stop_waking = self._wakeups.subscribe(topic(account_id), listener.woken.set)
        loop = asyncio.get_running_loop()
        checked_at = loop.time()
        try:
            position = await self._head(account_id, 0)
            yield f"retry: 2000\nevent: position\ndata: {position}\n\n".encode()
            while not self._is_closed:
                told = listener.take()
                kinds, position = await self._changes(account_id, position)
                if kinds := sorted({*kinds, *told}):
                    yield f"event: change\ndata: {position} {' '.join(kinds)}\n\n".encode()
                    await asyncio.sleep(self._quiet_s)
                else:
                    await self._wait(listener.woken)
                if loop.time() - checked_at >= self._recheck_s:
                    if not await is_welcome():
                        return
                    checked_at = loop.time()
                    yield _HEARTBEAT
        finally:
            stop_waking()
            self._open.discard(listener)

    async def _changes(self, account_id: AccountId, position: int) -> tuple[list[str], int]:
        """The kinds that changed behind the position, and the position behind them."""
        head = await self._head(account_id, position)
        if head <= position:
            return [], position
        try:
            rows = await self._store.read(sql.kinds_after(account_id, position))
        except DatabaseUnavailable:
            return [], position
        return sorted({family_of(row[0]) for row in rows}), head

    async def _head(self, account_id: AccountId, known: int) -> int:
        try:
            return await head_position(self._store, account_id)
        except DatabaseUnavailable:
            return known  # told once the database is back

    async def _wait(self, woken: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._recheck_s):
                await woken.wait()
        woken.clear()

    def _phone_changed(self, topic: str) -> None:
        """What virtual phones show makes no event. Without a topic anything may have changed."""
        account_id, _, kind = topic.partition(":")
        for listener in self._open:
            if not topic or listener.account_id == account_id:
                listener.kinds |= {kind} if topic else {SCREEN, SOUND}
                listener.woken.set()

    def _log_grew(self, account_id: str) -> None:
        for listener in self._open:
            if account_id in ("", listener.account_id):
                listener.kinds.add(REQUEST)
                listener.woken.set()
