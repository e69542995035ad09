"""After events were lost: what became of the legs, and what must not live on."""

from collections.abc import Collection, Mapping
from typing import Any

from hookline.voice.asterisk.bridging import Bridging
from hookline.voice.asterisk.dialing import Dialing
from hookline.voice.asterisk.errors import AriGone
from hookline.voice.asterisk.playing import Playing
from hookline.voice.asterisk.recording import Recording
from hookline.voice.asterisk.switch import Switch
from hookline.voice.port import Cause, Ended, LegId

_VANISHED = "The leg ended while Asterisk was not heard, or Asterisk was restarted."
_UNKNOWN = "Asterisk does not have the leg any more."

Channel = Mapping[str, Any]  # Any: JSON


class Reconciling:
    """Compares what we have with what Asterisk has."""

    def __init__(
        self,
        switch: Switch,
        dialing: Dialing,
        playing: Playing,
        bridging: Bridging,
        recording: Recording,
    ) -> None:
        self._switch = switch
        self._dialing = dialing
        self._playing = playing
        self._bridging = bridging
        self._recording = recording
        self._has_looked = False
        self._asked: frozenset[LegId] | None = None
        """What the caller knows, for when we do."""

    async def look(self) -> None:
        """At each connection: end what is gone, and catch up with what goes on. Raises AriError."""
        placed = [leg for leg in self._switch.legs if leg.is_placed]
        channels = await self._channels()
        gone = [leg for leg in placed if leg.channel_id not in channels]
        await self._recording.look_again()
        self._dialing.lose(gone, _VANISHED)
        for channel in channels.values():
            await self._catch_up(channel)
        await self._playing.look_again()
        await self._bridging.sweep()
        self._has_looked = True
        if self._asked is not None:
            self.reconcile(self._asked | self._newcomers())

    def reconcile(self, known: Collection[LegId]) -> None:
        """End what the caller knows and Asterisk does not, and hang up the reverse."""
        self._asked = None
        if not self._has_looked:
            self._asked = frozenset(known)
            return
        unknown = [leg for leg in self._switch.legs if leg.leg_id not in known]
        for leg in unknown:
            self._dialing.hang_up(leg.leg_id, Cause.NORMAL)
        for leg in self._switch.legs:
            if leg.leg_id in known:
                self._dialing.tell(leg)
        unheard = [leg_id for leg_id in known if self._switch.legs.find(leg_id) is None]
        if unheard:
            now = self._switch.now()
            self._switch.report(
                *(Ended(leg_id, now, Cause.LOST, "network", None, _UNKNOWN) for leg_id in unheard)
            )

    def _newcomers(self) -> frozenset[LegId]:
        """Who called after we were asked, which the caller could not have known then."""
        legs = self._switch.legs
        return frozenset(leg.leg_id for leg in legs if leg.seen.is_inbound and leg.is_reported)

    async def _channels(self) -> dict[str, Channel]:
        """Those of our application, by id."""
        found = await self._switch.ari.get("channels")
        return {channel["id"]: channel for channel in found if self._is_ours(channel)}

    def _is_ours(self, channel: Channel) -> bool:
        """Ours by its name, or come in by our application: `Stasis(hookline,…)`."""
        dialplan = channel.get("dialplan", {})
        application = str(dialplan.get("app_data", "")).partition(",")[0]
        is_here = dialplan.get("app_name") == "Stasis"
        return self._switch.names.is_ours(channel["id"]) or (
            is_here and application == self._switch.ari.application
        )

    async def _catch_up(self, channel: Channel) -> None:
        if self._switch.names.is_snoop(channel["id"]):
            if not self._recording.has(channel["id"]):
                await self._hang_up(channel["id"])
            return
        leg = self._switch.legs.of_channel(channel["id"])
        if leg is None:
            self._dialing.adopt(channel)
            await self._subscribe(channel["id"])
            return
        await self._subscribe(channel["id"])
        leg.is_in_stasis = leg.is_in_stasis or channel["dialplan"].get("app_name") == "Stasis"
        self._dialing.take_state(leg, channel["state"])

    async def _subscribe(self, channel_id: str) -> None:
        """Asterisk forgets who wants to hear of a channel when it takes the application down."""
        path = f"applications/{self._switch.ari.application}/subscription"
        try:
            await self._switch.ari.post(path, {"eventSource": f"channel:{channel_id}"})
        except AriGone:
            return

    async def _hang_up(self, channel_id: str) -> None:
        try:
            await self._switch.ari.delete(f"channels/{channel_id}")
        except AriGone:
            return
