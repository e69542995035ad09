"""Drops deliveries and attempts past their retention, the oldest first and a few at a time."""

from sqlalchemy import ColumnElement, Delete, Table, delete, select

from hookline.clock import DAY_MS
from hookline.ids import encode_suffix
from hookline.storage.schema import attempts, deliveries
from hookline.storage.store import Store
from hookline.webhooks.model import DeliveryStatus

_CHUNK = 2_000


async def drop_old_deliveries(store: Store) -> int:
    """Drop one chunk of each table; how many rows went. Call again while it is not zero."""
    oldest = store.now() - store.settings.event_retention_days * DAY_MS
    before = f"dlv_{encode_suffix(oldest << 80)}"  # ids begin with the time that they were made
    finished = deliveries.c.status != DeliveryStatus.PENDING.value
    statements = (
        _chunk(attempts, attempts.c.delivery_id, attempts.c.delivery_id < before),
        _chunk(deliveries, deliveries.c.id, (deliveries.c.id < before) & finished),
    )
    dropped = 0
    for statement in statements:
        dropped += await store.commit(lambda tx, s=statement: tx.changed(s))  # type: ignore[misc]  # bound now
    return dropped


def _chunk(table: Table, key: ColumnElement[str], which: ColumnElement[bool]) -> Delete:
    old = select(key).where(which).order_by(key).limit(_CHUNK)
    return delete(table).where(key.in_(old.scalar_subquery()))
