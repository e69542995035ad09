import asyncio
import contextlib

import pytest

from hookline.accounts.model import Account
from hookline.clock import ManualClock
from hookline.credentials.last_use import LastUses
from hookline.credentials.model import Credential
from hookline.credentials.reading import get_credential
from hookline.credentials.rotation import rotate_credential
from hookline.principal import Principal
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from tests.credentials.issued import issue, note_use
from tests.services.store import owner_of


async def read_after_writing(store: Store, owner: Principal, id: str) -> Credential:
    async def nothing(tx: Transaction) -> None:
        """The writer keeps the order: once this is committed, what was posted before is too."""

    await store.commit(nothing)
    return await get_credential(store, owner, id)


@pytest.fixture
def uses(store: Store) -> LastUses:
    return LastUses(store.writer, store.clock)


async def test_last_use_is_shown(store: Store, account: Account, uses: LastUses) -> None:
    owner = owner_of(account)
    issued = await issue(store, owner)
    note_use(uses, issued.token, "POST /v1/messages")
    uses.flush()
    read = await read_after_writing(store, owner, issued.credential.id)
    assert read.last_used is not None
    assert (read.last_used.ip, read.last_used.route) == ("192.0.2.7", "POST /v1/messages")


async def test_token_is_written_once_a_minute(
    store: Store, account: Account, uses: LastUses, clock: ManualClock
) -> None:
    issued = await issue(store, owner_of(account))
    written = []
    for _ in range(4):
        note_use(uses, issued.token)
        written.append(uses.flush())
        clock.advance(seconds=30)
    assert written == [1, 0, 1, 0]


async def test_older_use_does_not_replace_a_newer_one(
    store: Store, account: Account, clock: ManualClock
) -> None:
    owner = owner_of(account)
    issued = await issue(store, owner)
    late, early = LastUses(store.writer, clock), LastUses(store.writer, clock)
    note_use(early, issued.token, ip="192.0.2.1")
    clock.advance(seconds=1)
    note_use(late, issued.token, ip="192.0.2.2")
    late.flush()
    early.flush()
    read = await read_after_writing(store, owner, issued.credential.id)
    assert read.last_used is not None
    assert read.last_used.ip == "192.0.2.2"


async def test_what_is_left_is_written_at_the_end(
    store: Store, account: Account, uses: LastUses
) -> None:
    owner = owner_of(account)
    issued = await issue(store, owner)
    task = asyncio.create_task(uses.run())
    await asyncio.sleep(0)
    note_use(uses, issued.token)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    read = await read_after_writing(store, owner, issued.credential.id)
    assert read.last_used is not None


async def test_new_token_has_not_been_used(store: Store, account: Account, uses: LastUses) -> None:
    owner = owner_of(account)
    issued = await issue(store, owner)
    note_use(uses, issued.token)
    uses.flush()
    await store.commit(lambda tx: rotate_credential(tx, store, owner, issued.credential.id))
    read = await get_credential(store, owner, issued.credential.id)
    assert read.last_used is None
