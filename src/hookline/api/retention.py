"""Forgets old Idempotency-Keys, and wipes answers with secrets after minutes."""

from sqlalchemy import delete, update

from hookline.clock import HOUR_MS, MINUTE_MS
from hookline.storage.schema import idempotency
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction


async def forget_old_keys(store: Store) -> None:
    """Run every minute or so."""
    now, settings = store.now(), store.settings

    async def forget(tx: Transaction) -> None:
        await tx.changed(
            update(idempotency)
            .where(idempotency.c.sealed == 1, idempotency.c.body.is_not(None))
            .where(idempotency.c.created_at < now - settings.secret_answer_minutes * MINUTE_MS)
            .values(body=None)
        )
        oldest = now - settings.idempotency_hours * HOUR_MS
        await tx.changed(delete(idempotency).where(idempotency.c.created_at < oldest))

    await store.commit(forget)
