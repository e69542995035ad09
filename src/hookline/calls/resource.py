"""Calls, legs and recordings as the API, the events and the console show them."""

from collections.abc import Sequence

import msgspec

from hookline.calls.model import Call, Leg, Recording
from hookline.clock import to_rfc3339

_NO_METADATA = msgspec.Raw(b"{}")


class LegResource(msgspec.Struct, frozen=True):
    """One side of a call."""

    id: str
    role: str
    from_: str = msgspec.field(name="from")
    to: str
    status: str
    hangup_by: str | None
    reason: str | None
    sip_code: int | None
    created_at: str
    ringing_at: str | None
    answered_at: str | None
    ended_at: str | None
    object: str = "leg"


class CallResource(msgspec.Struct, frozen=True):
    """The public resource; the order of fields is the order on the wire."""

    id: str
    direction: str
    from_: str = msgspec.field(name="from")
    caller_name: str | None
    to: str
    agent: str | None
    status: str
    hangup_by: str | None
    reason: str | None
    sip_code: int | None
    carrier: str
    metadata: msgspec.Raw
    credential_id: str | None
    created_at: str
    answered_at: str | None
    ended_at: str | None
    duration_seconds: int | None
    updated_at: str
    object: str = "call"


class TimelineEntry(msgspec.Struct, frozen=True):
    """One thing that happened."""

    status: str
    at: str
    leg: str | None = None
    detail: str | None = None


class CallDetail(msgspec.Struct, frozen=True):
    """The parts that only reading one call shows."""

    legs: list[LegResource]
    timeline: list[TimelineEntry]


class RecordingResource(msgspec.Struct, frozen=True):
    """The public resource of a recording."""

    id: str
    call_id: str
    status: str
    duration_ms: int | None
    channels: int
    bytes: int | None
    sha256: str | None
    peaks: msgspec.Raw
    reason: str | None
    url: str | None
    started_at: str
    ended_at: str | None
    object: str = "recording"


_encode = msgspec.json.Encoder().encode
_lines = msgspec.json.Decoder(TimelineEntry)


def call_resource(call: Call) -> CallResource:
    """The public resource of a stored call."""
    talked_ms = (
        None
        if call.answered_at is None or call.ended_at is None
        else max(call.ended_at - call.answered_at, 0)
    )
    return CallResource(
        id=call.id,
        direction=call.direction,
        from_=call.sender,
        caller_name=call.caller_name,
        to=call.recipient,
        agent=call.agent,
        status=call.status,
        hangup_by=call.hangup_by,
        reason=call.reason,
        sip_code=call.sip_code,
        carrier=call.carrier_id,
        metadata=msgspec.Raw(call.metadata.encode()) if call.metadata else _NO_METADATA,
        credential_id=call.credential_id,
        created_at=to_rfc3339(call.created_at),
        answered_at=_shown(call.answered_at),
        ended_at=_shown(call.ended_at),
        duration_seconds=None if talked_ms is None else round(talked_ms / 1_000),
        updated_at=to_rfc3339(call.updated_at),
    )


def leg_resource(leg: Leg) -> LegResource:
    """The public resource of a stored leg."""
    return LegResource(
        id=leg.id,
        role=leg.role,
        from_=leg.sender,
        to=leg.recipient,
        status=leg.status,
        hangup_by=leg.hangup_by,
        reason=leg.reason,
        sip_code=leg.sip_code,
        created_at=to_rfc3339(leg.created_at),
        ringing_at=_shown(leg.ringing_at),
        answered_at=_shown(leg.answered_at),
        ended_at=_shown(leg.ended_at),
    )


def recording_resource(recording: Recording) -> RecordingResource:
    """The public resource of a stored recording; its `url` needs a credential."""
    is_there = recording.status == "completed"
    return RecordingResource(
        id=recording.id,
        call_id=recording.call_id,
        status=recording.status,
        duration_ms=recording.duration_ms,
        channels=recording.channels,
        bytes=recording.bytes,
        sha256=recording.sha256,
        peaks=msgspec.Raw(msgspec.json.encode(peaks_of(recording))),
        reason=recording.reason,
        url=f"/v1/recordings/{recording.id}/audio" if is_there else None,
        started_at=to_rfc3339(recording.started_at),
        ended_at=_shown(recording.ended_at),
    )


def peaks_of(recording: Recording) -> list[list[int]]:
    """A row for each channel; recordings of old have one row for all their channels."""
    if recording.peaks is None:
        return []
    kept: list[list[int]] | list[int] = msgspec.json.decode(recording.peaks)
    return [row for row in kept if isinstance(row, list)] or [
        [peak for peak in kept if isinstance(peak, int)]
    ]


def encode_call(call: Call) -> bytes:
    """The public resource as JSON."""
    return _encode(call_resource(call))


def encode_call_with_legs(call: Call, legs: Sequence[Leg]) -> bytes:
    """The public resource with its legs and its timeline as JSON."""
    shown = CallDetail([leg_resource(leg) for leg in legs], timeline(call))
    return encode_call(call)[:-1] + b"," + _encode(shown)[1:]


def encode_event(call: Call, leg: Leg | None = None, digit: str | None = None) -> bytes:
    """What an event about the call tells: the resource, and the leg and digit that it is about."""
    more: dict[str, object] = {} if leg is None else {"leg": leg_resource(leg)}
    if digit is not None:
        more["digit"] = digit
    return encode_call(call)[:-1] + b"," + _encode(more)[1:] if more else encode_call(call)


def encode_recording(recording: Recording) -> bytes:
    """The public resource as JSON."""
    return _encode(recording_resource(recording))


def encode_page(data: Sequence[CallResource | RecordingResource], *, has_more: bool) -> bytes:
    """A page of a list as JSON."""
    cursor = data[-1].id if has_more else None
    return _encode({"object": "list", "data": data, "has_more": has_more, "next_cursor": cursor})


def timeline(call: Call) -> list[TimelineEntry]:
    """Everything that happened, oldest first."""
    return [_lines.decode(line) for line in call.timeline.splitlines()]


def _shown(instant: int | None) -> str | None:
    return None if instant is None else to_rfc3339(instant)
