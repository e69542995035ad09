"""What a recording consists of on Asterisk's side: tracks, each made of a channel that listens in."""

import asyncio
from dataclasses import dataclass, field
from typing import Literal

from hookline.clock import UnixMs
from hookline.voice.port import LegId, Record

Spy = Literal["in", "out", "both"]
"""in: what the leg says. out: what it hears."""


@dataclass(slots=True, eq=False)
class Track:
    """One channel of the file."""

    name: str
    """Of the snoop channel, and of Asterisk's recording."""
    leg_id: LegId
    spy: Spy
    began_at: UnixMs | None = None
    """When Asterisk said that it records."""
    listens: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: bool = False
    is_deaf: bool = False
    """The channel that listened in is gone."""
    failure: str | None = None


@dataclass(slots=True, eq=False)
class Take:
    """One recording, from the command until it is reported."""

    record: Record
    tracks: tuple[Track, ...]
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    timer: asyncio.TimerHandle | None = None
    """When it has lasted as long as it may."""
    is_stopped: bool = False
    is_begun: bool = False
    is_ending: bool = False

    @property
    def is_over(self) -> bool:
        return all(track.is_over for track in self.tracks)

    def delays_ms(self) -> list[float]:
        """How much later than the first each track began."""
        starts = [track.began_at or 0 for track in self.tracks]
        return [float(start - min(starts)) for start in starts]


def plan_tracks(record: Record) -> list[tuple[LegId, Spy]]:
    """Whom to listen to, in the order of the file's channels.

    A leg's channel is listened to, never recorded itself: Asterisk serialises plays and records of
    one channel, so that a recording behind a play would be empty.
    """
    first = record.legs[0]
    if record.layout == "mono":
        return [(first, "both")]  # on a bridge it hears everybody else
    if len(record.legs) > 1:
        return [(first, "in"), (record.legs[1], "in")]
    return [(first, "in"), (first, "out")]
