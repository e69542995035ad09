"""Events past their retention are dropped, and only those."""

from sqlalchemy import select

from hookline.accounts.model import Account
from hookline.clock import ManualClock
from hookline.events.append import append
from hookline.events.model import Draft, EventType
from hookline.events.retention import drop_old_events
from hookline.principal import Mode
from hookline.storage.schema import events
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_DAY_S = 86_400


async def _append(store: Store, account: Account, resource_id: str) -> None:
    async def add(tx: Transaction) -> None:
        append(
            tx,
            Draft(
                account.id, EventType.MESSAGE_SENT, Mode.LIVE, resource_id, b"{}", store.now(),
            ),
        )  # fmt: skip

    await store.commit(add)


async def _kept(store: Store) -> list[str]:
    rows = await store.read(select(events.c.resource_id).order_by(events.c.position))
    return [row.resource_id for row in rows]


async def test_only_events_past_the_retention_are_dropped(
    store: Store, account: Account, clock: ManualClock
) -> None:
    await _append(store, account, "msg_old")
    clock.advance(seconds=_DAY_S)
    await _append(store, account, "msg_new")
    clock.advance(seconds=_DAY_S * (store.settings.event_retention_days - 1) + 1)
    assert await drop_old_events(store) == 1
    assert await _kept(store) == ["msg_new"]
    assert await drop_old_events(store) == 0


async def test_positions_go_on_after_events_were_dropped(
    store: Store, account: Account, clock: ManualClock
) -> None:
    await _append(store, account, "msg_old")
    clock.advance(seconds=_DAY_S * (store.settings.event_retention_days + 1))
    await drop_old_events(store)
    await _append(store, account, "msg_new")
    rows = await store.read(select(events.c.position))
    assert [row.position for row in rows] == [2]
