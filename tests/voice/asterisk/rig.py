"""An engine on a real Asterisk, and what it has reported."""

import asyncio
import wave
from array import array
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from math import cos, hypot, pi, sin
from pathlib import Path
from typing import TypeVar

from hookline.clock import SystemClock
from hookline.ids import CarrierId
from hookline.voice.asterisk.engine import AsteriskEngine
from hookline.voice.asterisk.listening import Timing
from hookline.voice.asterisk.settings import AsteriskSettings
from hookline.voice.port import (
    Answered,
    Dial,
    Ended,
    EngineOpening,
    Happening,
    LegId,
    Lost,
)
from tests.services.asterisk import PASSWORD, USER, Asterisk

WAIT_S = 10.0
SENDER = "+442079460123"
CARRIER = CarrierId("car_asterisk")
QUICK = Timing(connect_s=0.1, connect_max_s=0.5, replaced_s=0.5)
_numbers = count(1)

H = TypeVar("H", bound=Happening)


class Heard:
    """What an engine reports."""

    def __init__(self) -> None:
        self.all: list[Happening] = []
        self._news = asyncio.Event()

    def happened(self, carrier_id: CarrierId, happenings: Sequence[Happening]) -> None:
        assert carrier_id == CARRIER
        self.all += happenings
        self._news.set()

    def of(self, kind: type[H]) -> list[H]:
        return [one for one in self.all if isinstance(one, kind)]

    def of_leg(self, leg_id: LegId) -> list[str]:
        """The kinds of all that happened to it, in order."""
        return [type(one).__name__ for one in self.all if getattr(one, "leg_id", "") == leg_id]

    async def wait_for(self, kind: type[H], fits: Callable[[H], bool] = lambda _: True) -> H:
        """The first that fits."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for one in self.of(kind):
                    if fits(one):
                        return one
                self._news.clear()
                await self._news.wait()


class Rig:
    """The engine with its reports."""

    def __init__(self, engine: AsteriskEngine, heard: Heard, asterisk: Asterisk) -> None:
        self.engine, self.heard, self.asterisk = engine, heard, asterisk

    def dial(self, to: str, *, ring_timeout_s: float = 10.0, name: str | None = None) -> LegId:
        leg_id = LegId(f"leg_{next(_numbers)}")
        self.engine.dial(Dial(leg_id, to, SENDER, name, ring_timeout_s))
        return leg_id

    async def answered(self, to: str) -> LegId:
        """A leg that somebody has answered."""
        leg_id = self.dial(to)
        await self.heard.wait_for(Answered, lambda one: one.leg_id == leg_id)
        return leg_id

    async def ended(self, leg_id: LegId) -> Ended:
        found = await self.heard.wait_for(Ended, lambda one: one.leg_id == leg_id)
        assert self.heard.of_leg(leg_id).count("Ended") == 1
        return found

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not is_so():  # noqa: ASYNC110 - a state that nobody announces
                await asyncio.sleep(0.01)

    async def until_bound(self, times: int = 1) -> None:
        """Connected so many times, and its state looked up."""
        await self.heard.wait_for(Lost, lambda _: len(self.heard.of(Lost)) >= times)
        assert self.engine.is_up


@asynccontextmanager
async def opened(
    asterisk: Asterisk, folder: Path, timing: Timing = QUICK, **settings: object
) -> AsyncIterator[Rig]:
    """An engine that is connected."""
    async with unconnected(asterisk, folder, timing, **settings) as rig:
        await rig.until_bound()
        yield rig


@asynccontextmanager
async def unconnected(
    asterisk: Asterisk, folder: Path, timing: Timing = QUICK, *, password: str = PASSWORD,
    trunk_password: str = "", **settings: object,
) -> AsyncIterator[Rig]:  # fmt: skip
    heard = Heard()
    values = {
        "url": asterisk.url,
        "user": USER,
        "media_dir": str(asterisk.media),
        "media_dir_there": f"{asterisk.there}/media",
    }
    opening = EngineOpening(CARRIER, "node", heard, SystemClock(), folder)
    secrets = {"password": password, "trunk_password": trunk_password}
    engine = AsteriskEngine(
        AsteriskSettings.model_validate(values | settings), secrets, opening, timing
    )
    try:
        yield Rig(engine, heard, asterisk)
    finally:
        await engine.close()


def samples(path: Path) -> list[Sequence[int]]:
    """The channels of a WAV file of 8 kHz and 16 bit."""
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getsampwidth()) == (8_000, 2)
        whole = array("h", file.readframes(file.getnframes()))
        return [whole[number :: file.getnchannels()] for number in range(file.getnchannels())]


def loudness(sound: Sequence[int], hertz: int) -> float:
    """How much of this tone there is, as the amplitude of its sine (Goertzel)."""
    step = 2 * pi * hertz / 8_000
    real = sum(one * cos(step * n) for n, one in enumerate(sound))
    imaginary = sum(one * sin(step * n) for n, one in enumerate(sound))
    return 2 * hypot(real, imaginary) / max(1, len(sound))
