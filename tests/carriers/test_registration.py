"""Adding, changing and removing carriers."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, select

from hookline.accounts.model import Account
from hookline.carriers import store as sql
from hookline.carriers.errors import CarrierInUse, CarrierNameTaken, CarrierNotFound
from hookline.carriers.keeper import TOPIC
from hookline.carriers.kinds import CALLS_ONLY, MESSAGES
from hookline.carriers.registration import (
    CarrierChange,
    NewCarrier,
    add_carrier,
    change_carrier,
    find_carrier,
    find_carrier_named,
    remove_carrier,
)
from hookline.carriers.secrets import open_secrets
from hookline.carriers.smpp.settings import SmppSettings
from hookline.errors import Invalid
from hookline.foundation import KINDS
from hookline.numbers.registration import Registration, add_number
from hookline.outbound.sealing import SecretBox
from hookline.principal import LiveModeNeeded, Mode, Principal, PrincipalKind, Scope
from hookline.storage.schema import audit, carrier_links, messages
from hookline.storage.store import Store
from hookline.storage.wakeups import Wakeups
from tests.services.store import owner_of

PASSWORD = "s3cr3t-of-acme"
UNKNOWN = "car_00000000000000000000000001"


async def add(store: Store, box: SecretBox, account: Account, name: str = "Acme") -> Any:
    settings = SmppSettings(host="smsc.example.com", system_id="us")
    new = NewCarrier(name, "smpp", settings, {"password": PASSWORD})
    return await store.commit(lambda tx: add_carrier(tx, store, box, owner_of(account), new))


async def patch(
    store: Store, box: SecretBox, account: Account, carrier_id: str, change: CarrierChange
) -> Any:
    return await store.commit(
        lambda tx: change_carrier(tx, box, owner_of(account), carrier_id, change)
    )


async def remove(store: Store, account: Account, carrier_id: str) -> None:
    await store.commit(lambda tx: remove_carrier(tx, owner_of(account), carrier_id))


async def trail(store: Store, resource_id: str) -> list[Any]:
    rows = await store.read(
        select(audit).where(audit.c.resource_id == resource_id).order_by(audit.c.number)
    )
    return list(rows)


async def test_a_carrier_is_kept_with_its_secrets_sealed(
    store: Store, box: SecretBox, account: Account
) -> None:
    row = await add(store, box, account)
    assert (row.name, row.kind, row.disabled) == ("Acme", "smpp", 0)
    assert msgspec.json.decode(row.settings)["host"] == "smsc.example.com"
    assert PASSWORD not in row.settings + row.secrets
    assert open_secrets(box, row.secrets) == {"password": PASSWORD}


async def test_no_secret_is_in_the_audit_trail(
    store: Store, box: SecretBox, account: Account
) -> None:
    row = await add(store, box, account)
    await patch(
        store,
        box,
        account,
        row.id,
        CarrierChange(kind="smpp", model=SmppSettings, secrets={"password": "another"}),
    )
    await remove(store, account, row.id)
    acts = await trail(store, row.id)
    assert [act.action for act in acts] == ["carrier.create", "carrier.update", "carrier.delete"]
    written = "".join(f"{act.before}{act.after}" for act in acts)
    assert PASSWORD not in written
    assert "another" not in written
    assert msgspec.json.decode(acts[1].after)["secrets_given"] == ["password"]


async def test_keepers_hear_of_every_change(store: Store, box: SecretBox, account: Account) -> None:
    heard: list[None] = []
    wakeups = Wakeups(store.database, store.writer)
    wakeups.subscribe(TOPIC, lambda: heard.append(None))
    row = await add(store, box, account)
    await patch(store, box, account, row.id, CarrierChange(disabled=True))
    await remove(store, account, row.id)
    assert len(heard) == 3


async def test_a_change_keeps_what_is_not_named(
    store: Store, box: SecretBox, account: Account
) -> None:
    before = await add(store, box, account)
    change = CarrierChange(
        name="Other", disabled=True, kind="smpp", model=SmppSettings, settings={"port": 3_550}
    )
    after = await patch(store, box, account, before.id, change)
    expected = msgspec.json.decode(before.settings) | {"port": 3_550}
    assert msgspec.json.decode(after.settings) == expected
    assert (after.name, after.disabled, after.secrets) == ("Other", 1, before.secrets)


async def test_a_change_that_does_not_fit_is_pointed_at(
    store: Store, box: SecretBox, account: Account
) -> None:
    row = await add(store, box, account)
    for change, pointer in (
        (CarrierChange(kind="smpp", model=SmppSettings, settings={"port": 0}), "/smpp/port"),
        (CarrierChange(kind="other"), "/other"),
    ):
        with pytest.raises(Invalid) as refused:
            await patch(store, box, account, row.id, change)
        assert [error.pointer for error in refused.value.errors] == [pointer]


async def test_a_new_password_mends_what_a_lost_key_has_sealed(
    store: Store, box: SecretBox, account: Account
) -> None:
    row = await add(store, SecretBox(["a key that was lost, at least 32 characters"]), account)
    change = CarrierChange(kind="smpp", model=SmppSettings, secrets={"password": "new"})
    after = await patch(store, box, account, row.id, change)
    assert open_secrets(box, after.secrets) == {"password": "new"}


async def test_a_name_belongs_to_one_carrier(
    store: Store, box: SecretBox, account: Account, other_account: Account
) -> None:
    await add(store, box, account)
    with pytest.raises(CarrierNameTaken):
        await add(store, box, account)
    other = await add(store, box, account, "Other")
    with pytest.raises(CarrierNameTaken):
        await patch(store, box, account, other.id, CarrierChange(name="Acme"))
    assert (await patch(store, box, account, other.id, CarrierChange(name="Other"))).id == other.id
    assert (await add(store, box, other_account)).name == "Acme"


async def test_a_carrier_with_numbers_stays(store: Store, box: SecretBox, account: Account) -> None:
    row = await add(store, box, account)
    for number in ("+447700900001", "+447700900002", "+447700900003", "+447700900004"):
        wanted = Registration(number, "Acme")
        await store.commit(lambda tx, one=wanted: add_number(tx, store, owner_of(account), one))
    with pytest.raises(CarrierInUse) as refused:
        await remove(store, account, row.id)
    assert "+447700900001, +447700900002, +447700900003 and 1 more are" in refused.value.detail


async def test_a_carrier_with_messages_to_send_stays(
    store: Store, box: SecretBox, account: Account
) -> None:
    row = await add(store, box, account)
    for status in ("queued", "queued", "scheduled", "delivered"):
        message = {
            "id": store.ids.new("msg"), "account_id": account.id, "mode": "live",
            "direction": "outbound", "sender": "+1", "recipient": "+2", "text": "x",
            "encoding": "gsm7", "segments": 1, "status": status, "carrier_id": row.id,
            "created_at": 0, "updated_at": 0,
        }  # fmt: skip
        await store.commit(lambda tx, one=message: tx.changed(insert(messages).values(one)))
    with pytest.raises(CarrierInUse) as refused:
        await remove(store, account, row.id)
    assert "2 queued, 1 scheduled" in refused.value.detail


async def test_a_removed_carrier_leaves_no_link(
    store: Store, box: SecretBox, account: Account
) -> None:
    row = await add(store, box, account)
    link = (row.id, "main", "node", "bound", "{}", 0, 0)
    await store.commit(lambda tx: tx.insert(sql.INSERT_LINK, [link]))
    await remove(store, account, row.id)
    assert await store.read(select(carrier_links)) == []
    with pytest.raises(CarrierNotFound):
        await find_carrier(store, owner_of(account), row.id)


async def test_the_carriers_of_others_are_not_there(
    store: Store, box: SecretBox, account: Account, other_account: Account
) -> None:
    row = await add(store, box, account)
    for carrier_id in (row.id, UNKNOWN, "car_\x00", "nonsense"):
        acts: list[Callable[[], Awaitable[Any]]] = [
            lambda one=carrier_id: find_carrier(store, owner_of(other_account), one),
            lambda one=carrier_id: patch(store, box, other_account, one, CarrierChange(name="x")),
            lambda one=carrier_id: remove(store, other_account, one),
        ]
        for act in acts:
            with pytest.raises(CarrierNotFound):
                await act()
    assert (await find_carrier_named(store, owner_of(account), "Acme")).id == row.id


async def test_test_credentials_do_not_touch_carriers(
    store: Store, box: SecretBox, account: Account
) -> None:
    tester = Principal(account.id, PrincipalKind.CREDENTIAL, "crd_x", frozenset(Scope), Mode.TEST)
    new = NewCarrier("x", "sandbox")
    with pytest.raises(LiveModeNeeded):
        await store.commit(lambda tx: add_carrier(tx, store, box, tester, new))


def test_what_carries_only_calls_is_known() -> None:
    assert {name for name, kind in KINDS.items() if kind.home != MESSAGES} == CALLS_ONLY
