"""Work that is wanted again and again, and is done by one task at a time."""

import asyncio
from collections.abc import Awaitable, Callable

from hookline.errors import HooklineError
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
_PAUSE_S = 0.25


class Errand:
    """Does its work once more after every time that it was wanted, never twice at once."""

    def __init__(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self._name = name
        self._work = work
        self._is_wanted = False
        self._task: asyncio.Task[None] | None = None

    def want(self) -> None:
        """Have it done soon. What failed is tried again, but for a mistake of ours, which is logged."""
        self._is_wanted = True
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=self._name)

    async def settle(self) -> None:
        """Wait until nothing is left to do."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def cancel(self) -> None:
        """Leave it off."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while self._is_wanted:
                self._is_wanted = False
                try:
                    await self._work()
                except HooklineError as error:
                    log.warning("errand_failed", errand=self._name, detail=error.detail)
                    self._is_wanted = True
                    await asyncio.sleep(_PAUSE_S)
                except Exception:
                    log.exception("errand_broke", errand=self._name)
        finally:
            self._task = None
