"""A real Asterisk as a world of the port's tests: SIPp for what always happens, pjsua2 for people."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hookline.clock import SystemClock
from hookline.ids import CarrierId
from hookline.voice.asterisk.engine import AsteriskEngine
from hookline.voice.asterisk.settings import AsteriskSettings
from hookline.voice.audio.goertzel import has_tone
from hookline.voice.audio.samples import Samples
from hookline.voice.audio.tones import tone
from hookline.voice.audio.wav import write_wav
from hookline.voice.port import EngineOpening, Lost
from tests.services.asterisk import PASSWORD, USER, Asterisk
from tests.services.phones import SoftPhone, sip_phone, soft_phone
from tests.voice.world import PATIENCE_S, Reports, new_id

CARRIER = CarrierId("car_asterisk")
CALLS = 3
"""How often a test may call one that always does the same."""
_HEAD_BYTES = 44
_WINDOW = 1_600
_LOOK_EVERY_S = 0.05
_REST_MS = 200


@dataclass
class AsteriskPhone:
    """A softphone, and what came out of it."""

    soft: SoftPhone
    folder: Path
    sip_port: int
    heard: Path = field(init=False)

    def __post_init__(self) -> None:
        self.address = self.soft.uri
        self.heard = self.folder / f"{new_id('heard')}.wav"

    async def rings(self) -> None:
        await self.soft.wait_for("incoming")

    async def answer(self) -> None:
        await self.soft.tell("answer")
        await self.soft.wait_for("answered")
        await self.soft.tell(f"record {self.heard}")

    async def decline(self) -> None:
        await self.soft.tell("decline")

    async def hang_up(self) -> None:
        await self.soft.tell("hangup")

    async def is_over(self) -> None:
        await self.soft.wait_for("ended")

    async def press(self, digits: str) -> None:
        await self.soft.tell(f"digits {digits}")

    async def speak(self, hertz: int, milliseconds: int) -> None:
        file = self.folder / f"{new_id('said')}.wav"
        write_wav(file, tone(hertz, milliseconds))
        await self.soft.tell(f"play {file}")
        await asyncio.sleep(milliseconds / 1_000)
        await self.soft.tell("silence")
        await asyncio.sleep(_REST_MS / 1_000)  # what was said is still on its way

    async def hears_tone(self, hertz: int) -> None:
        await self._until(lambda: any(has_tone(part, hertz) for part in self._parts()))

    async def hears_digits(self, digits: str) -> None:
        await self._until(lambda: self.soft.digits() == digits)

    async def call(self, number: str) -> None:
        await self.soft.tell(f"call sip:{number}@127.0.0.1:{self.sip_port}")

    def _parts(self) -> list[Samples]:
        if not self.heard.exists():
            return []
        data = self.heard.read_bytes()[_HEAD_BYTES:]
        samples = Samples("h", data[: len(data) // 2 * 2])
        return [samples[at : at + _WINDOW] for at in range(0, len(samples) - _WINDOW, _WINDOW // 2)]

    async def _until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():  # noqa: ASYNC110 - a file of another program
                await asyncio.sleep(_LOOK_EVERY_S)


@dataclass
class AsteriskWorld:
    """An engine on the session's Asterisk."""

    folder: Path
    asterisk: Asterisk
    stack: AsyncExitStack
    heard: Reports = field(default_factory=Reports)
    busy: str = ""
    declining: str = ""
    silent: str = ""
    unknown: str = ""
    troubled: str = ""

    async def open(self) -> None:
        for name, scenario, code in (
            ("busy", "refuse", 486),
            ("declining", "refuse", 603),
            ("silent", "ring", 0),
            ("unknown", "refuse", 404),
            ("troubled", "refuse", 503),
        ):
            phone = sip_phone(self.asterisk, scenario, code=code, calls=CALLS)
            setattr(self, name, (await self.stack.enter_async_context(phone)).uri)
        await self._open()

    async def phone(self) -> AsteriskPhone:
        soft = await self.stack.enter_async_context(soft_phone())
        return AsteriskPhone(soft, self.folder, self.asterisk.sip_port)

    async def reopen(self) -> None:
        await self.engine.close()
        await self._open()

    async def _open(self) -> None:
        before = self._connections()
        settings = AsteriskSettings(
            url=self.asterisk.url,
            user=USER,
            media_dir=str(self.asterisk.media),
            media_dir_there=f"{self.asterisk.there}/media",
        )
        opening = EngineOpening(CARRIER, "node", self.heard, SystemClock(), self.folder)
        self.engine = AsteriskEngine(settings, {"password": PASSWORD}, opening)
        await self.heard.until(lambda: self._connections() > before)

    def _connections(self) -> int:
        return sum(isinstance(item, Lost) for item in self.heard.happenings)


@asynccontextmanager
async def open_asterisk(
    request: pytest.FixtureRequest, folder: Path
) -> AsyncIterator[AsteriskWorld]:
    asterisk: Asterisk = request.getfixturevalue("asterisk")
    async with AsyncExitStack() as stack:
        world = AsteriskWorld(folder, asterisk, stack)
        await world.open()
        try:
            yield world
        finally:
            world.engine.reconcile([])
            await asyncio.sleep(_REST_MS / 1_000)
            await world.engine.close()
