"""What can come in about a running call, and what one step of it consists of.

Pure data: `plan.decide` makes a `Step` of what came in, the conductor carries it out. Moves are
committed, with their events, before any effect leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hookline.calls.model import Change, HangupBy, Role
from hookline.clock import UnixMs
from hookline.numbers.call_actions import Action, Play, Say
from hookline.voice import port
from hookline.voice.port import BridgeId, Cause, Layout, LegId, Media, PlaybackId, RecordingId

# --- what comes in, beside the engine's happenings ------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """The call has just become this node's to run."""


@dataclass(frozen=True, slots=True)
class HangUpWanted:
    """Somebody wants the call to end."""

    by: HangupBy
    reason: str


@dataclass(frozen=True, slots=True)
class GaveUp:
    """It cannot be placed at all, or can be run no longer."""

    reason: str


@dataclass(frozen=True, slots=True)
class MediaWanted:
    """Something is to be heard now, whatever else is going on."""

    source: Say | Play


@dataclass(frozen=True, slots=True)
class RecordingWanted:
    """start, pause, resume or stop."""

    command: str
    layout: Layout = "mono"


@dataclass(frozen=True, slots=True)
class DigitsWanted:
    """Digits are to be sent to the other side."""

    digits: str


@dataclass(frozen=True, slots=True)
class TimerRang:
    """A timer that an earlier step had set."""

    name: str


@dataclass(frozen=True, slots=True)
class MediaReady:
    """What an earlier step asked for; no path: it cannot be had."""

    token: str
    path: Path | None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class ActionsCame:
    """What the answer URL said; None: it could not be asked, or its answer could not be used."""

    token: str
    actions: Sequence[Action] | None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """A finished recording's file; None: there is none that can be used."""

    recording_id: RecordingId
    facts: "FileFacts | None"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a recording's file says of itself."""

    duration_ms: int
    channels: int
    bytes: int
    sha256: str
    peaks: tuple[tuple[int, ...], ...]
    """A row for each channel: 0 to 100, evenly over the duration."""


Wanted = HangUpWanted | MediaWanted | RecordingWanted | DigitsWanted
Input = (
    Started | GaveUp | Wanted | TimerRang | MediaReady | ActionsCame | Measured | port.Happening
)  # fmt: skip

# --- moves: what is committed ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallMove:
    """The call's own change."""

    change: Change
    hangup_by: HangupBy | None = None
    reason: str | None = None
    sip_code: int | None = None


@dataclass(frozen=True, slots=True)
class NewLeg:
    """A leg that is about to be dialled, or has come in."""

    leg_id: LegId
    role: Role
    sender: str
    recipient: str


@dataclass(frozen=True, slots=True)
class LegMove:
    """A leg's change."""

    leg_id: LegId
    role: Role
    change: Change
    hangup_by: HangupBy | None = None
    reason: str | None = None
    sip_code: int | None = None


@dataclass(frozen=True, slots=True)
class DigitHeard:
    """Somebody pressed a key."""

    leg_id: LegId
    digit: str


@dataclass(frozen=True, slots=True)
class NewRecording:
    """A recording begins."""

    recording_id: RecordingId
    channels: int


@dataclass(frozen=True, slots=True)
class RecordingEnd:
    """A recording is there, or is not."""

    recording_id: RecordingId
    facts: FileFacts | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Something that belongs into the timeline without changing a status."""

    detail: str


Move = CallMove | NewLeg | LegMove | DigitHeard | NewRecording | RecordingEnd | Note

# --- effects: what is done afterwards -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AnswerLeg:
    leg_id: LegId


@dataclass(frozen=True, slots=True)
class HangUpLeg:
    leg_id: LegId
    cause: Cause = Cause.NORMAL


@dataclass(frozen=True, slots=True)
class PlayMedia:
    leg_id: LegId
    playback_id: PlaybackId
    media: tuple[Media, ...]


@dataclass(frozen=True, slots=True)
class StopPlaying:
    playback_id: PlaybackId


@dataclass(frozen=True, slots=True)
class SendDigits:
    leg_id: LegId
    digits: str


@dataclass(frozen=True, slots=True)
class Join:
    bridge_id: BridgeId
    legs: tuple[LegId, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Undo a join."""

    bridge_id: BridgeId


@dataclass(frozen=True, slots=True)
class StartRecording:
    recording_id: RecordingId
    legs: tuple[LegId, ...]
    layout: Layout
    max_s: float
    beep: bool = False


@dataclass(frozen=True, slots=True)
class ControlRecording:
    """pause, resume or stop."""

    recording_id: RecordingId
    command: str


@dataclass(frozen=True, slots=True)
class SetTimer:
    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StopTimer:
    name: str


@dataclass(frozen=True, slots=True)
class GetMedia:
    """Make what is to be said, or fetch what is to be played."""

    token: str
    source: Say | Play


@dataclass(frozen=True, slots=True)
class AskForActions:
    """Ask the answer URL what to do."""

    token: str
    url: str
    event: str
    digits: str | None


@dataclass(frozen=True, slots=True)
class Measure:
    """Look at a finished recording's file."""

    recording_id: RecordingId


Effect = (
    port.Dial | AnswerLeg | HangUpLeg | PlayMedia | StopPlaying | SendDigits | Join | Part
    | StartRecording | ControlRecording | SetTimer | StopTimer | GetMedia | AskForActions | Measure
)  # fmt: skip


@dataclass(slots=True)
class Step:
    """What follows from one thing that came in."""

    at: UnixMs
    moves: list[Move] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
