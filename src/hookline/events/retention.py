"""Drops events past their retention, the oldest first and a few at a time.

An account's own retention counts instead of the server's. Accounts that have nothing to drop are
passed over by one look at an index. A position is never used again, so what is left still reads
without gaps from its first event on.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

from sqlalchemy import ColumnElement, Delete, delete, func, select

from hookline.clock import DAY_MS, UnixMs
from hookline.storage.schema import accounts, events
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_CHUNK = 2_000
ACCOUNTS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Retention:
    """What is older than an instant goes, in accounts that have this retention."""

    oldest: UnixMs
    is_of: ColumnElement[bool]
    """Whether it is an account's, of a row of `accounts`."""


async def list_retentions(store: Store) -> AsyncIterator[Retention]:
    """Each retention that some account has."""
    own = accounts.c.event_retention_days
    for row in await store.read(select(own.label("days")).distinct()):
        days = row.days or store.settings.event_retention_days
        is_of = own.is_(None) if row.days is None else own == row.days
        yield Retention(UnixMs(max(0, store.now() - days * DAY_MS)), is_of)


async def drop_old_events(store: Store) -> int:
    """Drop one chunk of each account; how many went. Call again while it is not zero."""
    dropped = 0
    async for retention in list_retentions(store):
        first = (
            select(func.min(events.c.position))
            .where(events.c.account_id == accounts.c.id)
            .correlate(accounts)
            .scalar_subquery()
        )
        firsts = select(accounts.c.id, first.label("position")).where(retention.is_of).subquery()
        found = await store.read(
            select(firsts)
            .join(
                events,
                (events.c.account_id == firsts.c.id) & (events.c.position == firsts.c.position),
            )
            .where(events.c.created_at < retention.oldest)
            .limit(ACCOUNTS_AT_ONCE)
        )
        for row in found:
            statement = (
                delete(events)
                .where(events.c.account_id == row.id)
                .where(events.c.position >= row.position, events.c.position < row.position + _CHUNK)
                .where(events.c.created_at < retention.oldest)
            )
            dropped += await store.commit(partial(_run, statement))
    return dropped


async def _run(statement: Delete, tx: Transaction) -> int:
    return await tx.changed(statement)
