"""Commits the moves of calls, with their events, by compare-and-set.

Every write of a status after a call was stored goes through here. A step of a call that has ended
meanwhile, or that another node has taken over, changes nothing at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from hookline.calls import resource
from hookline.calls import store as sql
from hookline.calls.model import (
    EVENT_OF,
    FINAL,
    LIVE,
    RECORDING_EVENT_OF,
    Call,
    Leg,
    Recording,
    RecordingStatus,
    Status,
    call_of,
    leg_of,
    recording_of,
    sources,
    target,
    timeline_line,
)
from hookline.calls.steps import (
    CallMove,
    DigitHeard,
    LegMove,
    Move,
    NewLeg,
    NewRecording,
    Note,
    RecordingEnd,
    Step,
)
from hookline.clock import UnixMs
from hookline.events.append import append
from hookline.events.model import Draft, EventType
from hookline.ids import AccountId
from hookline.principal import Mode
from hookline.storage.sets import Row
from hookline.storage.transaction import Transaction
from hookline.voice.port import LegId

_ANYWHERE = f",{','.join(status.value for status in Status)},"


@dataclass(frozen=True, slots=True)
class Taken:
    """A step of a call, as its owner takes it."""

    call: Call
    owner: str
    step: Step


class TakeSteps:
    """Operation: steps of calls, of many calls at once."""

    name = "calls.step"
    rank = 20

    def key(self, item: Taken) -> str:
        return item.call.id

    async def apply(self, tx: Transaction, items: Sequence[Taken]) -> list[Call | None]:
        return await take_steps(tx, items)

    def committed(self, items: Sequence[Taken], outcomes: Sequence[Call | None]) -> None:
        """Whoever took the step waits for its outcome."""


async def take_steps(tx: Transaction, items: Sequence[Taken]) -> list[Call | None]:
    """The call after its step; None where nothing was changed. One step a call."""
    rows = await tx.update(sql.STEP, [_step_values(item) for item in items])
    changed = [call_of(row) if row else None for row in rows]
    won = [(item, call) for item, call in zip(items, changed, strict=True) if call is not None]
    legs = await _write_legs(tx, [item for item, _ in won])
    kept = await _write_recordings(tx, [item for item, _ in won])
    for item, call in won:
        _emit(tx, item, call, legs, kept)
    return changed


async def store_begun(tx: Transaction, item: Taken, legs: Sequence[Leg]) -> None:
    """Insert a call and its legs with their first step taken, and tell of it: one commit for both."""
    step = item.step
    moved = {move.leg_id: target(move.change) for move in step.moves if isinstance(move, LegMove)}
    begun = [
        msgspec.structs.replace(leg, status=moved.get(LegId(leg.id), leg.status)) for leg in legs
    ]
    move = next(one for one in step.moves if isinstance(one, CallMove))
    call = msgspec.structs.replace(
        item.call,
        status=target(move.change).value,
        updated_at=step.at,
        timeline=item.call.timeline + "".join(_line(move, step.at) for move in step.moves),
        sequence=sum(event_of(move) is not None for move in step.moves),
    )
    await tx.insert(sql.INSERT_CALL, [msgspec.structs.astuple(call)])
    await tx.insert(sql.INSERT_LEG, [msgspec.structs.astuple(leg) for leg in begun])
    _emit(tx, item, call, {leg.id: leg for leg in begun}, {})


def _step_values(item: Taken) -> Row:
    step, at = item.step, item.step.at
    move = next((one for one in step.moves if isinstance(one, CallMove)), None)
    status = None if move is None else target(move.change)
    possible = _ANYWHERE if move is None else between_commas(sources(move.change))
    return (
        item.call.id,
        item.owner,
        possible,
        status,
        at,
        None if move is None else move.hangup_by,
        None if move is None else move.reason,
        None if move is None else move.sip_code,
        at if status is Status.IN_PROGRESS else None,
        at if status in FINAL else None,
        "".join(_line(move, at) for move in step.moves),
        sum(event_of(move) is not None for move in step.moves),
    )


@lru_cache(maxsize=32)
def between_commas(statuses: tuple[Status, ...]) -> str:
    """As the guards of `store` compare with."""
    return f",{','.join(status.value for status in statuses)},"


def _line(move: Move, at: UnixMs) -> str:
    match move:
        case LegMove():
            return timeline_line(target(move.change), at, leg=move.role, detail=move.reason)
        case CallMove() if target(move.change) in FINAL:
            return timeline_line(target(move.change), at, detail=move.reason)
        case Note():
            return timeline_line("note", at, detail=move.detail[:500])
        case NewRecording():
            return timeline_line("recording_started", at, detail=move.recording_id)
        case RecordingEnd():
            word = "recording_failed" if move.facts is None else "recording_completed"
            return timeline_line(word, at, detail=move.recording_id)
        case _:
            return ""


def event_of(move: Move) -> EventType | None:
    """The event that a move makes: legs tell of what lives, the call of its end."""
    match move:
        case LegMove() if target(move.change) in LIVE:
            return EVENT_OF[target(move.change)]
        case CallMove() if target(move.change) in FINAL:
            return EVENT_OF[target(move.change)]
        case DigitHeard():
            return EventType.CALL_DTMF
        case NewRecording():
            return EventType.RECORDING_STARTED
        case RecordingEnd():
            return RECORDING_EVENT_OF[_ended_as(move)]
        case _:
            return None


def _ended_as(move: RecordingEnd) -> RecordingStatus:
    return RecordingStatus.FAILED if move.facts is None else RecordingStatus.COMPLETED


# --- legs and recordings --------------------------------------------------------------------------


async def _write_legs(tx: Transaction, items: Sequence[Taken]) -> dict[str, Leg]:
    """Every leg that the steps are about, as it is afterwards."""
    new = [_new_leg(item, move) for item in items for move in item.step.moves if _is_new(move)]
    if new:
        await tx.insert(sql.INSERT_LEG, [msgspec.structs.astuple(leg) for leg in new])
    moves = [
        (move, item.step.at) for item in items for move in item.step.moves if _is_leg_move(move)
    ]
    rows = await tx.update(sql.MOVE_LEG, [_leg_values(move, at) for move, at in moves])
    found = {str(row[0]): leg_of(row) for row in rows if row}
    silent = {
        move.leg_id
        for item in items
        for move in item.step.moves
        if isinstance(move, DigitHeard) and move.leg_id not in found
    }
    if silent:
        keys = sorted(silent)
        read = await tx.select(sql.LEG_BY_ID, [(key,) for key in keys])
        found |= {key: leg_of((key, *row[0])) for key, row in zip(keys, read, strict=True) if row}
    return found


def _is_new(move: Move) -> bool:
    return isinstance(move, NewLeg)


def _is_leg_move(move: Move) -> bool:
    return isinstance(move, LegMove)


def _new_leg(item: Taken, move: Move) -> Leg:
    assert isinstance(move, NewLeg)
    return new_leg(item.call, move, item.step.at)


def new_leg(call: Call, move: NewLeg, at: UnixMs, status: Status = Status.QUEUED) -> Leg:
    """A leg's row, before anything has happened to it."""
    return Leg(
        id=move.leg_id,
        call_id=call.id,
        role=move.role.value,
        sender=move.sender,
        recipient=move.recipient,
        carrier_id=call.carrier_id,
        status=status.value,
        hangup_by=None,
        reason=None,
        sip_code=None,
        created_at=at,
        ringing_at=at if status is Status.RINGING else None,
        answered_at=None,
        ended_at=None,
    )


def _leg_values(move: Move, at: UnixMs) -> Row:
    assert isinstance(move, LegMove)
    status = target(move.change)
    return (
        move.leg_id,
        between_commas(sources(move.change)),
        status.value,
        move.hangup_by,
        move.reason,
        move.sip_code,
        at if status is Status.RINGING else None,
        at if status is Status.IN_PROGRESS else None,
        at if status in FINAL else None,
    )


async def _write_recordings(tx: Transaction, items: Sequence[Taken]) -> dict[str, Recording]:
    """Every recording that the steps are about, as it is afterwards."""
    new = [
        _new_recording(item, move)
        for item in items
        for move in item.step.moves
        if isinstance(move, NewRecording)
    ]
    ends = [
        _recording_values(move, item.step.at)
        for item in items
        for move in item.step.moves
        if isinstance(move, RecordingEnd)
    ]
    if new:
        await tx.insert(sql.INSERT_RECORDING, [msgspec.structs.astuple(one) for one in new])
    rows = await tx.update(sql.END_RECORDING, ends) if ends else []
    ended = {str(row[0]): recording_of(row) for row in rows if row}
    return {one.id: one for one in new} | ended


def _new_recording(item: Taken, move: NewRecording) -> Recording:
    return Recording(
        id=move.recording_id,
        account_id=item.call.account_id,
        mode=item.call.mode,
        call_id=item.call.id,
        status=RecordingStatus.IN_PROGRESS.value,
        channels=move.channels,
        duration_ms=None,
        bytes=None,
        sha256=None,
        peaks=None,
        reason=None,
        started_at=item.step.at,
        ended_at=None,
    )


def _recording_values(move: RecordingEnd, at: UnixMs) -> Row:
    facts = move.facts
    return (
        move.recording_id,
        _ended_as(move).value,
        None if facts is None else facts.duration_ms,
        None if facts is None else facts.bytes,
        None if facts is None else facts.sha256,
        None if facts is None else msgspec.json.encode(facts.peaks).decode(),
        None if move.reason is None else move.reason[:200],
        at,
    )


# --- events -------------------------------------------------------------------------------------------


def _emit(
    tx: Transaction,
    item: Taken,
    call: Call,
    legs: dict[str, Leg],
    recordings: dict[str, Recording],
) -> None:
    told = [(move, kind) for move in item.step.moves if (kind := event_of(move)) is not None]
    first = call.sequence - len(told) + 1
    for sequence, (move, kind) in enumerate(told, start=first):
        match move:
            case NewRecording() | RecordingEnd():
                recording = recordings.get(move.recording_id)
                if recording is not None:
                    append(tx, recording_draft(call, recording, kind, sequence))
            case DigitHeard():
                data = resource.encode_event(call, legs.get(move.leg_id), move.digit)
                append(tx, call_draft(call, kind, sequence, data))
            case LegMove():
                data = resource.encode_event(call, legs.get(move.leg_id))
                append(tx, call_draft(call, kind, sequence, data))
            case _:
                append(tx, call_draft(call, kind, sequence, resource.encode_event(call)))


def call_draft(call: Call, kind: EventType, sequence: int, data: bytes) -> Draft:
    """An event about the call."""
    return Draft(
        account_id=AccountId(call.account_id),
        type=kind,
        mode=Mode(call.mode),
        resource_id=call.id,
        data=data,
        occurred_at=UnixMs(call.updated_at),
        sequence=sequence,
        numbers=(call.our_number,),
        status_url=call.status_url,
    )


def recording_draft(call: Call, recording: Recording, kind: EventType, sequence: int) -> Draft:
    """An event about a recording; it counts with those of its call."""
    return Draft(
        account_id=AccountId(call.account_id),
        type=kind,
        mode=Mode(call.mode),
        resource_id=recording.id,
        data=resource.encode_recording(recording),
        occurred_at=UnixMs(recording.ended_at or recording.started_at),
        sequence=sequence,
        numbers=(call.our_number,),
        status_url=call.status_url,
    )
