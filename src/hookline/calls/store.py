"""All SQL of calls."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Delete, Executable, delete, select, update
from sqlalchemy import Select as Query
from sqlalchemy import Update as UpdateQuery

from hookline.calls.model import (
    CALL_COLUMNS,
    LEG_COLUMNS,
    RECORDING_COLUMNS,
    RECORDING_TRANSITIONS,
    RecordingChange,
    RecordingStatus,
    Status,
)
from hookline.ids import AccountId
from hookline.principal import Mode
from hookline.storage.schema import (
    LIVE_CALLS,
    call_commands,
    calls,
    carriers,
    legs,
    numbers,
    recordings,
)
from hookline.storage.sets import Insert, Select, Update

INSERT_CALL = Insert(calls, CALL_COLUMNS)
INSERT_LEG = Insert(legs, LEG_COLUMNS)
INSERT_RECORDING = Insert(recordings, RECORDING_COLUMNS)
INSERT_COMMAND = Insert(call_commands, ("id", "call_id", "owner", "command", "created_at"))

STEP = Update(
    calls,
    key=("id",),
    values=(
        "owner", "sources", "status", "updated_at", "hangup_by", "reason", "sip_code",
        "answered_at", "ended_at", "timeline", "counted",
    ),
    changes={
        "status": "COALESCE({status}, t.status)",
        "updated_at": "{updated_at}",
        "hangup_by": "COALESCE({hangup_by}, t.hangup_by)",
        "reason": "COALESCE({reason}, t.reason)",
        "sip_code": "COALESCE({sip_code}, t.sip_code)",
        "answered_at": "COALESCE({answered_at}, t.answered_at)",
        "ended_at": "COALESCE({ended_at}, t.ended_at)",
        "timeline": "t.timeline || {timeline}",
        "sequence": "t.sequence + {counted}",
    },
    guard="{sources} LIKE '%,' || t.status || ',%' AND t.owner = {owner}",
    returning=CALL_COLUMNS,
    value_types={"counted": "sequence", "sources": "status"},
)  # fmt: skip
"""A step of a call: from any of `sources` (between commas), by the node that runs it."""

AFTERWARDS = Update(
    calls,
    key=("id",),
    values=("counted",),
    changes={"sequence": "t.sequence + {counted}"},
    returning=CALL_COLUMNS,
    value_types={"counted": "sequence"},
)
"""What happens to a call's recordings counts as well, also when the call has ended."""

MOVE_LEG = Update(
    legs,
    key=("id",),
    values=(
        "sources", "status", "hangup_by", "reason", "sip_code", "ringing_at", "answered_at",
        "ended_at",
    ),
    changes={
        "status": "{status}",
        "hangup_by": "{hangup_by}",
        "reason": "{reason}",
        "sip_code": "{sip_code}",
        "ringing_at": "COALESCE({ringing_at}, t.ringing_at)",
        "answered_at": "COALESCE({answered_at}, t.answered_at)",
        "ended_at": "{ended_at}",
    },
    guard="{sources} LIKE '%,' || t.status || ',%'",
    returning=LEG_COLUMNS,
    value_types={"sources": "status"},
)  # fmt: skip


def _from(change: RecordingChange) -> str:
    possible = [status for status, what in RECORDING_TRANSITIONS if what is change]
    return f"t.status IN ({', '.join(repr(status.value) for status in possible)})"


END_RECORDING = Update(
    recordings,
    key=("id",),
    values=("status", "duration_ms", "bytes", "sha256", "peaks", "reason", "ended_at"),
    changes={
        "status": "{status}",
        "duration_ms": "{duration_ms}",
        "bytes": "{bytes}",
        "sha256": "{sha256}",
        "peaks": "{peaks}",
        "reason": "{reason}",
        "ended_at": "{ended_at}",
    },
    guard=_from(RecordingChange.KEPT),
    returning=RECORDING_COLUMNS,
)
DELETE_RECORDING = Update(
    recordings,
    key=("id",),
    values=("status",),
    changes={"status": "{status}", "peaks": "NULL"},
    guard=_from(RecordingChange.DELETED),
    returning=RECORDING_COLUMNS,
)

LEG_BY_ID = Select(legs, key=("id",), columns=LEG_COLUMNS[1:])
HOLDERS = Select(
    numbers, key=("number",), columns=("account_id", "voice_carrier_id", "inbound_voice")
)
"""Every account that has the number, for calls that come in."""

Rows = Query[Any]  # Any: the columns of the room's structs


def _calls() -> Rows:
    return select(*(calls.c[name] for name in CALL_COLUMNS))


def _legs() -> Rows:
    return select(*(legs.c[name] for name in LEG_COLUMNS))


def _recordings() -> Rows:
    return select(*(recordings.c[name] for name in RECORDING_COLUMNS))


def of_account(account_id: AccountId, mode: Mode) -> Rows:
    return _calls().where(calls.c.account_id == account_id, calls.c.mode == mode.value)


def by_id(account_id: AccountId, mode: Mode, call_id: str) -> Rows:
    return of_account(account_id, mode).where(calls.c.id == call_id)


def by_ids(call_ids: Collection[str]) -> Rows:
    return _calls().where(calls.c.id.in_(call_ids))


def own(call_ids: Collection[str], node: str) -> UpdateQuery:
    """Take calls over from whichever node has them."""
    return update(calls).where(calls.c.id.in_(call_ids)).values(owner=node)


def locked(account_id: AccountId, mode: Mode, call_id: str) -> Rows:
    """For a command: the call does not end, and nobody takes it over, before that is committed."""
    return by_id(account_id, mode, call_id).with_for_update()


def legs_of(call_ids: Collection[str]) -> Rows:
    """In the order in which they were made."""
    return _legs().where(legs.c.call_id.in_(call_ids)).order_by(legs.c.id)


def recordings_of(account_id: AccountId, mode: Mode) -> Rows:
    return _recordings().where(
        recordings.c.account_id == account_id, recordings.c.mode == mode.value
    )


def recording_by_id(account_id: AccountId, mode: Mode, recording_id: str) -> Rows:
    return recordings_of(account_id, mode).where(recordings.c.id == recording_id)


def deleted_among(recording_ids: Collection[str]) -> Query[str]:
    return select(recordings.c.id).where(
        recordings.c.id.in_(recording_ids), recordings.c.status == RecordingStatus.DELETED
    )


def ended_recordings(after: str, before: str, limit: int) -> Query[str]:
    """Ids of recordings between these two that are not deleted, oldest first."""
    return (
        select(recordings.c.id)
        .where(recordings.c.id > after, recordings.c.id < before)
        .where(recordings.c.status.in_((RecordingStatus.COMPLETED, RecordingStatus.FAILED)))
        .order_by(recordings.c.id)
        .limit(limit)
    )


def under_way(call_ids: Collection[str]) -> Rows:
    """Recordings of these calls that have not ended."""
    return _recordings().where(
        recordings.c.call_id.in_(call_ids), recordings.c.status == RecordingStatus.IN_PROGRESS
    )


def waiting(limit: int) -> Query[Any]:
    """Queued calls that no node has, oldest first, with the kind of their carrier."""
    return (
        select(calls.c.id, calls.c.carrier_id, carriers.c.kind, calls.c.created_at)
        .join(carriers, carriers.c.id == calls.c.carrier_id, isouter=True)
        .where(LIVE_CALLS, calls.c.status == Status.QUEUED, calls.c.owner.is_(None))
        .order_by(calls.c.id)
        .limit(limit)
    )


def claim(call_ids: Collection[str], node: str) -> UpdateQuery:
    """Take those of these queued calls that nobody else has taken meanwhile."""
    return (
        update(calls)
        .where(calls.c.id.in_(call_ids), calls.c.status == Status.QUEUED, calls.c.owner.is_(None))
        .values(owner=node)
        .returning(*(calls.c[name] for name in CALL_COLUMNS))
    )


def owners() -> Query[tuple[str | None]]:
    """Every node that live calls name."""
    return select(calls.c.owner).where(LIVE_CALLS, calls.c.owner.is_not(None)).distinct()


def abandoned(nodes: Collection[str], limit: int) -> Rows:
    """Live calls of these nodes, oldest first."""
    return _calls().where(LIVE_CALLS, calls.c.owner.in_(nodes)).order_by(calls.c.id).limit(limit)


def release_queued(nodes: Collection[str]) -> UpdateQuery:
    """Let anybody take what these nodes had not dialled yet."""
    return (
        update(calls)
        .where(LIVE_CALLS, calls.c.status == Status.QUEUED, calls.c.owner.in_(nodes))
        .values(owner=None)
    )


def orphaned_recordings(nodes: Collection[str], limit: int) -> Rows:
    """Recordings under way of calls that these nodes ran and that have ended."""
    return (
        _recordings()
        .join(calls, calls.c.id == recordings.c.call_id)
        .where(recordings.c.status == RecordingStatus.IN_PROGRESS)
        .where(calls.c.owner.in_(nodes))
        .limit(limit)
    )


def recording_owners() -> Query[tuple[str | None]]:
    """Every node that recordings under way are on."""
    return (
        select(calls.c.owner)
        .join(recordings, calls.c.id == recordings.c.call_id)
        .where(recordings.c.status == RecordingStatus.IN_PROGRESS)
        .distinct()
    )


def take_commands(node: str) -> Executable:
    """What is asked of calls on this node; it is not there any more afterwards."""
    return (
        delete(call_commands)
        .where(call_commands.c.owner == node)
        .returning(call_commands.c.id, call_commands.c.call_id, call_commands.c.command)
    )


def forget_commands_of(nodes: Collection[str]) -> Delete:
    return delete(call_commands).where(call_commands.c.owner.in_(nodes))
