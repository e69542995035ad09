"""Asks a carrier about messages whose receipts have not come: callbacks are lost while nobody can hear
them, as during an outage, and where there is no public URL none is ever sent.

Never hurried: a few requests a second, a bounded number a round, and none while the link is down.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from hookline.carriers.port import ListOutstanding, Opening, Outstanding, Receipt
from hookline.clock import UnixMs
from hookline.errors import HooklineError
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
_PAGE = 100
_PAGES_MAX = 10
_PAUSE_S = 0.2


class Unanswered(Exception):
    """The carrier does not answer such questions now."""


Ask = Callable[[Outstanding], Awaitable[Receipt | None]]
"""What has become of a message; None while that can still change. Raises Unanswered, AttemptFailed."""


class Rhythm:
    """How soon, and how often."""

    def __init__(self, *, first_s: float, every_s: float, age_s: float) -> None:
        self.first_s = first_s
        self.every_s = every_s
        self.age_s = age_s
        """How long a receipt may take before anybody asks for it."""


WITH_CALLBACKS = Rhythm(first_s=15.0, every_s=600.0, age_s=60.0)
WITHOUT_CALLBACKS = Rhythm(first_s=5.0, every_s=15.0, age_s=5.0)


class Inquiries:
    """One link's questions."""

    def __init__(
        self,
        opening: Opening,
        outstanding: ListOutstanding,
        ask: Ask,
        is_up: Callable[[], bool],
        rhythm: Rhythm,
    ) -> None:
        self._carrier_id = opening.carrier_id
        self._reports = opening.reports
        self._clock = opening.clock
        self._list = outstanding
        self._ask = ask
        self._is_up = is_up
        self._rhythm = rhythm
        self._after = ""
        """The last message that was asked about; the next round goes on there."""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="http inquiries")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        await asyncio.sleep(self._rhythm.first_s)
        while True:
            try:
                await self._round()
            except (HooklineError, Unanswered) as error:
                log.info("inquiries_ended_early", reason=type(error).__name__)
            except Exception:  # whatever it was, the next round may go well
                log.exception("inquiries_failed", carrier_id=self._carrier_id)
            await asyncio.sleep(self._rhythm.every_s)

    async def _round(self) -> None:
        """Raises Unanswered, AttemptFailed, DatabaseUnavailable."""
        before = UnixMs(self._clock.now_ms() - int(self._rhythm.age_s * 1_000))
        for _ in range(_PAGES_MAX):
            page = await self._list(self._carrier_id, before, self._after, _PAGE)
            await self._ask_about(page)
            if len(page) < _PAGE:
                self._after = ""
                return

    async def _ask_about(self, page: Sequence[Outstanding]) -> None:
        for message in page:
            if not self._is_up():
                raise Unanswered
            if message.carrier_message_ids:
                receipt = await self._ask(message)
                if receipt is not None:
                    self._reports.receipts(self._carrier_id, [receipt])
                await asyncio.sleep(_PAUSE_S)
            self._after = message.message_id
