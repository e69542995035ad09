"""Deliveries past their retention are dropped with their attempts; what is worked on stays."""

import pytest
from sqlalchemy import insert, select

from hookline.accounts.model import Account
from hookline.accounts.tenancy import create_account, set_event_retention
from hookline.clock import ManualClock
from hookline.errors import Invalid
from hookline.principal import system
from hookline.storage.schema import attempts, deliveries
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.webhooks.retention import drop_old_deliveries
from tests.webhooks.nodes import BOX

_DAY_S = 86_400


async def _deliver(
    store: Store, account: Account, status: str = "delivered", owner: str | None = None
) -> str:
    delivery_id = store.ids.new("dlv")

    async def add(tx: Transaction) -> None:
        await tx.execute(
            insert(deliveries).values(
                id=delivery_id, account_id=account.id, mode="live", event_id="evt_x",
                event_type="message.sent", resource_id="msg_x", status=status,
                created_at=store.now(), owner=owner,
            )
        )  # fmt: skip
        await tx.execute(
            insert(attempts).values(
                delivery_id=delivery_id, number=1, attempted_at=store.now(), url="https://a",
                elapsed_ms=1,
            )
        )  # fmt: skip

    await store.commit(add)
    return delivery_id


async def kept(store: Store) -> set[str]:
    return {row.id for row in await store.read(select(deliveries.c.id))}


async def made_account(store: Store, name: str = "Acme") -> Account:
    return await store.commit(lambda tx: create_account(tx, store, BOX, name=name))


@pytest.mark.parametrize(
    ("status", "owner", "stays"),
    [("delivered", None, False), ("pending", None, False), ("pending", "a node", True)],
)
async def test_old_deliveries_go_with_their_attempts(
    store: Store, clock: ManualClock, status: str, owner: str | None, stays: bool
) -> None:
    account = await made_account(store)
    old = await _deliver(store, account, status, owner)
    clock.advance(seconds=_DAY_S * (store.settings.event_retention_days + 1))
    new = await _deliver(store, account, status, owner)
    assert await drop_old_deliveries(store) == int(not stays)
    expected = {old, new} if stays else {new}
    tried = {row.delivery_id for row in await store.read(select(attempts.c.delivery_id))}
    assert await kept(store) == tried == expected


async def test_retention_of_an_account_counts_instead_of_the_servers(
    store: Store, clock: ManualClock
) -> None:
    shorter, plain, longer = [await made_account(store, name) for name in ("A", "B", "C")]
    made = {}
    for account, days in ((shorter, 2), (plain, None), (longer, 60)):
        by = system(account.id, "tests")
        await store.commit(lambda tx, by=by, days=days: set_event_retention(tx, store, by, days))  # type: ignore[misc]  # bound now
        made[account.name] = await _deliver(store, account)
    clock.advance(seconds=_DAY_S * 3)
    assert await drop_old_deliveries(store) == 1
    assert await kept(store) == {made["B"], made["C"]}
    clock.advance(seconds=_DAY_S * 30)
    assert await drop_old_deliveries(store) == 1
    assert await kept(store) == {made["C"]}


@pytest.mark.parametrize("days", [0, 401])
async def test_retention_has_bounds(store: Store, days: int) -> None:
    by = system((await made_account(store)).id, "tests")
    with pytest.raises(Invalid):
        await store.commit(lambda tx: set_event_retention(tx, store, by, days))
