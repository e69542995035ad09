"""The legs that an engine has now, and how their ids and Asterisk's channel ids belong together."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from hookline.ids import CarrierId
from hookline.voice.asterisk.evidence import Evidence
from hookline.voice.port import LegId


@dataclass(slots=True, eq=False)
class Leg:
    """One channel, from our first word about it until it is gone."""

    leg_id: LegId
    channel_id: str
    seen: Evidence = field(default_factory=Evidence)
    is_placed: bool = False
    """Asterisk has said that it made the channel."""
    is_in_stasis: bool = False
    """It is ours to play to, and to bridge."""
    is_reported: bool = False
    """It came in, and the caller has been told so by this engine."""
    is_told_ringing: bool = False
    is_told_answered: bool = False
    asked_cause: int = 0
    """The Q.850 cause of the request to hang up, if somebody has asked."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """What is asked of a leg leaves in order."""
    ring_timer: asyncio.TimerHandle | None = None

    def stop_ringing(self) -> None:
        if self.ring_timer is not None:
            self.ring_timer.cancel()
            self.ring_timer = None


class Names:
    """Ids on Asterisk's side: ours begin with the application's name, so that they are known again.

    A channel that came in has Asterisk's own id, which two Asterisks may both use.
    """

    def __init__(self, application: str, carrier_id: CarrierId) -> None:
        self._ours = f"{application}."
        self._snoops = f"{application}~"
        self._inbound = f"in.{carrier_id}."

    def channel(self, leg_id: LegId) -> str:
        if leg_id.startswith(self._inbound):
            return leg_id.removeprefix(self._inbound)
        return self._ours + leg_id

    def leg(self, channel_id: str) -> LegId:
        """The leg of a channel, whether or not there is one yet."""
        if channel_id.startswith(self._ours):
            return LegId(channel_id.removeprefix(self._ours))
        return LegId(self._inbound + channel_id)

    def is_ours(self, name: str) -> bool:
        """Whether we chose this name of a channel or bridge."""
        return name.startswith((self._ours, self._snoops))

    def is_snoop(self, channel_id: str) -> bool:
        return channel_id.startswith(self._snoops)

    def bridge(self, bridge_id: str) -> str:
        return self._ours + bridge_id

    def snoop(self, recording_id: str, number: int) -> str:
        """Of the channel and of the recording made of it: both are one part of one recording."""
        return f"{self._snoops}{recording_id}.{number}"


class Legs:
    """Finds legs by their ids and by channels."""

    def __init__(self) -> None:
        self._legs: dict[LegId, Leg] = {}
        self._channels: dict[str, Leg] = {}

    def __len__(self) -> int:
        return len(self._legs)

    def __iter__(self) -> Iterator[Leg]:
        return iter(tuple(self._legs.values()))

    def add(self, leg: Leg) -> None:
        self._legs[leg.leg_id] = self._channels[leg.channel_id] = leg

    def find(self, leg_id: LegId) -> Leg | None:
        return self._legs.get(leg_id)

    def of_channel(self, channel_id: str) -> Leg | None:
        return self._channels.get(channel_id)

    def remove(self, leg: Leg) -> bool:
        """False when it was gone already."""
        self._channels.pop(leg.channel_id, None)
        leg.stop_ringing()
        return self._legs.pop(leg.leg_id, None) is not None
