"""Which link a carrier has on this node."""

import pytest

from hookline.accounts.model import Account
from hookline.carriers import store as sql
from hookline.carriers.links import SANDBOX, Links
from hookline.carriers.sandbox.link import SandboxLink
from hookline.ids import CarrierId
from hookline.numbers.sandbox import furnish_sandbox
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from tests.carriers.reports import Heard


@pytest.fixture
def links(store: Store) -> Links:
    return Links(store)


async def test_test_messages_have_a_sandbox_without_any_row(links: Links) -> None:
    link = await links.find(SANDBOX, Heard())
    assert isinstance(link, SandboxLink)
    await links.close()


async def test_a_carrier_keeps_its_link(links: Links, store: Store, account: Account) -> None:
    carrier_id = await store.commit(lambda tx: furnish_sandbox(tx, store, account.id))
    heard = Heard()
    link = await links.find(carrier_id, heard)
    assert link is not None
    assert link is await links.find(carrier_id, heard)
    assert link is not await links.find(SANDBOX, heard)
    assert link.carrier_id == carrier_id


async def test_other_kinds_and_unknown_carriers_have_none(
    links: Links, store: Store, account: Account
) -> None:
    async def insert(tx: Transaction) -> None:
        row = ("car_1", account.id, "real", "smpp", "{}", None, 1)
        await tx.insert(sql.INSERT_CARRIER, [row])

    await store.commit(insert)
    assert await links.find(CarrierId("car_1"), Heard()) is None
    assert await links.find(CarrierId("car_2"), Heard()) is None


async def test_carriers_and_phones_are_read_by_account(
    store: Store, account: Account, other_account: Account
) -> None:
    carrier_id = await store.commit(lambda tx: furnish_sandbox(tx, store, account.id))
    rows = await store.read(sql.carriers_of(account.id))
    assert [tuple(row) for row in rows] == [(carrier_id, "sandbox", "sandbox")]
    assert await store.read(sql.carriers_of(other_account.id)) == []
    assert await store.read(sql.phones_of(other_account.id)) == []
