"""A call and its legs: their states, what may follow what, and what each change is called outside."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import cast

import msgspec

from hookline.clock import to_rfc3339
from hookline.events.model import EventType


class Status(StrEnum):
    """Where a call or a leg is."""

    QUEUED = "queued"
    DIALING = "dialing"
    RINGING = "ringing"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    FAILED = "failed"
    CANCELED = "canceled"


class Change(StrEnum):
    """What can happen to a call or a leg."""

    DIALED = "dialed"
    RANG = "rang"
    ANSWERED = "answered"
    HUNG_UP = "hung_up"
    WAS_BUSY = "was_busy"
    WENT_UNANSWERED = "went_unanswered"
    WAS_DECLINED = "was_declined"
    BROKE = "broke"
    CANCELED = "canceled"


_UNANSWERED = (Status.DIALING, Status.RINGING)
_LIVE = (Status.QUEUED, *_UNANSWERED, Status.IN_PROGRESS)

TRANSITIONS: dict[tuple[Status, Change], Status] = {
    (Status.QUEUED, Change.DIALED): Status.DIALING,
    (Status.DIALING, Change.RANG): Status.RINGING,
    **{(status, Change.ANSWERED): Status.IN_PROGRESS for status in _UNANSWERED},
    (Status.IN_PROGRESS, Change.HUNG_UP): Status.COMPLETED,
    **{(status, Change.WAS_BUSY): Status.BUSY for status in _UNANSWERED},
    **{(status, Change.WENT_UNANSWERED): Status.NO_ANSWER for status in _UNANSWERED},
    **{(status, Change.WAS_DECLINED): Status.DECLINED for status in _UNANSWERED},
    **{(status, Change.BROKE): Status.FAILED for status in _LIVE},
    **{(status, Change.CANCELED): Status.CANCELED for status in (Status.QUEUED, *_UNANSWERED)},
}
"""Of a call. A leg has the same: it is a call with one other side."""

LEG_TRANSITIONS: Mapping[tuple[Status, Change], Status] = TRANSITIONS

LIVE = frozenset(_LIVE)
FINAL = frozenset(Status) - LIVE

EVENT_OF: dict[Status, EventType] = {
    Status.DIALING: EventType.CALL_DIALING,
    Status.RINGING: EventType.CALL_RINGING,
    Status.IN_PROGRESS: EventType.CALL_ANSWERED,
    Status.COMPLETED: EventType.CALL_COMPLETED,
    Status.BUSY: EventType.CALL_BUSY,
    Status.NO_ANSWER: EventType.CALL_NO_ANSWER,
    Status.DECLINED: EventType.CALL_DECLINED,
    Status.FAILED: EventType.CALL_FAILED,
    Status.CANCELED: EventType.CALL_CANCELED,
}
"""The event that entering a status makes: of a leg while it lives, of the call at its end."""


class HangupBy(StrEnum):
    """Who or what ended it."""

    CALLER = "caller"
    CALLEE = "callee"
    AGENT = "agent"
    API = "api"
    TIMER = "timer"
    NETWORK = "network"
    SYSTEM = "system"


class Role(StrEnum):
    """What a leg is in its call."""

    TO = "to"
    AGENT = "agent"
    DIAL = "dial"
    CALLER = "caller"


class RecordingStatus(StrEnum):
    """Where a recording is."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    DELETED = "deleted"


class RecordingChange(StrEnum):
    """What can happen to a recording."""

    KEPT = "kept"
    BROKE = "broke"
    DELETED = "deleted"


RECORDING_TRANSITIONS: dict[tuple[RecordingStatus, RecordingChange], RecordingStatus] = {
    (RecordingStatus.IN_PROGRESS, RecordingChange.KEPT): RecordingStatus.COMPLETED,
    (RecordingStatus.IN_PROGRESS, RecordingChange.BROKE): RecordingStatus.FAILED,
    (RecordingStatus.COMPLETED, RecordingChange.DELETED): RecordingStatus.DELETED,
    (RecordingStatus.FAILED, RecordingChange.DELETED): RecordingStatus.DELETED,
}

RECORDING_EVENT_OF: dict[RecordingStatus, EventType] = {
    RecordingStatus.IN_PROGRESS: EventType.RECORDING_STARTED,
    RecordingStatus.COMPLETED: EventType.RECORDING_COMPLETED,
    RecordingStatus.FAILED: EventType.RECORDING_FAILED,
    RecordingStatus.DELETED: EventType.RECORDING_DELETED,
}


_SOURCES = {
    change: tuple(status for status, possible in TRANSITIONS if possible is change)
    for change in Change
}
_TARGETS = {change: to for (_, change), to in TRANSITIONS.items()}


def sources(change: Change) -> tuple[Status, ...]:
    """The statuses in which the change is possible."""
    return _SOURCES[change]


def target(change: Change) -> Status:
    """The status that the change leads to."""
    return _TARGETS[change]


class Call(msgspec.Struct, frozen=True, gc=False):
    """A stored call, column by column; instants are Unix milliseconds."""

    id: str
    account_id: str
    mode: str
    direction: str
    sender: str
    recipient: str
    caller_name: str | None
    agent: str | None
    carrier_id: str
    credential_id: str | None
    status: str
    hangup_by: str | None
    reason: str | None
    sip_code: int | None
    plan: str
    metadata: str | None
    status_url: str | None
    created_at: int
    updated_at: int
    answered_at: int | None
    ended_at: int | None
    sequence: int
    timeline: str
    owner: str | None

    @property
    def our_number(self) -> str:
        """The account's side of the call."""
        return self.sender if self.direction == "outbound" else self.recipient


class Leg(msgspec.Struct, frozen=True, gc=False):
    """A stored leg, column by column."""

    id: str
    call_id: str
    role: str
    sender: str
    recipient: str
    carrier_id: str
    status: str
    hangup_by: str | None
    reason: str | None
    sip_code: int | None
    created_at: int
    ringing_at: int | None
    answered_at: int | None
    ended_at: int | None


class Recording(msgspec.Struct, frozen=True, gc=False):
    """A stored recording, column by column."""

    id: str
    account_id: str
    mode: str
    call_id: str
    status: str
    channels: int
    duration_ms: int | None
    bytes: int | None
    sha256: str | None
    peaks: str | None
    reason: str | None
    started_at: int
    ended_at: int | None


CALL_COLUMNS: tuple[str, ...] = Call.__struct_fields__
LEG_COLUMNS: tuple[str, ...] = Leg.__struct_fields__
RECORDING_COLUMNS: tuple[str, ...] = Recording.__struct_fields__


def call_of(row: Sequence[object]) -> Call:
    """A row of CALL_COLUMNS as a call."""
    return Call(*cast("Sequence[str]", row))  # type: ignore[arg-type]  # by position


def leg_of(row: Sequence[object]) -> Leg:
    """A row of LEG_COLUMNS as a leg."""
    return Leg(*cast("Sequence[str]", row))  # type: ignore[arg-type]  # by position


def recording_of(row: Sequence[object]) -> Recording:
    """A row of RECORDING_COLUMNS as a recording."""
    return Recording(*cast("Sequence[str]", row))  # type: ignore[arg-type]  # by position


def timeline_line(
    status: str, at: int, *, leg: str | None = None, detail: str | None = None
) -> str:
    """One line of the timeline column; `leg`: the role of the leg that it is about."""
    line: dict[str, object] = {"status": status, "at": to_rfc3339(at)}
    if leg is not None:
        line["leg"] = leg
    if detail is not None:
        line["detail"] = detail
    return msgspec.json.encode(line).decode() + "\n"
