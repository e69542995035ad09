"""Events past their retention are dropped, and only those."""

from sqlalchemy import select

from hookline.accounts.model import Account
from hookline.accounts.tenancy import create_account, set_event_retention
from hookline.clock import ManualClock
from hookline.events.append import append
from hookline.events.model import Draft, EventType
from hookline.events.retention import drop_old_events
from hookline.outbound.sealing import SecretBox
from hookline.principal import Mode, system
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


async def test_retention_of_an_account_counts_instead_of_the_servers(
    store: Store, account: Account, clock: ManualClock, box: SecretBox
) -> None:
    other = await store.commit(lambda tx: create_account(tx, store, box, name="Other"))
    longer = await store.commit(lambda tx: create_account(tx, store, box, name="Longer"))
    for one, days in ((other, 2), (longer, 60)):
        await keep(store, one, days)
    for one in (account, other, longer):
        await _append(store, one, f"msg_of_{one.name}")
    clock.advance(seconds=_DAY_S * 3)
    assert await drop_old_events(store) == 1
    clock.advance(seconds=_DAY_S * 30)
    assert await drop_old_events(store) == 1
    assert await _kept(store) == ["msg_of_Longer"]


async def keep(store: Store, account: Account, days: int) -> None:
    by = system(account.id, "tests")
    await store.commit(lambda tx: set_event_retention(tx, store, by, days))


async def test_positions_go_on_after_events_were_dropped(
    store: Store, account: Account, clock: ManualClock
) -> None:
    await _append(store, account, "msg_old")
    clock.advance(seconds=_DAY_S * (store.settings.event_retention_days + 1))
    await drop_old_events(store)
    await _append(store, account, "msg_new")
    rows = await store.read(select(events.c.position))
    assert [row.position for row in rows] == [2]
