"""The engine of one Asterisk: hands commands to its parts, and events to whom they concern.

The carrier's lease sees to it that one node has the engine open. The application's name belongs to
the carrier, not to the node, so that whoever takes over finds the legs that are still there.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from hookline.telemetry.link_state import LinkPhase, LinkState
from hookline.telemetry.logs import get_logger
from hookline.voice.asterisk.ari import Ari
from hookline.voice.asterisk.bridging import Bridging
from hookline.voice.asterisk.dialing import Dialing
from hookline.voice.asterisk.errors import AriError, AriUnreachable
from hookline.voice.asterisk.legs import Leg
from hookline.voice.asterisk.listening import REPLACED, TIMING, Listening, Timing
from hookline.voice.asterisk.media import MediaFolder
from hookline.voice.asterisk.playing import Playing
from hookline.voice.asterisk.reconciling import Reconciling
from hookline.voice.asterisk.recording import Recording
from hookline.voice.asterisk.settings import AsteriskSettings
from hookline.voice.asterisk.switch import Switch
from hookline.voice.asterisk.trunking import Trunking
from hookline.voice.port import (
    BridgeId,
    Cause,
    Dial,
    EngineOpening,
    LegId,
    Lost,
    Media,
    PlaybackId,
    Record,
    RecordingId,
)

log = get_logger(__name__)
_MEANWHILE = "Asterisk was not heard for a while."
_AWAY = "Asterisk has been away for too long. {detail}"


class AsteriskEngine:
    """One Asterisk."""

    def __init__(
        self,
        settings: AsteriskSettings,
        secrets: Mapping[str, str],
        opening: EngineOpening,
        timing: Timing = TIMING,
    ) -> None:
        self.carrier_id = opening.carrier_id
        self._settings = settings
        self._switch = Switch(Ari(settings, secrets.get("password", ""), opening.clock), opening)
        self._dialing = Dialing(self._switch, settings, self._leg_gone)
        self._playing = Playing(self._switch, MediaFolder(settings, opening.data_dir))
        self._bridging = Bridging(self._switch)
        self._recording = Recording(self._switch, self._playing)
        self._trunking = Trunking(self._switch.ari, settings, secrets.get("trunk_password", ""))
        self._reconciling = Reconciling(
            self._switch, self._dialing, self._playing, self._bridging, self._recording
        )
        self._listening = Listening(self._switch.ari, self, opening.clock, timing)
        self._hear = {
            "ChannelStateChange": self._dialing.on_state,
            "Dial": self._dialing.on_dial,
            "StasisStart": self._on_stasis_start,
            "StasisEnd": self._dialing.on_stasis_end,
            "ChannelHangupRequest": self._dialing.on_hangup_request,
            "ChannelDestroyed": self._on_destroyed,
            "ChannelDtmfReceived": self._dialing.on_digit,
            "PlaybackFinished": self._playing.on_finished,
            "RecordingStarted": self._recording.on_started,
            "RecordingFinished": self._recording.on_ended,
            "RecordingFailed": self._recording.on_ended,
        }
        self._listening.start()

    @property
    def is_up(self) -> bool:
        return self._listening.phase is LinkPhase.BOUND

    # --- commands -----------------------------------------------------------------------------

    def dial(self, dial: Dial) -> None:
        refusal = None if self.is_up else self._listening.detail or "Asterisk is not connected yet."
        self._dialing.dial(dial, refusal)

    def answer(self, leg_id: LegId) -> None:
        self._dialing.answer(leg_id)

    def hang_up(self, leg_id: LegId, cause: Cause = Cause.NORMAL) -> None:
        self._dialing.hang_up(leg_id, cause)

    def play(self, leg_id: LegId, playback_id: PlaybackId, media: Sequence[Media]) -> None:
        self._playing.play(leg_id, playback_id, media)

    def stop_playing(self, playback_id: PlaybackId) -> None:
        self._playing.stop(playback_id)

    def send_digits(self, leg_id: LegId, digits: str) -> None:
        self._dialing.send_digits(leg_id, digits)

    def bridge(self, bridge_id: BridgeId, legs: Sequence[LegId]) -> None:
        self._bridging.bridge(bridge_id, legs)

    def unbridge(self, bridge_id: BridgeId) -> None:
        self._bridging.unbridge(bridge_id)

    def record(self, record: Record) -> None:
        self._recording.record(record)

    def pause_recording(self, recording_id: RecordingId) -> None:
        self._recording.pause(recording_id)

    def resume_recording(self, recording_id: RecordingId) -> None:
        self._recording.resume(recording_id)

    def stop_recording(self, recording_id: RecordingId) -> None:
        self._recording.stop(recording_id)

    def reconcile(self, known: Collection[LegId]) -> None:
        self._reconciling.reconcile(known)

    def state(self) -> LinkState:
        listening, dialing = self._listening, self._dialing
        return LinkState(
            phase=listening.phase,
            since=listening.since,
            detail=listening.detail,
            window=self._settings.legs_max,
            in_flight=len(self._switch.legs),
            submitted=dialing.dialled,
            accepted=dialing.answered,
            received=dialing.came_in,
            last_error=listening.last_failure,
            last_error_at=listening.failed_at,
        )

    async def close(self) -> None:
        if self.is_up:  # else another node has it, or Asterisk cannot be reached
            await self._trunking.take_down()
        await self._listening.stop()
        await self._switch.close()

    # --- what is heard ------------------------------------------------------------------------

    def heard(self, event: Mapping[str, Any]) -> None:  # Any: JSON
        """An event of the application."""
        hear = self._hear.get(event["type"])
        if hear is not None:
            hear(event)

    async def connected(self) -> None:
        """Find out what happened while nothing was heard, and see to the trunk. Raises AriError."""
        await self._hear_no_more_than_needed()
        await self._reconciling.look()
        await self._trunking.set_up()
        asyncio.get_running_loop().call_soon(
            self._switch.report, Lost(self._switch.now(), _MEANWHILE)
        )

    async def _hear_no_more_than_needed(self) -> None:
        """Half of what Asterisk would tell is variables that are set. Older ones tell all."""
        try:
            await self._switch.ari.hear_only({*self._hear, REPLACED})
        except AriUnreachable:
            raise
        except AriError as error:
            log.info("asterisk_tells_all", carrier_id=self.carrier_id, reason=error.detail)

    def away_for_long(self, detail: str) -> None:
        """Whatever goes on there, nobody here can say that the legs still live."""
        words = _AWAY.format(detail=detail)
        self._recording.lose(words)
        self._dialing.lose(tuple(self._switch.legs), words)

    def _on_stasis_start(self, event: Mapping[str, Any]) -> None:  # Any: JSON
        channel_id = event["channel"]["id"]
        if self._switch.names.is_snoop(channel_id):
            self._recording.on_stasis_start(channel_id)
        else:
            self._dialing.on_stasis_start(event)

    def _on_destroyed(self, event: Mapping[str, Any]) -> None:  # Any: JSON
        channel_id = event["channel"]["id"]
        if self._switch.names.is_snoop(channel_id):
            self._recording.on_destroyed(channel_id)
        else:
            self._dialing.on_destroyed(event)

    def _leg_gone(self, leg: Leg) -> None:
        self._playing.leg_gone(leg)
