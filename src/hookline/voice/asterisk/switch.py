"""What the parts of the engine share: requests that leave in order, and reports."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

from hookline.clock import UnixMs
from hookline.telemetry.logs import get_logger
from hookline.voice.asterisk.ari import Ari
from hookline.voice.asterisk.errors import AriError, AriGone
from hookline.voice.asterisk.legs import Legs, Names
from hookline.voice.port import EngineOpening, Happening

log = get_logger(__name__)
Work = Callable[[], Awaitable[None]]
Failed = Callable[[AriError], None]


class Switch:
    """One Asterisk as the parts of the engine see it."""

    def __init__(self, ari: Ari, opening: EngineOpening) -> None:
        self.ari = ari
        self.legs = Legs()
        self.names = Names(ari.application, opening.carrier_id)
        self._opening = opening
        self._tasks: set[asyncio.Task[None]] = set()

    def now(self) -> UnixMs:
        return self._opening.clock.now_ms()

    def report(self, *happenings: Happening) -> None:
        self._opening.reports.happened(self._opening.carrier_id, happenings)

    def in_turn(self, turn: asyncio.Lock, work: Work, failed: Failed | None = None) -> None:
        """Do it after whatever else waits for this turn."""
        self.begin(self._take_turn(turn, work), failed)

    def begin(self, work: Coroutine[None, None, None], failed: Failed | None = None) -> None:
        """Do it in the background; the legs that there may be bound how much is under way."""
        task = asyncio.create_task(self._see_through(work, failed or self._shrug))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Drop what is under way."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.ari.close()

    @staticmethod
    async def _take_turn(turn: asyncio.Lock, work: Work) -> None:
        async with turn:
            await work()

    async def _see_through(self, work: Coroutine[None, None, None], failed: Failed) -> None:
        try:
            await work
        except AriError as error:
            failed(error)
        except Exception as error:  # whatever it was, somebody waits for a report
            log.exception("asterisk_work_failed", carrier_id=self._opening.carrier_id)
            failed(AriError(f"Hookline failed ({type(error).__name__}); the log says where."))

    def _shrug(self, error: AriError) -> None:
        """What was asked is not possible any more, or the link is down and its end is handled."""
        if not isinstance(error, AriGone):
            log.warning(
                "asterisk_refused", carrier_id=self._opening.carrier_id, reason=error.detail
            )
