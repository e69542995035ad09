"""What the tests of every voice engine need beside the port: the other side, and what was reported.

A world is an open engine and the phones that it can reach. The same tests run on each of them.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Protocol, TypeVar

from hookline.ids import CarrierId
from hookline.voice.port import (
    Answered,
    CameIn,
    Dial,
    Digit,
    Ended,
    Engine,
    Happening,
    LegId,
    PlaybackEnded,
    RecordingEnded,
    RecordingId,
    Ringing,
)

PATIENCE_S = 10.0
OURS = "+12025550100"
Kind = TypeVar("Kind", bound=Happening)
_numbers = count(1)


def new_id(prefix: str) -> str:
    """Of a leg, playback, bridge or recording; no two tests share one."""
    return f"{prefix}_{token_hex(4)}{next(_numbers)}"


@dataclass
class Reports:
    """The call room's side of the port, which only remembers."""

    happenings: list[Happening] = field(default_factory=list)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def happened(self, carrier_id: CarrierId, happenings: Sequence[Happening]) -> None:
        self.happenings.extend(happenings)
        self._more.set()

    def of(self, leg_id: LegId) -> list[Happening]:
        return [known for known in self.happenings if getattr(known, "leg_id", None) == leg_id]

    def ends_of(self, leg_id: LegId) -> list[Ended]:
        return [known for known in self.of(leg_id) if isinstance(known, Ended)]

    def digits_of(self, leg_id: LegId) -> str:
        return "".join(known.digit for known in self.of(leg_id) if isinstance(known, Digit))

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Returns as soon as what was reported makes it so."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self._more.clear()
                await self._more.wait()

    async def hearing(self, kind: type[Kind], is_it: Callable[[Kind], bool]) -> Kind:
        """The first report of this kind that is meant, once it is there."""
        found: list[Kind] = []

        def is_there() -> bool:
            found[:] = [item for item in self.happenings if isinstance(item, kind) and is_it(item)]
            return bool(found)

        await self.until(is_there)
        return found[0]

    async def ringing(self, leg_id: LegId) -> Ringing:
        return await self.hearing(Ringing, lambda item: item.leg_id == leg_id)

    async def answered(self, leg_id: LegId) -> Answered:
        return await self.hearing(Answered, lambda item: item.leg_id == leg_id)

    async def ended(self, leg_id: LegId) -> Ended:
        return await self.hearing(Ended, lambda item: item.leg_id == leg_id)

    async def played(self, playback_id: str) -> PlaybackEnded:
        return await self.hearing(PlaybackEnded, lambda item: item.playback_id == playback_id)

    async def recorded(self, recording_id: RecordingId) -> RecordingEnded:
        return await self.hearing(RecordingEnded, lambda item: item.recording_id == recording_id)

    async def came_in(self, recipient: str) -> CameIn:
        return await self.hearing(CameIn, lambda item: item.recipient == recipient)


class Phone(Protocol):
    """One phone, and the person at it. Every act waits until it can be done."""

    address: str
    """What is dialled to ring it."""

    async def rings(self) -> None:
        """Returns when it rings."""
        ...

    async def answer(self) -> None: ...

    async def decline(self) -> None: ...

    async def hang_up(self) -> None: ...

    async def is_over(self) -> None:
        """Returns when the phone is on the hook again."""
        ...

    async def press(self, digits: str) -> None: ...

    async def speak(self, hertz: int, milliseconds: int) -> None:
        """Say a tone into the phone; returns when it was said."""
        ...

    async def hears_tone(self, hertz: int) -> None:
        """Returns when the tone came, or had come, out of the phone."""
        ...

    async def hears_digits(self, digits: str) -> None:
        """Returns when these keys of ours, and no other, have been heard."""
        ...

    async def call(self, number: str) -> None:
        """Call one of our numbers; does not wait for an answer."""
        ...


class World(Protocol):
    """An open engine, and whom it can reach."""

    engine: Engine
    heard: Reports
    folder: Path
    """For recordings and prompts."""
    busy: str
    """An address that is always busy; those that follow always do what they are called, too."""
    declining: str
    silent: str
    """It rings, and nobody answers."""
    unknown: str
    """Nobody has it; NOT_FOUND or UNAVAILABLE."""
    troubled: str
    """The carrier fails with 503."""

    async def phone(self) -> Phone:
        """A phone that is on the hook and waits; up to two in a test."""
        ...

    async def reopen(self) -> None:
        """Close the engine and open another one, as a restart of the program does."""
        ...


OpenWorld = Callable[..., AbstractAsyncContextManager[World]]
"""Takes pytest's request and a folder."""


def dial(world: World, to: str, *, ring_timeout_s: float = 30.0) -> LegId:
    leg_id = LegId(new_id("leg"))
    world.engine.dial(Dial(leg_id, to, OURS, ring_timeout_s=ring_timeout_s))
    return leg_id


async def connect(world: World) -> tuple[LegId, Phone]:
    """A leg that a person at a phone has answered."""
    phone = await world.phone()
    leg_id = dial(world, phone.address)
    await phone.rings()
    await phone.answer()
    await world.heard.answered(leg_id)
    return leg_id, phone
