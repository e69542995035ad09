"""Drops events past their retention, the oldest first and a few at a time.

A position is never used again, so what is left still reads without gaps from its first event on.
"""

from functools import partial

from sqlalchemy import Delete, delete, func, select

from hookline.clock import DAY_MS
from hookline.storage.schema import events
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_CHUNK = 2_000


async def drop_old_events(store: Store) -> int:
    """Drop one chunk of each account; how many went. Call again while it is not zero."""
    oldest = store.now() - store.settings.event_retention_days * DAY_MS
    first = await store.read(
        select(events.c.account_id, func.min(events.c.position).label("position")).group_by(
            events.c.account_id
        )
    )
    statements = [
        delete(events)
        .where(events.c.account_id == row.account_id)
        .where(events.c.position >= row.position, events.c.position < row.position + _CHUNK)
        .where(events.c.created_at < oldest)
        for row in first
    ]
    return sum([await store.commit(partial(_run, statement)) for statement in statements])


async def _run(statement: Delete, tx: Transaction) -> int:
    return await tx.changed(statement)
