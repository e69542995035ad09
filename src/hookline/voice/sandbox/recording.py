"""Records legs into WAV files, 20 ms at a time.

One timer moves all recordings of an engine, and only while there is one. What is heard is looked up
by the time at which it is heard, so that a late timer loses nothing.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from hookline.clock import Clock
from hookline.telemetry.logs import get_logger
from hookline.voice.audio.samples import (
    FRAME_S,
    RATE_HZ,
    SILENT_FRAME,
    Samples,
    interleave,
    mix_frames,
)
from hookline.voice.audio.wav import WavWriter
from hookline.voice.port import Record, RecordingEnded, RecordingId, Tone
from hookline.voice.sandbox.bridges import Bridges
from hookline.voice.sandbox.sound import ToneSound
from hookline.voice.sandbox.switchboard import Leg, Phase, Switchboard

log = get_logger(__name__)

_TICK_S = 0.1
"""Five frames at once cost less than one five times, and nobody listens to a recording live."""
_BEEP = Tone(1_000, 200)
_EMPTY = "Nothing was recorded: the recording ended before it had any sound."
Frame = Samples | None


@dataclass(slots=True, eq=False)
class _Recording:
    record: Record
    legs: tuple[Leg, ...]
    writer: WavWriter
    next_s: float
    """The time of the frame that is written next."""
    changes: list[tuple[float, bool]] = field(default_factory=list)
    """From when on it was paused, or not, that were not reached yet."""
    is_paused: bool = False


class Recorder:
    """The recordings of one engine. Each ends with exactly one RecordingEnded."""

    def __init__(self, switchboard: Switchboard, bridges: Bridges, clock: Clock) -> None:
        self._board = switchboard
        self._bridges = bridges
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._recordings: dict[RecordingId, _Recording] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._finishing: set[asyncio.Task[None]] = set()
        switchboard.when_ended.append(self._leg_ended)

    def record(self, record: Record) -> None:
        """From now on. Without its legs there is nothing to record."""
        if record.recording_id in self._recordings:
            return
        legs = tuple(self._board.those_of(record.legs))
        if len(legs) < len(record.legs) or not legs:
            self._report(record, "The leg had ended before.")
            return
        try:
            writer = WavWriter(record.path, channels=2 if record.layout == "dual" else 1)
        except OSError as error:
            self._report(record, _why(error))
            return
        now_s = self._board.now_s()
        self._recordings[record.recording_id] = _Recording(record, legs, writer, now_s)
        if record.beep:
            for leg in legs:
                leg.hears.put(now_s, ToneSound(_BEEP), start_s=now_s)
        self._arm()

    def pause(self, recording_id: RecordingId) -> None:
        """What is heard from now on is left out."""
        self._change(recording_id, is_paused=True)

    def resume(self, recording_id: RecordingId) -> None:
        self._change(recording_id, is_paused=False)

    def stop(self, recording_id: RecordingId) -> None:
        recording = self._recordings.get(recording_id)
        if recording is not None:
            self._advance(recording)
            self._finish(recording)

    async def close(self) -> None:
        """Stop them all; returns when their files are complete."""
        for recording_id in tuple(self._recordings):
            self.stop(recording_id)
        if self._timer is not None:
            self._timer.cancel()
        while self._finishing:
            await asyncio.gather(*self._finishing)

    def _change(self, recording_id: RecordingId, *, is_paused: bool) -> None:
        recording = self._recordings.get(recording_id)
        if recording is not None:
            recording.changes.append((self._board.now_s(), is_paused))

    def _leg_ended(self, leg: Leg) -> None:
        for recording in tuple(self._recordings.values()):
            if leg in recording.legs and all(other.phase is Phase.GONE for other in recording.legs):
                self.stop(recording.record.recording_id)

    def _arm(self) -> None:
        if self._timer is None and self._recordings:
            self._timer = self._loop.call_later(_TICK_S, self._tick)

    def _tick(self) -> None:
        self._timer = None
        for recording in tuple(self._recordings.values()):
            self._advance(recording)
        self._arm()

    def _advance(self, recording: _Recording) -> None:
        """Write what was heard until now; an ended recording has nothing more to write."""
        now_s = self._board.now_s()
        frames_max = recording.record.max_s * RATE_HZ
        try:
            while recording.next_s + FRAME_S <= now_s:
                self._write(recording)
                if recording.writer.frames >= frames_max:
                    self._finish(recording)
                    return
        except OSError as error:
            self._fail(recording, error)

    def _write(self, recording: _Recording) -> None:
        at_s, recording.next_s = recording.next_s, recording.next_s + FRAME_S
        while recording.changes and recording.changes[0][0] <= at_s:
            recording.is_paused = recording.changes.pop(0)[1]
        if recording.is_paused:
            return
        first, other = self._sides(recording, at_s)
        if recording.record.layout == "dual":
            left = SILENT_FRAME if first is None else first
            right = SILENT_FRAME if other is None else other
            recording.writer.write(interleave(left, right))
        else:
            recording.writer.write(mix_frames([side for side in (first, other) if side]))

    def _sides(self, recording: _Recording, at_s: float) -> tuple[Frame, Frame]:
        """What the first leg says; and what the others say, or for a leg alone what it hears.

        With all in one channel, what the first leg is played is there in either case.
        """
        first, *others = recording.legs
        speakers = others or self._bridges.others(first)
        heard = [other.says.frame_at(at_s) for other in speakers]
        if not others or recording.record.layout == "mono":
            heard.append(first.hears.frame_at(at_s))
        sounding = [frame for frame in heard if frame]
        return first.says.frame_at(at_s), mix_frames(sounding) if sounding else None

    def _finish(self, recording: _Recording) -> None:
        if recording.writer.frames:
            self._finish_by(recording, recording.writer.finish, None)
        else:
            self._finish_by(recording, recording.writer.discard, _EMPTY)

    def _fail(self, recording: _Recording, error: OSError) -> None:
        log.error("recording_failed", recording_id=recording.record.recording_id, reason=str(error))
        self._finish_by(recording, recording.writer.discard, _why(error))

    def _finish_by(
        self, recording: _Recording, act: Callable[[], None], detail: str | None
    ) -> None:
        if self._recordings.pop(recording.record.recording_id, None) is None:
            return
        task = self._loop.create_task(self._complete(recording, act, detail))
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)

    async def _complete(
        self, recording: _Recording, act: Callable[[], None], detail: str | None
    ) -> None:
        """The disk may take its time: in a thread."""
        try:
            await asyncio.to_thread(act)
        except OSError as error:
            detail = _why(error)
            await asyncio.to_thread(recording.writer.discard)
        self._report(recording.record, detail)

    def _report(self, record: Record, detail: str | None) -> None:
        now_ms = self._clock.now_ms()
        self._board.report(RecordingEnded(record.recording_id, now_ms, detail is None, detail))


def _why(error: OSError) -> str:
    return f"The recording could not be written: {error.strerror or error}."
