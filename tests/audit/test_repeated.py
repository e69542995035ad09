"""Acts of many requests are noted once."""

from dataclasses import replace

from sqlalchemy import select

from hookline.accounts.model import Account
from hookline.audit.repeated import record_once
from hookline.clock import ManualClock
from hookline.storage.schema import audit
from hookline.storage.store import Store
from tests.services.store import owner_of

LISTEN = "recording.listen"


async def noted(store: Store) -> list[tuple[str, str | None]]:
    rows = await store.read(
        select(audit.c.resource_id, audit.c.ip)
        .where(audit.c.action == LISTEN)
        .order_by(audit.c.number)
    )
    return [(row.resource_id, row.ip) for row in rows]


async def test_a_repeated_act_is_noted_once(store: Store, account: Account) -> None:
    person = replace(owner_of(account), ip="192.0.2.1")
    for _ in range(3):
        await record_once(store, person, LISTEN, "rec_1")
    assert await noted(store) == [("rec_1", "192.0.2.1")]


async def test_another_address_person_or_thing_is_another_act(
    store: Store, account: Account
) -> None:
    person = replace(owner_of(account), ip="192.0.2.1")
    for who, what in (
        (person, "rec_1"),
        (person, "rec_2"),
        (replace(person, ip="192.0.2.2"), "rec_1"),
        (replace(person, ip=None), "rec_1"),
        (replace(person, id="usr_other"), "rec_1"),
    ):
        await record_once(store, who, LISTEN, what)
    assert len(await noted(store)) == 5


async def test_after_an_hour_it_is_noted_again(
    store: Store, account: Account, clock: ManualClock
) -> None:
    person = owner_of(account)
    await record_once(store, person, LISTEN, "rec_1")
    clock.advance(seconds=3_601)
    await record_once(store, person, LISTEN, "rec_1")
    assert len(await noted(store)) == 2
