"""The number book: new numbers at once, removed ones forgotten, also those of other processes."""

import asyncio

import pytest

from hookline.accounts.model import Account
from hookline.ids import CarrierId
from hookline.numbers import store as sql
from hookline.numbers.book import Home, NumberBook
from hookline.numbers.registration import Registration, add_number, remove_number
from hookline.storage.database import Database, open_database
from hookline.storage.store import Store
from hookline.storage.transaction import Rows
from hookline.storage.wakeups import Wakeups
from tests.services.store import owner_of
from tests.storage.databases import running_writer


async def add(store: Store, account: Account, number: str) -> str:
    wanted = Registration(number, "sandbox")
    owner = owner_of(account)
    return str((await store.commit(lambda tx: add_number(tx, store, owner, wanted))).id)


async def remove(store: Store, account: Account, number_id: str) -> None:
    await store.commit(lambda tx: remove_number(tx, owner_of(account), number_id))


@pytest.fixture
def book(store: Store, wakeups: Wakeups, sandbox: CarrierId) -> NumberBook:
    return NumberBook(store, wakeups)


async def test_a_number_is_found_at_its_home(
    book: NumberBook, account: Account, other_account: Account, sandbox: CarrierId
) -> None:
    home = Home("+12025550100", "number", sandbox, sandbox, is_voice_sandbox=True)
    assert await book.home(account.id, "+12025550100") == home
    assert await book.home(other_account.id, "+12025550100") is None


async def test_a_new_number_is_usable_at_once(
    book: NumberBook, store: Store, account: Account
) -> None:
    assert await book.home(account.id, "Hookline") is None
    await add(store, account, "Hookline")
    assert await book.home(account.id, "Hookline") is not None


async def test_a_removed_number_is_forgotten(
    book: NumberBook, store: Store, account: Account
) -> None:
    number_id = await add(store, account, "Hookline")
    assert await book.home(account.id, "Hookline") is not None
    await remove(store, account, number_id)
    assert await book.home(account.id, "Hookline") is None


class SlowStore:
    """A store whose reads take as long as the test says."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.has_read, self.go_on = asyncio.Event(), asyncio.Event()

    async def read(self, statement: object) -> Rows:
        rows = await self._store.read(statement)  # type: ignore[arg-type]
        self.has_read.set()
        await self.go_on.wait()
        return rows


async def test_what_was_read_before_a_removal_is_not_remembered(
    store: Store, wakeups: Wakeups, account: Account, sandbox: CarrierId
) -> None:
    number_id = await add(store, account, "Hookline")
    slow = SlowStore(store)
    book = NumberBook(slow, wakeups)  # type: ignore[arg-type]
    finding = asyncio.create_task(book.home(account.id, "Hookline"))
    await slow.has_read.wait()
    await remove(store, account, number_id)
    slow.go_on.set()
    assert await finding is not None
    assert await book.home(account.id, "Hookline") is None


async def test_a_number_that_another_process_removed_is_forgotten(
    book: NumberBook, store: Store, account: Account, database: Database, wakeups: Wakeups
) -> None:
    number_id = await add(store, account, "Hookline")
    assert await book.home(account.id, "Hookline") is not None
    heard = asyncio.Event()
    wakeups.subscribe_prefix("numbers:", lambda _account: heard.set())
    listening = asyncio.create_task(wakeups.run())
    if database.dialect == "postgresql":
        await heard.wait()  # it listens now
        heard.clear()
    assert await book.home(account.id, "Hookline") is not None
    elsewhere = open_database(store.settings)
    async with running_writer(elsewhere, store.settings) as writer:
        other = Store(elsewhere, writer, store.ids, store.clock, store.settings)

        async def take_away(tx):
            await tx.changed(sql.remove(number_id))
            tx.notify(f"numbers:{account.id}")

        await other.commit(take_away)
    await elsewhere.close()
    async with asyncio.timeout(10):
        await heard.wait()
    assert await book.home(account.id, "Hookline") is None
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
