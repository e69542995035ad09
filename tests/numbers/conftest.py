"""An account with its sandbox, on each database in turn."""

import pytest

from hookline.accounts.model import Account
from hookline.ids import CarrierId
from hookline.numbers.sandbox import furnish_sandbox
from hookline.storage.store import Store
from hookline.storage.wakeups import Wakeups


@pytest.fixture
def wakeups(store: Store) -> Wakeups:
    return Wakeups(store.database, store.writer)


@pytest.fixture
async def sandbox(store: Store, account: Account) -> CarrierId:
    return await store.commit(lambda tx: furnish_sandbox(tx, store, account.id))
