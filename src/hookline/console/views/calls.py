"""Calls, legs and recordings as the list and the detail page show them."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hookline.calls.model import LIVE, Call, HangupBy, Leg, Recording, RecordingStatus, Role, Status
from hookline.calls.resource import TimelineEntry, peaks_of, timeline
from hookline.console.views.durations import clock_length, size_in_words, spoken_length
from hookline.console.views.status import Badge, badge
from hookline.console.views.waveform import Waveform, waveform
from hookline.erasing import ERASED

_ENDED_BY = {
    HangupBy.CALLER: "the caller",
    HangupBy.CALLEE: "the other side",
    HangupBy.AGENT: "the agent",
    HangupBy.API: "this account",
    HangupBy.TIMER: "a time limit",
    HangupBy.NETWORK: "the network",
    HangupBy.SYSTEM: "Hookline",
}
_ROLES = {
    Role.TO: "Called",
    Role.AGENT: "Agent",
    Role.DIAL: "Connected",
    Role.CALLER: "Caller",
}
_REASONS = {
    "hangup": "Hung up",
    "actions_ended": "All actions were done",
    "hangup_action": "An action hung up",
    "voicemail": "A message was taken",
    "max_duration": "It reached its maximum duration",
    "busy": "The line was busy",
    "declined": "The call was declined",
    "no_answer": "Nobody answered in time",
    "agent_busy": "The agent was busy or declined",
    "agent_no_answer": "The agent did not answer",
    "agent_unreachable": "The agent could not be reached",
    "agent_hung_up": "The agent hung up first",
    "not_found": "The network does not know the number",
    "unavailable": "The other side cannot be reached now",
    "congestion": "The carrier had trouble",
    "unreachable": "The carrier could not be reached",
    "carrier_unavailable": "The carrier's voice link was down",
    "not_configured": "Nothing is set up for calls to this number",
    "answer_url_failed": "The answer URL failed",
    "engine_lost": "The voice engine lost the call",
    "node_lost": "The server that ran the call has stopped",
    "server_stopping": "The server was stopping",
    "internal_error": "Something broke on the server",
    "not_recorded": "Nothing was recorded",
}
_ADVICE = {
    "not_configured": "Say what becomes of calls to this number under Numbers and carriers.",
    "carrier_unavailable": "See the state of its link under Numbers and carriers.",
    "congestion": "Try again later; if it stays, ask the carrier with the SIP code.",
    "unreachable": "See the state of its link under Numbers and carriers.",
    "not_found": "Check the number; ask the carrier whether it may be called.",
    "answer_url_failed": "The timeline says what the URL answered.",
    "engine_lost": "The voice engine was restarted, or its connection broke.",
    "node_lost": "Calls end with the process that runs them. The next call is not affected.",
}
_NOTES = {
    "recording_started": "Recording started",
    "recording_completed": "Recording complete",
    "recording_failed": "Recording failed",
    "note": "Note",
}
_NOTE_TONES = {"recording_completed": "ok", "recording_failed": "bad", "note": "warn"}
_TALKING = {Status.IN_PROGRESS.value: "Answered"}


@dataclass(frozen=True, slots=True)
class CallRow:
    """One line of the list."""

    id: str
    direction: str
    other: str
    ours: str
    agent: str
    status: Badge
    reason: str
    ended_by: str
    length: str
    is_live: bool
    is_recorded: bool
    created_at: int


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the timeline."""

    title: str
    tone: str
    at: str
    clock: str
    note: str


@dataclass(frozen=True, slots=True)
class LegView:
    """One side of a call."""

    id: str
    role: str
    party: str
    status: Badge
    ended: str
    length: str
    sip_code: int | None


@dataclass(frozen=True, slots=True)
class CallView:
    """One call with everything that is known of it."""

    id: str
    direction: str
    other: str
    ours: str
    sender: str
    recipient: str
    caller_name: str
    agent: str
    status: Badge
    is_live: bool
    is_bad: bool
    reason: str
    reason_code: str
    advice: str
    ended_by: str
    sip_code: int | None
    length: str
    created_at: int
    answered_at: int | None
    ended_at: int | None
    credential_id: str | None
    metadata: Sequence[tuple[str, str]]
    timeline: Sequence[Step]
    legs: Sequence[LegView]

    @property
    def is_erased(self) -> bool:
        """Whether somebody on it was forgotten: it cannot be placed again."""
        return ERASED in (self.other, self.agent)


@dataclass(frozen=True, slots=True)
class RecordingView:
    """One recording and its player."""

    id: str
    status: Badge
    is_playable: bool
    is_under_way: bool
    channels: str
    duration_ms: int
    length: str
    size: str
    sha256: str
    reason: str
    shape: Waveform
    started_at: int


def call_row(call: Call, recorded: Collection[str]) -> CallRow:
    """`recorded`: the ids of calls that have a recording."""
    is_outbound = call.direction == "outbound"
    return CallRow(
        id=call.id,
        direction=call.direction,
        other=call.recipient if is_outbound else call.sender,
        ours=call.our_number,
        agent=call.agent or "",
        status=badge(call.status),
        reason=_told_reason(call),
        ended_by=ended_by(call.hangup_by),
        length=_length(call.answered_at, call.ended_at),
        is_live=Status(call.status) in LIVE,
        is_recorded=call.id in recorded,
        created_at=call.created_at,
    )


def call_view(call: Call, legs: Sequence[Leg]) -> CallView:
    is_outbound = call.direction == "outbound"
    return CallView(
        id=call.id,
        direction=call.direction,
        other=call.recipient if is_outbound else call.sender,
        ours=call.our_number,
        sender=call.sender,
        recipient=call.recipient,
        caller_name=call.caller_name or "",
        agent=call.agent or "",
        status=badge(call.status),
        is_live=Status(call.status) in LIVE,
        is_bad=call.status == Status.FAILED,
        reason=reason_in_words(call.reason),
        reason_code=call.reason or "",
        advice=_ADVICE.get(call.reason or "", ""),
        ended_by=ended_by(call.hangup_by),
        sip_code=call.sip_code,
        length=_length(call.answered_at, call.ended_at),
        created_at=call.created_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        credential_id=call.credential_id,
        metadata=list(json.loads(call.metadata or "{}").items()),
        timeline=[_step(entry) for entry in timeline(call)],
        legs=[_leg(leg) for leg in legs],
    )


def recording_view(recording: Recording) -> RecordingView:
    duration_ms = recording.duration_ms or 0
    return RecordingView(
        id=recording.id,
        status=badge(recording.status),
        is_playable=recording.status == RecordingStatus.COMPLETED,
        is_under_way=recording.status == RecordingStatus.IN_PROGRESS,
        channels="Mono" if recording.channels == 1 else "Dual channel",
        duration_ms=duration_ms,
        length=clock_length(duration_ms),
        size="" if recording.bytes is None else size_in_words(recording.bytes),
        sha256=recording.sha256 or "",
        reason=reason_in_words(recording.reason),
        shape=waveform(peaks_of(recording)),
        started_at=recording.started_at,
    )


def reason_in_words(reason: str | None) -> str:
    """A reason is a code of ours, or what an engine says; the latter is shown as it is."""
    return _REASONS.get(reason or "", reason or "")


def ended_by(party: str | None) -> str:
    """Who hung up, in words; empty while nobody has."""
    return "" if party is None else _ENDED_BY[HangupBy(party)]


def _told_reason(call: Call) -> str:
    """In a list only what the status does not say by itself."""
    is_told = call.status == Status.FAILED or call.reason in {"max_duration", "voicemail"}
    return reason_in_words(call.reason) if is_told else ""


def _length(answered_at: int | None, ended_at: int | None) -> str:
    if answered_at is None or ended_at is None:
        return ""
    return spoken_length(max(ended_at - answered_at, 0))


def _leg(leg: Leg) -> LegView:
    told = [reason_in_words(leg.reason), _by(leg.hangup_by)] if leg.ended_at else []
    is_other_side = leg.role == Role.CALLER
    return LegView(
        id=leg.id,
        role=_ROLES[Role(leg.role)],
        party=leg.sender if is_other_side else leg.recipient,
        status=badge(leg.status),
        ended=" · ".join(part for part in told if part),
        length=_length(leg.answered_at, leg.ended_at),
        sip_code=leg.sip_code,
    )


def _by(party: str | None) -> str:
    who = ended_by(party)
    return f"by {who}" if who else ""


def _step(entry: TimelineEntry) -> Step:
    title = _NOTES.get(entry.status) or _TALKING.get(entry.status) or badge(entry.status).title
    tone = _NOTE_TONES.get(entry.status) or badge(entry.status).tone
    if entry.leg is not None:
        title = f"{_ROLES[Role(entry.leg)]}: {title.lower()}"
    is_id = entry.status.startswith("recording_")
    note = "" if is_id else reason_in_words(entry.detail)
    return Step(title, tone, entry.at, entry.at[11:23], note)
