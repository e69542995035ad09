"""What is being played to legs."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from hookline.voice.asterisk.errors import AriError
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
            self._begin(playback_id, _Playback(leg), media)

    async def play_for_us(self, leg: Leg, playback_id: PlaybackId, media: Media) -> None:
        """Play, without a report, and return when it has been heard or cannot be."""
        heard = asyncio.get_running_loop().create_future()
        self._begin(playback_id, _Playback(leg, heard=heard), [media])
        await heard

    def stop(self, playback_id: PlaybackId) -> None:
        playback = self._playbacks.get(playback_id)
        if playback is not None:
            playback.is_stopped = True
            path = f"playbacks/{playback_id}"
            self._switch.in_turn(playback.leg.turn, lambda: self._switch.ari.delete(path))

    def leg_gone(self, leg: Leg) -> None:
        """Its playbacks end with it, before it does."""
        for playback_id, playback in tuple(self._playbacks.items()):
            if playback.leg is leg:
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
            if not playback.leg.turn.locked() and not await self._is_known(playback_id):
                self._end(playback_id, is_played=True)

    async def _is_known(self, playback_id: PlaybackId) -> bool:
        return await self._switch.ari.has(f"playbacks/{playback_id}")

    def _begin(self, playback_id: PlaybackId, playback: _Playback, media: Sequence[Media]) -> None:
        self._playbacks[playback_id] = playback
        self._switch.in_turn(
            playback.leg.turn,
            partial(self._start, playback_id, playback, media),
            lambda error: self._refused(playback_id, error),
        )

    async def _start(
        self, playback_id: PlaybackId, playback: _Playback, media: Sequence[Media]
    ) -> None:
        if playback.is_stopped or not media:
            self._end(playback_id, is_played=True)
            return
        uris = await self._folder.uris(media)
        path = f"channels/{playback.leg.channel_id}/play/{playback_id}"
        await self._switch.ari.post(path, {"media": ",".join(uris)})

    def _refused(self, playback_id: PlaybackId, error: AriError) -> None:
        self._end(playback_id, is_played=False, detail=error.detail)

    def _end(self, playback_id: PlaybackId, *, is_played: bool, detail: str | None = None) -> None:
        playback = self._playbacks.pop(playback_id, None)
        if playback is None:
            return
        if playback.heard is not None:
            if not playback.heard.done():
                playback.heard.set_result(None)
            return
        self._switch.report(
            PlaybackEnded(playback.leg.leg_id, self._switch.now(), playback_id, is_played, detail)
        )
