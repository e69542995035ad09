"""The legs of one sandbox engine and what becomes of them, reported in order.

A leg is rung, answered and ended at most once each, whoever comes first: what is too late does
nothing. Reports are handed over after the command that caused them has returned.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Literal

from hookline.clock import Clock
from hookline.ids import CarrierId
from hookline.storage.callbacks import call_safely
from hookline.voice.audio.tones import DIGIT_MS, digit_tone
from hookline.voice.port import (
    Answered,
    BridgeId,
    Cause,
    Digit,
    Ended,
    Happening,
    LegId,
    Ringing,
    VoiceReports,
)
from hookline.voice.sandbox.sound import HeldSound, Track

if TYPE_CHECKING:
    from hookline.voice.sandbox.callee import Callee
    from hookline.voice.sandbox.playing import Playback

By = Literal["us", "them", "network"]


class Phase(StrEnum):
    """How far a leg has come."""

    DIALLED = "dialled"
    RINGING = "ringing"
    CAME_IN = "came_in"
    UP = "up"
    GONE = "gone"


@dataclass(slots=True, eq=False)
class Leg:
    """One leg. `says` is what its other side says, `hears` what is played to it."""

    leg_id: LegId
    callee: "Callee"
    other: str
    """The number of the other side."""
    shown: str
    """The number that the other side sees."""
    phase: Phase
    bridge_id: BridgeId | None = None
    says: Track = field(default_factory=Track)
    hears: Track = field(default_factory=Track)
    playbacks: "deque[Playback]" = field(default_factory=deque)
    timers: set[asyncio.TimerHandle] = field(default_factory=set)

    @property
    def is_up(self) -> bool:
        return self.phase is Phase.UP


class Switchboard:
    """Knows the legs; the only place that changes how far they have come."""

    def __init__(self, carrier_id: CarrierId, reports: VoiceReports, clock: Clock) -> None:
        self.legs: dict[LegId, Leg] = {}
        self.when_answered: list[Callable[[Leg], None]] = []
        self.when_ended: list[Callable[[Leg], None]] = []
        self.began = 0
        """Legs since it was opened."""
        self._carrier_id = carrier_id
        self._reports = reports
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Happening] = []

    def now_s(self) -> float:
        """The loop's time, which sounds are placed by."""
        return self._loop.time()

    def add(self, leg: Leg) -> None:
        self.legs[leg.leg_id] = leg
        self.began += 1

    def those_of(self, leg_ids: Iterable[LegId]) -> list[Leg]:
        """Those that are there."""
        return [leg for leg_id in leg_ids if (leg := self.legs.get(leg_id)) is not None]

    def later(self, leg: Leg, delay_s: float, act: Callable[[], None]) -> asyncio.TimerHandle:
        """Do it then, unless the leg is gone by then or the handle is cancelled."""

        def due() -> None:
            leg.timers.discard(handle)
            act()

        handle = self._loop.call_later(delay_s, due)
        leg.timers.add(handle)
        return handle

    def forget(self, leg: Leg, handle: asyncio.TimerHandle | None) -> None:
        """Do not do it; harmless when it is done."""
        if handle is not None:
            handle.cancel()
            leg.timers.discard(handle)

    def ring(self, leg: Leg) -> None:
        if leg.phase is Phase.DIALLED:
            leg.phase = Phase.RINGING
            self.report(Ringing(leg.leg_id, self._clock.now_ms()))

    def answer(self, leg: Leg) -> None:
        if leg.phase in (Phase.GONE, Phase.UP):
            return
        leg.phase = Phase.UP
        self.report(Answered(leg.leg_id, self._clock.now_ms()))
        leg.callee.answered(leg)
        for told in self.when_answered:
            told(leg)

    def end(
        self,
        leg: Leg,
        cause: Cause,
        by: By | None,
        *,
        sip_code: int | None = None,
        detail: str | None = None,
    ) -> None:
        """The leg is gone; only the first time counts."""
        if leg.phase is Phase.GONE:
            return
        leg.phase = Phase.GONE
        self.legs.pop(leg.leg_id, None)
        for handle in leg.timers:
            handle.cancel()
        leg.timers.clear()
        for track in (leg.says, leg.hears):
            track.cut(self.now_s())
        self.report(Ended(leg.leg_id, self._clock.now_ms(), cause, by, sip_code, detail))
        leg.callee.ended(leg, cause, by)
        for told in self.when_ended:
            told(leg)

    def press(self, leg: Leg, digit: str) -> None:
        """The other side presses a key, which is heard, too."""
        if leg.is_up:
            now_s = self.now_s()
            leg.says.put(now_s, HeldSound(digit_tone(digit)), start_s=now_s)
            self.report(Digit(leg.leg_id, self._clock.now_ms(), digit, DIGIT_MS))

    def report(self, happening: Happening) -> None:
        if not self._waiting:
            self._loop.call_soon(self.flush)
        self._waiting.append(happening)

    def flush(self) -> None:
        """Hand over what waits; it is empty when nothing does."""
        happenings, self._waiting = self._waiting, []
        if happenings:
            call_safely(partial(self._reports.happened, self._carrier_id, happenings))
