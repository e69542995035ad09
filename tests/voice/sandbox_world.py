"""The sandbox as a world of the port's tests: its special recipients, and its virtual phones."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hookline.clock import SystemClock
from hookline.ids import CarrierId
from hookline.voice.port import Dial, EngineOpening, LegId, Tone
from hookline.voice.sandbox.engine import SandboxEngine, Surroundings
from hookline.voice.sandbox.phones import PhoneCall, PhoneCallState, PhoneId, VirtualPhones
from hookline.voice.sandbox.recipients import Pace
from tests.voice.world import PATIENCE_S, Reports, new_id

CARRIER = CarrierId("sandbox")
PHONES = ("+12025550110", "+12025550111")
QUICK = Pace(answer_s=0.02, hang_up_s=0.05, ring_s=0.005, refuse_s=0.01, press_s=0.01, digit_s=0.01)


def find_phone(dial: Dial) -> PhoneId | None:
    return PhoneId(dial.to) if dial.to in PHONES else None


def new_leg_id() -> LegId:
    return LegId(new_id("in"))


def text_of(path: Path) -> str | None:
    return None


@dataclass
class SandboxPhone:
    """A virtual phone whose newest call is the one that is meant."""

    phones: VirtualPhones
    address: str
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.phones.watch(lambda _: self._more.set())

    async def rings(self) -> None:
        await self._until(lambda call: call.state is PhoneCallState.RINGING)

    async def answer(self) -> None:
        self.phones.answer(self._call().leg_id)

    async def decline(self) -> None:
        self.phones.decline(self._call().leg_id)

    async def hang_up(self) -> None:
        self.phones.hang_up(self._call().leg_id)

    async def is_over(self) -> None:
        await self._until(lambda call: call.state is PhoneCallState.ENDED)

    async def press(self, digits: str) -> None:
        for digit in digits:
            self.phones.press(self._call().leg_id, digit)

    async def speak(self, hertz: int, milliseconds: int) -> None:
        self.phones.speak(self._call().leg_id, Tone(hertz, milliseconds))
        await asyncio.sleep(milliseconds / 1_000)

    async def hears_tone(self, hertz: int) -> None:
        said = f"{hertz} Hz"
        await self._until(lambda call: any(item.text.startswith(said) for item in call.heard))

    async def hears_digits(self, digits: str) -> None:
        await self._until(lambda call: _digits_in(call) == digits)

    async def call(self, number: str) -> None:
        self.phones.call(CARRIER, PhoneId(self.address), sender=self.address, recipient=number)

    def _call(self) -> PhoneCall:
        return self.phones.list_calls(PhoneId(self.address))[0]

    async def _until(self, is_so: Callable[[PhoneCall], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not any(map(is_so, self.phones.list_calls(PhoneId(self.address))[:1])):
                self._more.clear()
                await self._more.wait()


def _digits_in(call: PhoneCall) -> str:
    return "".join(item.text for item in call.heard if item.kind == "digit")


@dataclass
class SandboxWorld:
    """The engine in this process."""

    folder: Path
    pace: Pace = QUICK
    heard: Reports = field(default_factory=Reports)
    busy: str = "+15005550007"
    declining: str = "+15005550009"
    silent: str = "+15005550008"
    unknown: str = "+1"
    troubled: str = "+15005550011"
    legs_max: int = 1_000

    def __post_init__(self) -> None:
        self._clock = SystemClock()
        self.phones = VirtualPhones(self._clock)
        self._free = list(PHONES)
        self.engine = self._open()

    async def phone(self) -> SandboxPhone:
        return SandboxPhone(self.phones, self._free.pop(0))

    async def reopen(self) -> None:
        await self.engine.close()
        self.engine = self._open()

    def _open(self) -> SandboxEngine:
        around = Surroundings(
            phones=self.phones,
            find_phone=find_phone,
            new_leg_id=new_leg_id,
            legs_max=self.legs_max,
            text_of=text_of,
            pace=self.pace,
        )
        opening = EngineOpening(CARRIER, "node", self.heard, self._clock, self.folder)
        return SandboxEngine(opening, around)


@asynccontextmanager
async def open_sandbox(
    _request: pytest.FixtureRequest, folder: Path
) -> AsyncIterator[SandboxWorld]:
    world = SandboxWorld(folder)
    yield world
    await world.engine.close()
