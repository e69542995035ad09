"""Deleting a recording: its audio goes, its row says that it was there."""

import asyncio
from collections.abc import Callable

from hookline.audit.append import record
from hookline.calls import store as sql
from hookline.calls.errors import RecordingUnderWay
from hookline.calls.model import (
    RECORDING_TRANSITIONS,
    Recording,
    RecordingChange,
    RecordingStatus,
    call_of,
    recording_of,
)
from hookline.calls.progress import recording_draft
from hookline.calls.reading import missing_recording
from hookline.calls.recording_files import RecordingFiles
from hookline.errors import NotFound
from hookline.events.append import append
from hookline.events.model import EventType
from hookline.ids import is_id
from hookline.principal import Principal
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
Remove = Callable[[str], None]
"""Removes a recording's file, in its own time."""
_CHUNK = 500


async def delete_recording(
    tx: Transaction, principal: Principal, recording_id: str, remove: Remove
) -> None:
    """Raises NotFound, RecordingUnderWay. The file goes when the deletion is durable."""
    rows = (
        await tx.execute(sql.recording_by_id(principal.account_id, principal.mode, recording_id))
        if is_id("rec", recording_id)
        else []
    )
    if not rows or rows[0].status == RecordingStatus.DELETED:
        raise missing_recording(recording_id)
    change = RecordingChange.DELETED
    if (RecordingStatus(rows[0].status), change) not in RECORDING_TRANSITIONS:
        raise RecordingUnderWay
    values = (recording_id, RecordingStatus.DELETED.value)
    (deleted,) = await tx.update(sql.DELETE_RECORDING, [values])
    (counted,) = await tx.update(sql.AFTERWARDS, [(rows[0].call_id, 1)])
    if deleted is None or counted is None:
        raise NotFound
    call, gone = call_of(counted), recording_of(deleted)
    append(tx, recording_draft(call, gone, EventType.RECORDING_DELETED, call.sequence))
    was = RecordingStatus(rows[0].status)
    record(tx, principal, "recording.delete", recording_id, **deletion_facts(gone, was))
    tx.after_commit(lambda: remove(recording_id))


def deletion_facts(gone: Recording, was: RecordingStatus) -> dict[str, dict[str, object]]:
    """What the audit trail keeps of a recording: enough to prove which file it was."""
    kept = {"call_id": gone.call_id, "duration_ms": gone.duration_ms, "sha256": gone.sha256}
    return {
        "before": {"status": was.value, **kept},
        "after": {"status": RecordingStatus.DELETED.value, **kept},
    }


async def remove_left_files(store: Store, files: RecordingFiles) -> int:
    """Remove files of deleted recordings that a killed process had no time for; how many."""
    ids = await asyncio.to_thread(files.list_ids)
    removed = 0
    for start in range(0, len(ids), _CHUNK):
        rows = await store.read(sql.deleted_among(ids[start : start + _CHUNK]))
        for row in rows:
            await asyncio.to_thread(remove_file, files, row.id)
        removed += len(rows)
    return removed


def remove_file(files: RecordingFiles, recording_id: str) -> None:
    """Remove the file, or say in the log why it stays until the next look."""
    try:
        files.remove(recording_id)
    except OSError as error:
        log.error("recording_stuck", recording_id=recording_id, reason=error.strerror)
