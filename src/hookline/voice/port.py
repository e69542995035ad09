"""The port of every voice engine: what it is told, and what it reports.

An engine knows legs, playbacks, bridges and recordings, under ids that we choose, and nothing of
calls. Every command returns at once; what became of it is reported, in order for each leg. A leg
that was dialled or came in ends with exactly one `Ended`, whatever happens; an engine that loses
its own memory of legs says so by `Lost`, and is asked again by `reconcile`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal, NewType, Protocol

from hookline.clock import Clock, UnixMs
from hookline.ids import CarrierId
from hookline.telemetry.link_state import LinkState

LegId = NewType("LegId", str)
PlaybackId = NewType("PlaybackId", str)
BridgeId = NewType("BridgeId", str)
RecordingId = NewType("RecordingId", str)

DIGITS = "0123456789*#ABCD"


class Cause(StrEnum):
    """Why a leg ended, by the engine's best evidence; `Ended.sip_code` may say more."""

    NORMAL = "normal"
    """It was answered and hung up, or hung up by us before."""
    BUSY = "busy"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"
    """It rang until the time was up, or the network gave up ringing."""
    NOT_FOUND = "not_found"
    UNAVAILABLE = "unavailable"
    """The other side cannot be reached now, such as a phone that is not registered."""
    CONGESTION = "congestion"
    """Trouble of the carrier."""
    UNREACHABLE = "unreachable"
    """The carrier itself cannot be reached, or is not known to the engine."""
    LOST = "lost"
    """The engine does not know the leg any more."""


# --- what is told --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dial:
    """Ring somebody."""

    leg_id: LegId
    to: str
    """E.164, a SIP URI, or a virtual phone's number."""
    sender: str
    """The number that is shown."""
    sender_name: str | None = None
    ring_timeout_s: float = 45.0
    context: str | None = None
    """For the person at a virtual phone: what this is about."""


@dataclass(frozen=True, slots=True)
class Tone:
    """A tone, such as a beep; 0 Hz is silence."""

    hertz: int
    milliseconds: int


Media = Path | Tone
"""A WAV file of 8 kHz, mono, 16 bit that is on this node's disk, or a tone."""

Layout = Literal["mono", "dual"]
"""dual: the first leg on the left channel, the other on the right."""


@dataclass(frozen=True, slots=True)
class Record:
    """Record a leg, or both legs of a bridge."""

    recording_id: RecordingId
    legs: tuple[LegId, ...]
    layout: Layout
    path: Path
    """Where the WAV file is to be when it has ended; its folder exists."""
    max_s: float = 14_400.0
    beep: bool = False


# --- what is reported ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ringing:
    leg_id: LegId
    at: UnixMs


@dataclass(frozen=True, slots=True)
class Answered:
    leg_id: LegId
    at: UnixMs


@dataclass(frozen=True, slots=True)
class Ended:
    """The leg is gone. `by`: who hung up, as far as the engine can tell."""

    leg_id: LegId
    at: UnixMs
    cause: Cause
    by: Literal["us", "them", "network"] | None = None
    sip_code: int | None = None
    detail: str | None = None
    """What to do about it, where an operator can do something."""


@dataclass(frozen=True, slots=True)
class Digit:
    leg_id: LegId
    at: UnixMs
    digit: str
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """It has been played to its end, was stopped, or could not be played."""

    leg_id: LegId
    at: UnixMs
    playback_id: PlaybackId
    is_played: bool = True
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """The file is complete, or there is none."""

    recording_id: RecordingId
    at: UnixMs
    is_kept: bool = True
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class CameIn:
    """Somebody calls one of our numbers; nothing happens until we answer or hang up."""

    leg_id: LegId
    at: UnixMs
    sender: str
    recipient: str
    sender_name: str | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """What happened meanwhile to the engine's legs is not known: reconcile them."""

    at: UnixMs
    detail: str


Happening = Ringing | Answered | Ended | Digit | PlaybackEnded | RecordingEnded | CameIn | Lost


class VoiceReports(Protocol):
    """What an engine tells the call room."""

    def happened(self, carrier_id: CarrierId, happenings: Sequence[Happening]) -> None: ...


class Engine(Protocol):
    """One voice engine, open on this node. Commands about what is not there (any more) do nothing."""

    carrier_id: CarrierId

    @property
    def is_up(self) -> bool:
        """Whether it takes new legs."""
        ...

    def dial(self, dial: Dial) -> None: ...

    def answer(self, leg_id: LegId) -> None: ...

    def hang_up(self, leg_id: LegId, cause: Cause = Cause.NORMAL) -> None:
        """BUSY, DECLINED and the like are for a leg that came in and was not answered."""
        ...

    def play(self, leg_id: LegId, playback_id: PlaybackId, media: Sequence[Media]) -> None:
        """One after the other, as one playback. A leg plays one playback at a time, in order."""
        ...

    def stop_playing(self, playback_id: PlaybackId) -> None: ...

    def send_digits(self, leg_id: LegId, digits: str) -> None:
        """Digits of DIGITS; `w` waits half a second."""
        ...

    def bridge(self, bridge_id: BridgeId, legs: Sequence[LegId]) -> None:
        """Let legs hear each other; one that leaves or ends does not end the others."""
        ...

    def unbridge(self, bridge_id: BridgeId) -> None: ...

    def record(self, record: Record) -> None: ...

    def pause_recording(self, recording_id: RecordingId) -> None: ...

    def resume_recording(self, recording_id: RecordingId) -> None: ...

    def stop_recording(self, recording_id: RecordingId) -> None: ...

    def reconcile(self, known: Collection[LegId]) -> None:
        """Report `Ended` with LOST for those that are not there, and hang up what is not known."""
        ...

    def state(self) -> LinkState: ...

    async def close(self) -> None:
        """Let go of the engine. Legs go on where they can; they are reconciled when it is opened."""
        ...


@dataclass(frozen=True, slots=True)
class EngineOpening:
    """What an engine is opened with, beside its carrier's settings."""

    carrier_id: CarrierId
    node: str
    reports: VoiceReports
    clock: Clock
    data_dir: Path
    """Where recordings that are under way may be kept."""
