"""Deletes recordings past their retention, the oldest first and a few at a time.

The row says `deleted` before the file goes. A file that a killed process left is removed by
`remove_left_files` (deleting.py).
"""

import asyncio
from collections import Counter
from collections.abc import Sequence

from hookline.audit.append import record
from hookline.calls import store as sql
from hookline.calls.deleting import deletion_facts, remove_file
from hookline.calls.model import RecordingStatus, call_of, recording_of
from hookline.calls.progress import recording_draft
from hookline.calls.recording_files import RecordingFiles
from hookline.clock import DAY_MS
from hookline.events.append import append
from hookline.events.model import EventType
from hookline.ids import AccountId, encode_suffix
from hookline.principal import system
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_CHUNK = 100
_PRINCIPAL = "retention"


class RecordingRetention:
    """One node's. Several may run at once: each recording is deleted by one of them."""

    def __init__(self, store: Store, files: RecordingFiles) -> None:
        self._store = store
        self._files = files
        self._after = ""
        """What is older has been seen to: rows of deleted recordings stay, and would be in the way."""
        self._begun_at = store.now()

    async def delete_old(self) -> int:
        """Delete one chunk; how many went. Call again while it is not zero."""
        days = self._store.settings.recording_retention_days
        if not days:
            return 0
        now = self._store.now()
        if now - self._begun_at >= DAY_MS:  # whatever could not be deleted yet, or was put back
            self._after, self._begun_at = "", now
        oldest = max(0, now - days * DAY_MS)
        before = f"rec_{encode_suffix(oldest << 80)}"  # ids begin with their time
        found = await self._store.read(sql.ended_recordings(self._after, before, _CHUNK))
        ids = [row.id for row in found]
        if not ids:
            return 0
        await self._store.commit(lambda tx: mark_deleted(tx, ids, _PRINCIPAL))
        for recording_id in ids:
            await asyncio.to_thread(remove_file, self._files, recording_id)
        self._after = ids[-1]
        return len(ids)


async def mark_deleted(tx: Transaction, ids: Sequence[str], by: str) -> None:
    """Mark as deleted, and tell of, those that nobody else has deleted meanwhile. Their files go
    when that is durable. `by`: the part of the system that does it.
    """
    values = [(one, RecordingStatus.DELETED.value) for one in ids]
    rows = await tx.update(sql.DELETE_RECORDING, values)
    gone = [recording_of(row) for row in rows if row is not None]
    counts = Counter(one.call_id for one in gone)
    counted = await tx.update(sql.AFTERWARDS, sorted(counts.items()))
    calls = {call.id: call for call in (call_of(row) for row in counted if row is not None)}
    for one in gone:
        counts[one.call_id] -= 1
        call = calls[one.call_id]
        append(
            tx,
            recording_draft(
                call, one, EventType.RECORDING_DELETED, call.sequence - counts[one.call_id]
            ),
        )
        record(
            tx, system(AccountId(one.account_id), by), "recording.delete", one.id,
            **deletion_facts(one, RecordingStatus.COMPLETED),
        )  # fmt: skip
