"""Recordings: made by Asterisk of channels that listen in, then fetched and put together here."""

import asyncio
import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from hookline.voice.asterisk.errors import AriError, AriGone
from hookline.voice.asterisk.joining import join
from hookline.voice.asterisk.playing import Playing
from hookline.voice.asterisk.switch import Switch
from hookline.voice.asterisk.takes import Take, Track, plan_tracks
from hookline.voice.errors import AudioUnreadable
from hookline.voice.port import PlaybackId, Record, RecordingEnded, RecordingId, Tone

_BEEP = Tone(1_000, 250)
_STEP_S = 5.0
_SPARE_S = 2
"""Asterisk counts whole seconds, roughly: its limit is for when we are gone by then."""
_NO_LEG = "The leg had ended before the recording began."
_SLOW = "Asterisk did not begin to record in time."
SPOOL = (
    "Asterisk could not record. Make its folder `recording` (/var/spool/asterisk/recording, which "
    "Debian's package lacks) and give it to Asterisk's user; check that the disk is not full."
)
_EMPTY = "Nothing was recorded: the recording ended before it had any sound."
_GONE = "Asterisk does not have the recording any more: it was restarted or cleaned up meanwhile."


class Recording:
    """The recordings of one Asterisk, each of which is reported once."""

    def __init__(self, switch: Switch, playing: Playing) -> None:
        self._switch = switch
        self._playing = playing
        self._takes: dict[RecordingId, Take] = {}
        self._tracks: dict[str, tuple[Take, Track]] = {}

    # --- commands -----------------------------------------------------------------------------

    def record(self, record: Record) -> None:
        recording_id = record.recording_id
        if recording_id in self._takes:
            return
        tracks = tuple(
            Track(self._switch.names.snoop(recording_id, number), leg_id, spy)
            for number, (leg_id, spy) in enumerate(plan_tracks(record))
        )
        take = self._takes[recording_id] = Take(record, tracks)
        self._tracks |= {track.name: (take, track) for track in tracks}
        self._switch.in_turn(take.turn, partial(self._begin, take), partial(self._fail, take))

    def pause(self, recording_id: RecordingId) -> None:
        self._each_track(recording_id, "POST", "pause")

    def resume(self, recording_id: RecordingId) -> None:
        self._each_track(recording_id, "DELETE", "pause")

    def stop(self, recording_id: RecordingId) -> None:
        take = self._takes.get(recording_id)
        if take is not None and not (take.is_stopped or take.is_over):
            take.is_stopped = True
            self._each_track(recording_id, "POST", "stop")

    def has(self, name: str) -> bool:
        """Whether the channel of this name listens in for a recording that is under way."""
        return name in self._tracks

    def lose(self, detail: str) -> None:
        """Nothing will be heard of them any more."""
        for take in tuple(self._takes.values()):
            self._end(take, detail)

    # --- what Asterisk tells ------------------------------------------------------------------

    def on_stasis_start(self, channel_id: str) -> None:
        """The channel that listens in is ready."""
        found = self._tracks.get(channel_id)
        if found is not None:
            found[1].listens.set()

    def on_destroyed(self, channel_id: str) -> None:
        """The channel that listens in has ended, mostly with the leg."""
        found = self._tracks.get(channel_id)
        if found is not None:
            found[1].is_deaf = True

    def on_started(self, event: Mapping[str, Any]) -> None:  # Any: JSON
        """RecordingStarted."""
        found = self._tracks.get(event["recording"]["name"])
        if found is not None and found[1].began_at is None:
            found[1].began_at = self._switch.now()

    def on_ended(self, event: Mapping[str, Any]) -> None:  # Any: JSON
        """RecordingFinished and RecordingFailed."""
        found = self._tracks.get(event["recording"]["name"])
        if found is not None:
            take, track = found
            if event["type"] == "RecordingFailed":
                said = event["recording"].get("cause")
                track.failure = f"{SPOOL} It said: {said}." if said else SPOOL
            self._track_over(take, track)

    async def look_again(self) -> None:
        """After events were lost: what Asterisk does not record any more has ended."""
        for take, track in tuple(self._tracks.values()):
            is_under_way = take.is_begun and not track.is_over
            if is_under_way and not await self._switch.ari.has(f"recordings/live/{track.name}"):
                self._track_over(take, track)

    # --- how it goes --------------------------------------------------------------------------

    async def _begin(self, take: Take) -> None:
        record, ari = take.record, self._switch.ari
        if any(self._switch.legs.find(track.leg_id) is None for track in take.tracks):
            raise AriGone(_NO_LEG)
        if record.beep:
            await self._beep(take)
        for track in take.tracks:
            await self._listen_in(track)
        for track in take.tracks:
            if take.is_stopped:
                raise AriError(_EMPTY)
            await ari.post(f"channels/{track.name}/record", _order(record, track.name))
        take.is_begun = True
        stop = partial(self.stop, record.recording_id)
        take.timer = asyncio.get_running_loop().call_later(record.max_s, stop)

    async def _beep(self, take: Take) -> None:
        leg = self._switch.legs.find(take.tracks[0].leg_id)
        if leg is not None:
            playback_id = PlaybackId(f"beep-{take.record.recording_id}")
            try:
                async with asyncio.timeout(_STEP_S):
                    await self._playing.play_for_us(leg, playback_id, _BEEP)
            except TimeoutError:
                return  # behind a long playback: better recorded without a beep than not

    async def _listen_in(self, track: Track) -> None:
        leg = self._switch.legs.find(track.leg_id)
        if leg is None:
            raise AriGone(_NO_LEG)
        params = {"spy": track.spy, "whisper": "none", "app": self._switch.ari.application}
        await self._switch.ari.post(f"channels/{leg.channel_id}/snoop/{track.name}", params)
        try:
            async with asyncio.timeout(_STEP_S):
                await track.listens.wait()
        except TimeoutError as error:
            raise AriError(_SLOW) from error

    def _each_track(self, recording_id: RecordingId, method: str, verb: str) -> None:
        take = self._takes.get(recording_id)
        if take is None:
            return

        async def work() -> None:
            for track in take.tracks:
                await self._switch.ari.send(method, f"recordings/live/{track.name}/{verb}")

        self._switch.in_turn(take.turn, work)

    def _track_over(self, take: Take, track: Track) -> None:
        track.is_over = True
        if take.is_over and not take.is_ending:
            take.is_ending = True
            self._switch.in_turn(take.turn, partial(self._keep, take), partial(self._fail, take))

    async def _keep(self, take: Take) -> None:
        """Fetch, put together, and leave nothing on Asterisk."""
        failures = [track.failure for track in take.tracks if track.failure]
        if failures:
            raise AriError(failures[0])
        target = take.record.path
        parts = [
            target.with_name(f"{target.name}.{number}.part") for number in range(len(take.tracks))
        ]
        try:
            for track, part in zip(take.tracks, parts, strict=True):
                await self._fetch(track, part)
            if not await asyncio.to_thread(join, parts, take.delays_ms(), target):
                raise AriError(_EMPTY)
        except OSError as error:
            raise AriError(
                f"The recording cannot be kept: {error.strerror} ({error.filename})."
            ) from error
        except AudioUnreadable as error:
            raise AriError(error.detail) from error
        finally:
            for part in parts:
                part.unlink(missing_ok=True)
        self._end(take, None)

    async def _fetch(self, track: Track, part: Path) -> None:
        try:
            await self._switch.ari.fetch(f"recordings/stored/{track.name}/file", part)
        except AriGone as error:
            raise AriError(_GONE) from error

    def _fail(self, take: Take, error: AriError) -> None:
        is_begun = take.is_begun or isinstance(error, AriGone)
        detail = error.detail if is_begun or "HTTP 500" not in error.detail else SPOOL
        self._end(take, detail)

    def _end(self, take: Take, failure: str | None) -> None:
        if self._takes.pop(take.record.recording_id, None) is None:
            return
        if take.timer is not None:
            take.timer.cancel()
        for track in take.tracks:
            self._tracks.pop(track.name, None)
            self._switch.begin(self._tidy(track))
        self._switch.report(
            RecordingEnded(take.record.recording_id, self._switch.now(), failure is None, failure)
        )

    async def _tidy(self, track: Track) -> None:
        channels = () if track.is_deaf else (f"channels/{track.name}",)
        for path in (*channels, f"recordings/stored/{track.name}"):
            try:
                await self._switch.ari.delete(path)
            except AriGone:
                continue


def _order(record: Record, name: str) -> dict[str, str | int]:
    return {
        "name": name,
        "format": "wav",
        "maxDurationSeconds": math.ceil(record.max_s) + _SPARE_S,
        "ifExists": "overwrite",
        "beep": "false",
        "terminateOn": "none",
    }
