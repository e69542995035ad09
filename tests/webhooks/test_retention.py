"""Deliveries and attempts past their retention are dropped; what is still pending stays."""

import pytest
from sqlalchemy import insert, select

from hookline.clock import ManualClock
from hookline.storage.schema import attempts, deliveries
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.webhooks.retention import drop_old_deliveries

_DAY_S = 86_400


async def _deliver(store: Store, status: str) -> str:
    delivery_id = store.ids.new("dlv")

    async def add(tx: Transaction) -> None:
        await tx.execute(
            insert(deliveries).values(
                id=delivery_id, account_id="acc_x", mode="live", event_id="evt_x",
                event_type="message.sent", resource_id="msg_x", status=status,
                created_at=store.now(),
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


@pytest.mark.parametrize(("status", "stays"), [("delivered", False), ("pending", True)])
async def test_finished_deliveries_go_with_their_attempts(
    store: Store, clock: ManualClock, status: str, stays: bool
) -> None:
    old = await _deliver(store, status)
    clock.advance(seconds=_DAY_S * (store.settings.event_retention_days + 1))
    new = await _deliver(store, status)
    await drop_old_deliveries(store)
    kept = {row.id for row in await store.read(select(deliveries.c.id))}
    tried = {row.delivery_id for row in await store.read(select(attempts.c.delivery_id))}
    assert kept == ({old, new} if stays else {new})
    assert tried == {new}
