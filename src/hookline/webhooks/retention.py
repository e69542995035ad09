"""Drops deliveries past their retention with their attempts, the oldest first and a few at a time.

What nobody has been able to deliver by then goes, too: its event is no longer kept.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, or_, select

from hookline.clock import UnixMs
from hookline.events.retention import ACCOUNTS_AT_ONCE, list_retentions
from hookline.ids import AccountId, first_of
from hookline.principal import Mode
from hookline.storage.schema import accounts, attempts, deliveries
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.webhooks.model import DeliveryStatus

_CHUNK = 1_000


async def drop_old_deliveries(store: Store) -> int:
    """Drop one chunk of each account; how many went. Call again while it is not zero."""
    dropped = 0
    async for retention in list_retentions(store):
        has_some = select(deliveries.c.id).where(
            deliveries.c.account_id == accounts.c.id,
            deliveries.c.mode.in_(list(Mode)),
            *_droppable(retention.oldest),
        )
        concerned = select(accounts.c.id).where(retention.is_of, has_some.exists())
        for row in await store.read(concerned.limit(ACCOUNTS_AT_ONCE)):
            for mode in Mode:
                dropped += await _drop(store, AccountId(row.id), mode, retention.oldest)
    return dropped


async def _drop(store: Store, account_id: AccountId, mode: Mode, oldest: UnixMs) -> int:
    rows = await store.read(
        select(deliveries.c.id)
        .where(deliveries.c.account_id == account_id, deliveries.c.mode == mode)
        .where(*_droppable(oldest))
        .order_by(deliveries.c.id)
        .limit(_CHUNK)
    )
    ids = [row.id for row in rows]
    return await store.commit(lambda tx: _delete(tx, ids, oldest)) if ids else 0


async def _delete(tx: Transaction, ids: Sequence[str], oldest: UnixMs) -> int:
    """Those that nobody has begun to work on meanwhile."""
    which = deliveries.c.id.in_(ids), *_droppable(oldest)
    gone = await tx.execute(delete(deliveries).where(*which).returning(deliveries.c.id))
    names = [row.id for row in gone]
    await tx.changed(delete(attempts).where(attempts.c.delivery_id.in_(names)))
    return len(names)


def _droppable(oldest: UnixMs) -> tuple[ColumnElement[bool], ...]:
    """Ids begin with the time that they were made."""
    is_idle = or_(deliveries.c.status != DeliveryStatus.PENDING.value, deliveries.c.owner.is_(None))
    return deliveries.c.id < first_of("dlv", oldest), is_idle
