"""Keeps the application's events coming: connects, and does so again with growing pauses."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import msgspec

from hookline.clock import Clock
from hookline.telemetry.link_state import LinkPhase
from hookline.telemetry.logs import get_logger
from hookline.voice.asterisk.ari import Ari
from hookline.voice.asterisk.errors import AriError

log = get_logger(__name__)
REPLACED = "ApplicationReplaced"
_JITTER = 0.2
_STEADY_S = 30.0
"""A connection that has lasted so long was a good one: the next pause is short again."""
_REPLACED = (
    "Another program has taken the events of the application {name!r}. Give each carrier on one "
    "Asterisk an application of its own."
)
_CLOSED = "Asterisk closed the connection. Look whether it still runs."

Event = Mapping[str, Any]  # Any: JSON


@dataclass(frozen=True, slots=True)
class Timing:
    """Pauses before the next attempt, each twice the one before, and when hope is lost."""

    connect_s: float = 0.5
    connect_max_s: float = 30.0
    replaced_s: float = 30.0
    """After another program took the application: two that fight for it would lose every event."""
    lost_after_s: float = 60.0
    """Asterisk being away for so long ends its legs, as far as anybody can tell."""


TIMING = Timing()


class Hearer(Protocol):
    """Who gets the events."""

    def heard(self, event: Event) -> None: ...

    async def connected(self) -> None:
        """Events come again; what came meanwhile is lost. Raises AriError."""
        ...

    def away_for_long(self, detail: str) -> None: ...


class Listening:
    """One application's events, again and again."""

    def __init__(self, ari: Ari, hearer: Hearer, clock: Clock, timing: Timing) -> None:
        self._ari = ari
        self._hearer = hearer
        self._clock = clock
        self._timing = timing
        self._wait_s = timing.connect_s
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._lost_timer: asyncio.TimerHandle | None = None
        self._is_replaced = False
        self._unseen: str | None = None
        """Why this connection cannot be used, though it came about."""
        self.phase = LinkPhase.CONNECTING
        self.since = clock.now_ms()
        self.detail: str | None = None
        self.failed_at: int | None = None
        self.last_failure: str | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"asterisk {self._ari.application}")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._lost_timer is not None:
            self._lost_timer.cancel()
        self._enter(LinkPhase.CLOSED, None)

    async def _run(self) -> None:
        while True:
            try:
                await self._once()
            except AriError as error:
                self._fail(error.detail)
            except Exception:  # whatever it was, Asterisk must be tried again
                log.exception("asterisk_listening_failed", application=self._ari.application)
                self._fail("Listening failed for a reason that the log tells.")
            wait_s = self._next_wait_s()
            self._enter(LinkPhase.WAITING, self.detail)
            await asyncio.sleep(wait_s)

    async def _once(self) -> None:
        """One connection, from its beginning to its end. Raises AriError."""
        self._enter(LinkPhase.CONNECTING, self.detail)
        socket = await self._ari.listen()
        began = self._loop.time()
        try:
            await self._hear_all(socket)
        finally:
            await socket.close()
        if self._loop.time() - began >= _STEADY_S:
            self._wait_s = self._timing.connect_s
        self._fail(self._why_over())

    def _why_over(self) -> str:
        if self._is_replaced:
            return _REPLACED.format(name=self._ari.application)
        return self._unseen or _CLOSED

    async def _hear_all(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """What happens while the state is looked up is heard, too."""
        look = asyncio.create_task(self._look(socket, self._hearer.connected))
        self._is_replaced, self._unseen = False, None
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._take(message.data)
                if self._is_replaced:
                    break
        finally:
            look.cancel()
            await asyncio.gather(look, return_exceptions=True)

    async def _look(
        self, socket: aiohttp.ClientWebSocketResponse, connected: Callable[[], Awaitable[None]]
    ) -> None:
        try:
            await connected()
        except AriError as error:
            log.warning("asterisk_unseen", reason=error.detail)
            self._unseen = error.detail
            await socket.close()
            return
        if self._lost_timer is not None:
            self._lost_timer.cancel()
            self._lost_timer = None
        self._enter(LinkPhase.BOUND, None)
        log.info("asterisk_connected", application=self._ari.application)

    def _take(self, text: str) -> None:
        try:
            event = msgspec.json.decode(text)
            if event["type"] == REPLACED:
                self._is_replaced = True
            else:
                self._hearer.heard(event)
        except (msgspec.DecodeError, ValueError, KeyError, TypeError, IndexError) as error:
            log.warning("asterisk_odd_event", reason=repr(error)[:200])

    def _next_wait_s(self) -> float:
        wait_s, self._wait_s = self._wait_s, min(self._wait_s * 2, self._timing.connect_max_s)
        if self._is_replaced:
            wait_s = self._timing.replaced_s
            self._is_replaced = False
        return wait_s * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - no secret

    def _fail(self, reason: str) -> None:
        self.detail = self.last_failure = reason
        self.failed_at = self._clock.now_ms()
        log.warning("asterisk_away", application=self._ari.application, reason=reason)
        if self._lost_timer is None:
            self._lost_timer = self._loop.call_later(
                self._timing.lost_after_s, self._hearer.away_for_long, reason
            )

    def _enter(self, phase: LinkPhase, detail: str | None) -> None:
        if self.phase is not phase:
            self.phase = phase
            self.since = self._clock.now_ms()
        self.detail = detail
