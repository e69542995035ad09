"""Plays to a leg, one playback after the other, each as long as its sound."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from hookline.clock import Clock
from hookline.voice.audio.tones import digit_tones
from hookline.voice.errors import AudioUnreadable
from hookline.voice.port import DIGITS, Media, PlaybackEnded, PlaybackId
from hookline.voice.sandbox.sound import HeldSound, Sound, sound_of
from hookline.voice.sandbox.switchboard import Leg, Switchboard

_WAITING_MAX = 1_000
_DIGIT_S = 0.2
_WAIT_S = 0.5


@dataclass(slots=True, eq=False)
class Playback:
    """One that waits, or the first of its leg, which is played."""

    playback_id: PlaybackId
    media: Sequence[Media]
    sounds: list[Sound] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None


class Player:
    """What every leg of the engine is played."""

    def __init__(self, switchboard: Switchboard, clock: Clock) -> None:
        self._board = switchboard
        self._clock = clock
        self._legs: dict[PlaybackId, Leg] = {}
        switchboard.when_answered.append(self._begin_next)
        switchboard.when_ended.append(self._forget)

    def play(self, leg: Leg, playback_id: PlaybackId, media: Sequence[Media]) -> None:
        """It waits for those before it, and for the leg to be up."""
        if playback_id in self._legs:
            return
        if len(leg.playbacks) >= _WAITING_MAX:
            self._report(leg, playback_id, detail="Too much waits to be played to this leg.")
            return
        leg.playbacks.append(Playback(playback_id, media))
        self._legs[playback_id] = leg
        if len(leg.playbacks) == 1:
            self._begin_next(leg)

    def stop(self, playback_id: PlaybackId) -> None:
        leg = self._legs.get(playback_id)
        if leg is None:
            return
        playback = next(known for known in leg.playbacks if known.playback_id == playback_id)
        self._end(leg, playback)

    def send_digits(self, leg: Leg, digits: str) -> None:
        """Keys of ours, beside what is played."""
        if not leg.is_up:
            return
        wanted = [digit for digit in digits if digit in DIGITS or digit == "w"]
        now_s = self._board.now_s()
        leg.hears.put(now_s, HeldSound(digit_tones("".join(wanted))), start_s=now_s)
        after_s = 0.0
        for digit in wanted:
            if digit == "w":
                after_s += _WAIT_S
                continue
            after_s += _DIGIT_S
            self._board.later(leg, after_s, partial(leg.callee.heard_digit, leg, digit))

    def _begin_next(self, leg: Leg) -> None:
        while leg.is_up and leg.playbacks and leg.playbacks[0].timer is None:
            playback = leg.playbacks[0]
            try:
                playback.sounds = [sound_of(media) for media in playback.media]
            except AudioUnreadable as error:
                self._remove(leg, playback)
                self._report(leg, playback.playback_id, detail=error.detail)
                continue
            self._begin(leg, playback)

    def _begin(self, leg: Leg, playback: Playback) -> None:
        now_s = over_s = self._board.now_s()
        for sound in playback.sounds:
            over_s = leg.hears.put(now_s, sound, start_s=over_s)
        leg.callee.play_began(leg, playback.media)
        playback.timer = self._board.later(leg, over_s - now_s, lambda: self._end(leg, playback))

    def _end(self, leg: Leg, playback: Playback) -> None:
        was_playing = playback.timer is not None
        self._board.forget(leg, playback.timer)
        now_s = self._board.now_s()
        for sound in playback.sounds:
            leg.hears.cut(now_s, sound)
        self._remove(leg, playback)
        self._report(leg, playback.playback_id, is_played=True)
        if was_playing:
            leg.callee.play_ended(leg)
            self._begin_next(leg)

    def _remove(self, leg: Leg, playback: Playback) -> None:
        leg.playbacks.remove(playback)
        self._legs.pop(playback.playback_id, None)

    def _forget(self, leg: Leg) -> None:
        for playback in leg.playbacks:
            self._legs.pop(playback.playback_id, None)
        leg.playbacks.clear()

    def _report(
        self,
        leg: Leg,
        playback_id: PlaybackId,
        *,
        is_played: bool = False,
        detail: str | None = None,
    ) -> None:
        now_ms = self._clock.now_ms()
        self._board.report(PlaybackEnded(leg.leg_id, now_ms, playback_id, is_played, detail))
