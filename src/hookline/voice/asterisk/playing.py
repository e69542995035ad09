"""What is being played to legs."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from hookline.voice.asterisk.legs import Leg
from hookline.voice.asterisk.media import MediaFolder
from hookline.voice.asterisk.switch import Switch
from hookline.voice.port import LegId, Media, PlaybackEnded, PlaybackId

_UNPLAYABLE = (
    "Asterisk could not play it. It must see the file: check media_dir and media_dir_there of the "
    "carrier, and that Asterisk's user may read there."
)
_OVER = "The leg ended."


@dataclass(slots=True, eq=False)
class _Playback:
    leg: Leg
    media: Sequence[Media]
    is_begun: bool = False
    """Asterisk has been told of it. Those behind wait here, where they can be stopped."""
    is_stopped: bool = False
    heard: asyncio.Future[None] | None = None
    """Of those that we play for ourselves."""


class Playing:
    """The playbacks of one Asterisk, each of which is reported once."""

    def __init__(self, switch: Switch, folder: MediaFolder) -> None:
        self._switch = switch
        self._folder = folder
        self._playbacks: dict[PlaybackId, _Playback] = {}

    def play(self, leg_id: LegId, playback_id: PlaybackId, media: Sequence[Media]) -> None:
        leg = self._switch.legs.find(leg_id)
        if leg is not None and playback_id not in self._playbacks:
            self._line_up(playback_id, _Playback(leg, media))

    async def play_for_us(self, leg: Leg, playback_id: PlaybackId, media: Media) -> None:
        """Play, without a report, and return when it has been heard or cannot be."""
        heard = asyncio.get_running_loop().create_future()
        self._line_up(playback_id, _Playback(leg, [media], heard=heard))
        await heard

    def stop(self, playback_id: PlaybackId) -> None:
        playback = self._playbacks.get(playback_id)
        if playback is None:
            return
        playback.is_stopped = True
        if playback.is_begun:
            path = f"playbacks/{playback_id}"
            self._switch.in_turn(playback.leg.turn, lambda: self._switch.ari.delete(path))
        else:
            self._end(playback_id, is_played=True)

    def leg_gone(self, leg: Leg) -> None:
        """Its playbacks end with it, before it does."""
        for playback_id in self._of(leg):
            self._end(playback_id, is_played=False, detail=_OVER)

    def on_finished(self, event: Mapping[str, Any]) -> None:  # Any: JSON
        """PlaybackFinished, which also comes for what could not be played."""
        found = event["playback"]
        playback = self._playbacks.get(PlaybackId(found["id"]))
        if playback is not None:
            is_failed = found.get("state") == "failed" and not playback.is_stopped
            detail = _UNPLAYABLE if is_failed else None
            self._end(PlaybackId(found["id"]), is_played=not is_failed, detail=detail)

    async def look_again(self) -> None:
        """After events were lost: what Asterisk does not play any more has ended."""
        for playback_id, playback in tuple(self._playbacks.items()):
            is_there = playback.is_begun and not playback.leg.turn.locked()
            if is_there and not await self._is_known(playback_id):
                self._end(playback_id, is_played=True)

    async def _is_known(self, playback_id: PlaybackId) -> bool:
        return await self._switch.ari.has(f"playbacks/{playback_id}")

    def _of(self, leg: Leg) -> list[PlaybackId]:
        """In the order in which they are played."""
        return [found for found, playback in self._playbacks.items() if playback.leg is leg]

    def _line_up(self, playback_id: PlaybackId, playback: _Playback) -> None:
        self._playbacks[playback_id] = playback
        self._begin_next(playback.leg)

    def _begin_next(self, leg: Leg) -> None:
        waiting = self._of(leg)
        if not waiting or self._playbacks[waiting[0]].is_begun:
            return
        playback_id = waiting[0]
        playback = self._playbacks[playback_id]
        playback.is_begun = True
        self._switch.in_turn(
            leg.turn,
            partial(self._start, playback_id, playback),
            lambda error: self._end(playback_id, is_played=False, detail=error.detail),
        )

    async def _start(self, playback_id: PlaybackId, playback: _Playback) -> None:
        if playback.is_stopped or not playback.media:
            self._end(playback_id, is_played=True)
            return
        uris = await self._folder.uris(playback.media)
        path = f"channels/{playback.leg.channel_id}/play/{playback_id}"
        await self._switch.ari.post(path, {"media": ",".join(uris)})

    def _end(self, playback_id: PlaybackId, *, is_played: bool, detail: str | None = None) -> None:
        playback = self._playbacks.pop(playback_id, None)
        if playback is None:
            return
        if playback.heard is None:
            leg_id, now = playback.leg.leg_id, self._switch.now()
            self._switch.report(PlaybackEnded(leg_id, now, playback_id, is_played, detail))
        elif not playback.heard.done():
            playback.heard.set_result(None)
        if self._switch.legs.find(playback.leg.leg_id) is playback.leg:
            self._begin_next(playback.leg)
