"""An engine, media and an answer URL that only do what the test says, at the ports of the call room."""

import asyncio
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from hookline.calls.model import Call
from hookline.clock import Clock
from hookline.errors import HooklineError
from hookline.ids import CarrierId
from hookline.numbers.call_actions import Action, Play, Say
from hookline.telemetry.link_state import LinkPhase, LinkState
from hookline.voice import port
from hookline.voice.audio.tones import tone
from hookline.voice.audio.wav import write_wav
from hookline.voice.port import (
    BridgeId,
    Cause,
    Dial,
    LegId,
    Media,
    PlaybackId,
    Record,
    RecordingId,
)

NUMBER = "+12025550190"
TO = "+447700900123"
PATIENCE_S = 10.0
"""Only a failing test ever waits as long."""


class PlayedEngine:
    """An engine that only does what the test says, and remembers what it was told."""

    is_up: bool = True

    def __init__(self, carrier_id: CarrierId, reports: port.VoiceReports, clock: Clock) -> None:
        self.carrier_id = carrier_id
        self._reports = reports
        self._clock = clock
        self.told: list[tuple[str, Any]] = []
        self.legs: list[LegId] = []
        self.records: dict[RecordingId, Record] = {}
        self.reconciled: list[set[LegId]] = []
        self._changed = asyncio.Event()

    def _tell(self, name: str, value: Any) -> None:
        self.told.append((name, value))
        self._changed.set()

    def dial(self, dial: Dial) -> None:
        self.legs.append(dial.leg_id)
        self._tell("dial", dial)

    def answer(self, leg_id: LegId) -> None:
        self._tell("answer", leg_id)

    def hang_up(self, leg_id: LegId, cause: Cause = Cause.NORMAL) -> None:
        self._tell("hang_up", (leg_id, cause))

    def play(self, leg_id: LegId, playback_id: PlaybackId, media: Sequence[Media]) -> None:
        self._tell("play", (leg_id, playback_id, tuple(media)))

    def stop_playing(self, playback_id: PlaybackId) -> None:
        self._tell("stop_playing", playback_id)

    def send_digits(self, leg_id: LegId, digits: str) -> None:
        self._tell("send_digits", (leg_id, digits))

    def bridge(self, bridge_id: BridgeId, legs: Sequence[LegId]) -> None:
        self._tell("bridge", tuple(legs))

    def unbridge(self, bridge_id: BridgeId) -> None:
        self._tell("unbridge", bridge_id)

    def record(self, record: Record) -> None:
        self.records[record.recording_id] = record
        self._tell("record", record)

    def pause_recording(self, recording_id: RecordingId) -> None:
        self._tell("pause", recording_id)

    def resume_recording(self, recording_id: RecordingId) -> None:
        self._tell("resume", recording_id)

    def stop_recording(self, recording_id: RecordingId) -> None:
        self._tell("stop", recording_id)

    def reconcile(self, known: Collection[LegId]) -> None:
        self.reconciled.append(set(known))

    def state(self) -> LinkState:
        return LinkState(phase=LinkPhase.BOUND, since=0)

    async def close(self) -> None:
        """Nothing is open."""

    # --- what the test looks at and plays ---------------------------------------------------------

    def all_told(self, name: str) -> list[Any]:
        return [value for told, value in self.told if told == name]

    async def telling(self, name: str, count: int = 1) -> Any:
        """The latest of these commands, once there have been so many."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.all_told(name)) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.all_told(name)[count - 1]

    def happened(self, *happenings: port.Happening) -> None:
        self._reports.happened(self.carrier_id, happenings)

    def ring(self, leg_id: LegId) -> None:
        self.happened(port.Ringing(leg_id, self._clock.now_ms()))

    def pick_up(self, leg_id: LegId) -> None:
        self.happened(port.Answered(leg_id, self._clock.now_ms()))

    def end(
        self, leg_id: LegId, cause: Cause = Cause.NORMAL, by: Any = "them", **more: Any
    ) -> None:
        self.happened(port.Ended(leg_id, self._clock.now_ms(), cause, by, **more))

    def press(self, leg_id: LegId, digits: str) -> None:
        self.happened(*[port.Digit(leg_id, self._clock.now_ms(), digit) for digit in digits])

    def played(self, playback: tuple[LegId, PlaybackId, Any], *, is_played: bool = True) -> None:
        leg_id, playback_id, _ = playback
        now = self._clock.now_ms()
        self.happened(port.PlaybackEnded(leg_id, now, playback_id, is_played))

    def recorded(self, recording_id: RecordingId, *, is_kept: bool = True) -> None:
        """The recording has ended; a second of sound lies in its file."""
        record = self.records[recording_id]
        if is_kept:
            channels = 2 if record.layout == "dual" else 1
            write_wav(record.path, tone(425, 1_000), channels=channels)
        self.happened(port.RecordingEnded(recording_id, self._clock.now_ms(), is_kept))

    def come_in(self, sender: str = TO, recipient: str = NUMBER, name: str | None = None) -> LegId:
        leg_id = LegId(f"leg_played{len(self.legs)}")
        self.legs.append(leg_id)
        self.happened(port.CameIn(leg_id, self._clock.now_ms(), sender, recipient, name))
        return leg_id


class PlayedMedia:
    """Names a file after what is to be heard; it fails for what the test has put into `missing`."""

    def __init__(self) -> None:
        self.missing: set[str] = set()

    async def get(self, source: Say | Play) -> Path:
        what = source.text if isinstance(source, Say) else source.url
        if what in self.missing:
            raise HooklineError("There is no such sound.")
        return Path(what)


class PlayedAnswers:
    """What the answer URL says, by turns; it fails when the test has said nothing."""

    def __init__(self) -> None:
        self.actions: list[list[Action]] = []
        self.asked: list[tuple[str, str, str | None]] = []

    async def ask(self, call: Call, url: str, event: str, digits: str | None) -> list[Action]:
        self.asked.append((url, event, digits))
        if not self.actions:
            raise HooklineError("It answered 500.")
        return self.actions.pop(0)
