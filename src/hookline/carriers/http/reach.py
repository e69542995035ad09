"""Whether a carrier can be reached: tried at the beginning, and again with growing pauses after a fault."""

import asyncio
from collections.abc import Awaitable, Callable

from hookline.carriers.http.dialect import Unreached
from hookline.carriers.pace import Backoff
from hookline.clock import Clock
from hookline.errors import Unavailable
from hookline.outbound.errors import AttemptFailed
from hookline.telemetry.link_state import LinkPhase
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
_STEADY_S = 30.0
"""A carrier that was well for so long: the next pause is short again."""


class Reach:
    """The phase of a link that has no connection of its own."""

    def __init__(
        self,
        check: Callable[[], Awaitable[None]],
        backoff: Backoff,
        clock: Clock,
        *,
        began: Callable[[], None],
        failed: Callable[[str], None],
    ) -> None:
        """`check` raises what `Dialect.check` does. `began` and `failed` hear of changes."""
        self._check = check
        self._backoff = backoff
        self._clock = clock
        self._began = began
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._broken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.phase = LinkPhase.CONNECTING
        self.since = clock.now_ms()
        self.detail: str | None = None

    @property
    def is_up(self) -> bool:
        return self.phase is LinkPhase.BOUND

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="http carrier")

    def fail(self, detail: str) -> None:
        """A request found out that the carrier cannot be used now."""
        if self.is_up:
            self._enter(LinkPhase.WAITING, detail)
            self._broken.set()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._enter(LinkPhase.CLOSED, None)

    async def _run(self) -> None:
        while True:
            self._broken.clear()
            try:
                await self._once()
            except Exception:  # whatever it was, the carrier must be tried again
                log.exception("http_carrier_check_failed")
                self._down("The carrier could not be tried, for a reason that the log tells.")
            await asyncio.sleep(self._backoff.next_s())

    async def _once(self) -> None:
        """From one trial to the next fault."""
        self._enter(LinkPhase.CONNECTING, self.detail)
        try:
            await self._check()
        except (Unreached, AttemptFailed, Unavailable) as error:
            self._down(error.detail)
            return
        began = self._loop.time()
        self._enter(LinkPhase.BOUND, None)
        self._began()
        await self._broken.wait()
        if self._loop.time() - began >= _STEADY_S:
            self._backoff.reset()

    def _down(self, detail: str) -> None:
        self._enter(LinkPhase.WAITING, detail)
        self._failed(detail)

    def _enter(self, phase: LinkPhase, detail: str | None) -> None:
        if self.phase is not phase:
            self.phase = phase
            self.since = self._clock.now_ms()
        self.detail = detail
