"""Drops requests past their days and past the number that an account keeps, a few at a time."""

from functools import partial

from sqlalchemy import Delete

from hookline.clock import DAY_MS
from hookline.ids import AccountId, first_of
from hookline.requests import store as sql
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_CHUNK = 2_000


async def drop_old_requests(store: Store) -> int:
    """Drop one chunk of what is too old; how many went. Call again while it is not zero."""
    oldest = store.now() - store.settings.request_log_days * DAY_MS
    return await store.commit(partial(_run, sql.drop_before(first_of("req", oldest), _CHUNK)))


async def drop_surplus_requests(store: Store) -> int:
    """Drop what accounts have too much of; how many went.

    Counting walks over an index as long as the log, so this is for now and then.
    """
    dropped, account_id = 0, ""
    while found := await store.read(sql.accounts_with_requests(account_id)):
        account_id = found[0].account_id
        dropped += await _drop_surplus(store, AccountId(account_id))
    return dropped


async def _drop_surplus(store: Store, account_id: AccountId) -> int:
    found = await store.read(sql.oldest_kept(account_id, store.settings.request_log_rows_max))
    if not found:
        return 0
    statement = sql.drop_up_to(account_id, found[0].id, _CHUNK)
    total = dropped = await store.commit(partial(_run, statement))
    while dropped == _CHUNK:
        dropped = await store.commit(partial(_run, statement))
        total += dropped
    return total


async def _run(statement: Delete, tx: Transaction) -> int:
    return await tx.changed(statement)
