"""Adding, moving and removing numbers, and what a new account starts with."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select

from hookline.accounts.model import Account
from hookline.carriers import store as carrier_sql
from hookline.errors import Invalid, NotFound
from hookline.ids import CarrierId
from hookline.numbers import store as sql
from hookline.numbers.inbound_voice import InboundVoice
from hookline.numbers.registration import (
    NumberTaken,
    Registration,
    add_number,
    find_number,
    move_number,
    remove_number,
)
from hookline.numbers.sandbox import furnish_sandbox
from hookline.principal import LiveModeNeeded, Mode, Principal, PrincipalKind, Scope
from hookline.storage.schema import audit
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from tests.services.store import owner_of

UNKNOWN = "num_00000000000000000000000001"


async def add(store: Store, account: Account, number: str, carrier: str = "sandbox") -> Any:
    wanted = Registration(number, carrier)
    return await store.commit(lambda tx: add_number(tx, store, owner_of(account), wanted))


async def add_carrier(store: Store, account: Account, name: str, kind: str = "played") -> CarrierId:
    carrier_id = CarrierId(store.ids.new("car"))

    async def insert(tx: Transaction) -> None:
        row = (carrier_id, account.id, name, kind, "{}", None, store.now())
        await tx.insert(carrier_sql.INSERT_CARRIER, [row])

    await store.commit(insert)
    return carrier_id


async def acts(store: Store, resource_id: str) -> list[str]:
    rows = await store.read(
        select(audit.c.action).where(audit.c.resource_id == resource_id).order_by(audit.c.number)
    )
    return [row.action for row in rows]


async def test_test_credentials_do_not_touch_numbers_that_live_ones_use(
    store: Store, account: Account, sandbox: CarrierId
) -> None:
    number = await add(store, account, "+447700900123")
    tester = Principal(account.id, PrincipalKind.CREDENTIAL, "crd_x", frozenset(Scope), Mode.TEST)
    acts: list[Callable[[Transaction], Awaitable[Any]]] = [
        lambda tx: add_number(tx, store, tester, Registration("+447700900124", "sandbox")),
        lambda tx: move_number(tx, tester, number.id, carrier="sandbox"),
        lambda tx: remove_number(tx, tester, number.id),
    ]
    for act in acts:
        with pytest.raises(LiveModeNeeded):
            await store.commit(act)


async def test_a_new_account_has_two_numbers_and_two_phones(
    store: Store, account: Account, sandbox: CarrierId
) -> None:
    numbers = await store.read(sql.of_account(account.id).order_by("number"))
    assert [row.number for row in numbers] == ["+12025550100", "+12025550101"]
    assert {(row.carrier_id, row.voice_carrier_id) for row in numbers} == {(sandbox, sandbox)}
    phones = await store.read(carrier_sql.phones_of(account.id))
    assert [row.number for row in phones] == ["+12025550110", "+12025550111"]


async def test_two_accounts_may_have_the_same_sandbox_number(
    store: Store, account: Account, other_account: Account, sandbox: CarrierId
) -> None:
    await store.commit(lambda tx: furnish_sandbox(tx, store, other_account.id))
    holders = await store.read(sql.holders("+12025550100"))
    assert {row.account_id for row in holders} == {account.id, other_account.id}


async def test_a_sandbox_number_has_something_for_those_who_call(
    store: Store, account: Account, sandbox: CarrierId
) -> None:
    for row in await store.read(sql.of_account(account.id)):
        kept = InboundVoice.model_validate_json(row.inbound_voice)
        (gather, *_) = kept.actions or []
        assert gather.gather.then.keys() == {"1", "2"}


async def test_a_number_is_kept_in_its_plain_form(
    store: Store, account: Account, sandbox: CarrierId
) -> None:
    for text, number, kind in (
        ("+44 7700 900123", "+447700900123", "number"),
        ("12345", "12345", "short_code"),
        ("Hookline", "Hookline", "alphanumeric"),
    ):
        row = await add(store, account, text)
        assert (row.number, row.kind, row.carrier_id) == (number, kind, sandbox)
        assert row.voice_carrier_id is None
        assert await acts(store, row.id) == ["number.add"]


async def test_what_is_no_sender_is_refused(
    store: Store, account: Account, sandbox: CarrierId
) -> None:
    for text in ("", "+1", "12", "123456789", "twelve letters", "a\x00", "é", "+\x00"):
        with pytest.raises(Invalid) as refused:
            await add(store, account, text)
        assert refused.value.errors[0].pointer == "/number"


async def test_a_number_is_added_once(store: Store, account: Account, sandbox: CarrierId) -> None:
    with pytest.raises(NumberTaken):
        await add(store, account, "+1 202 555 0100")


async def test_a_carrier_is_named_by_name_or_id_and_must_be_ones_own(
    store: Store, account: Account, other_account: Account, sandbox: CarrierId
) -> None:
    foreign = await add_carrier(store, other_account, "theirs")
    assert (await add(store, account, "+447700900001", sandbox)).carrier_id == sandbox
    for name in ("theirs", foreign, "nobody's"):
        with pytest.raises(Invalid) as refused:
            await add(store, account, "+447700900002", name)
        assert refused.value.errors[0].pointer == "/carrier"


async def test_moving_keeps_what_is_not_named(
    store: Store, account: Account, sandbox: CarrierId
) -> None:
    other = await add_carrier(store, account, "other")
    (row, _) = await store.read(sql.of_account(account.id).order_by("number"))
    moved = await store.commit(
        lambda tx: move_number(tx, owner_of(account), row.id, carrier="other")
    )
    assert (moved.carrier_id, moved.voice_carrier_id) == (other, sandbox)
    assert await acts(store, row.id) == ["number.move"]


async def test_the_carrier_of_calls_can_be_taken_away(
    store: Store, account: Account, sandbox: CarrierId
) -> None:
    (row, _) = await store.read(sql.of_account(account.id).order_by("number"))
    moved = await store.commit(
        lambda tx: move_number(tx, owner_of(account), row.id, voice_carrier=None)
    )
    assert (moved.carrier_id, moved.voice_carrier_id) == (sandbox, None)


async def test_a_removed_number_is_gone(store: Store, account: Account, sandbox: CarrierId) -> None:
    row = await add(store, account, "Hookline")
    await store.commit(lambda tx: remove_number(tx, owner_of(account), row.id))
    with pytest.raises(NotFound):
        await find_number(store, owner_of(account), row.id)
    assert await acts(store, row.id) == ["number.add", "number.remove"]


async def test_the_numbers_of_others_are_not_there(
    store: Store, account: Account, other_account: Account, sandbox: CarrierId
) -> None:
    row = await add(store, account, "Hookline")
    outsider = owner_of(other_account)
    for number_id in (row.id, UNKNOWN, "num_\x00", "nonsense"):
        with pytest.raises(NotFound):
            await find_number(store, outsider, number_id)
        with pytest.raises(NotFound):
            await store.commit(lambda tx, one=number_id: remove_number(tx, outsider, one))
        with pytest.raises(NotFound):
            await store.commit(lambda tx, one=number_id: move_number(tx, outsider, one))
    assert (await find_number(store, owner_of(account), row.id)).number == "Hookline"


@pytest.mark.parametrize(
    ("kind", "wanted", "pointer"),
    [
        ("asterisk", Registration("+447700900123", "Other"), "/carrier"),
        ("smpp", Registration("+447700900123", "sandbox", "Other"), "/voice_carrier"),
    ],
)
async def test_a_carrier_must_carry_what_it_is_for(
    store: Store,
    account: Account,
    sandbox: CarrierId,
    kind: str,
    wanted: Registration,
    pointer: str,
) -> None:
    await add_carrier(store, account, "Other", kind)
    with pytest.raises(Invalid) as refused:
        await store.commit(lambda tx: add_number(tx, store, owner_of(account), wanted))
    assert refused.value.errors[0].pointer == pointer
