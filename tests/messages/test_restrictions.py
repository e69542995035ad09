"""Messages of a restricted credential, and of an account that reaches certain countries only."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from hookline.accounts.tenancy import set_allowed_countries
from hookline.clock import ManualClock, to_datetime
from hookline.errors import HooklineError
from hookline.messages.send_routes import _accept, _prepare
from hookline.numbers.destinations import CountryNotAllowed, NumberNotAllowed
from hookline.principal import Principal, PrincipalKind
from hookline.restrictions import Restrictions
from tests.messages.room import PATIENCE_S, PHONE, SANDBOX_NUMBER, Room, another_node

OTHER_NUMBER, BRITON = "+12025550101", "+447700900123"


def held(room: Room, **restrictions: tuple[str, ...]) -> Principal:
    return replace(room.live, restrictions=Restrictions(**restrictions))  # type: ignore[arg-type]  # by name


async def restrict_account(room: Room, *countries: str) -> None:
    owner = replace(room.live, kind=PrincipalKind.USER)
    await room.store.commit(lambda tx: set_allowed_countries(tx, owner, countries or None))


async def test_only_its_numbers_send(room: Room) -> None:
    bound = held(room, allowed_numbers=(SANDBOX_NUMBER,))
    await room.send(PHONE, by=bound)
    with pytest.raises(NumberNotAllowed) as refused:
        await room.send(PHONE, by=bound, sender=OTHER_NUMBER)
    assert refused.value.errors[0].pointer == "/from"
    with pytest.raises(NumberNotAllowed):
        await room.send(PHONE, by=bound, sender="Hookline")


async def test_only_its_countries_are_reached(room: Room, clock: ManualClock) -> None:
    bound = held(room, allowed_countries=("US",))
    await room.send(PHONE, by=bound)
    later = to_datetime(clock.now_ms()) + timedelta(days=2)
    for send_at in (None, later):
        with pytest.raises(CountryNotAllowed) as refused:
            await room.send(BRITON, by=bound, send_at=send_at)
        assert refused.value.errors[0].pointer == "/to"


async def test_each_of_a_batch_is_judged_by_itself(room: Room) -> None:
    bound = held(room, allowed_countries=("US",), allowed_numbers=(SANDBOX_NUMBER,))
    wanted = [(SANDBOX_NUMBER, PHONE), (SANDBOX_NUMBER, BRITON), (OTHER_NUMBER, PHONE)]
    items = [
        msgspec.Raw(msgspec.json.encode({"from": sender, "to": to, "text": "hello"}))
        for sender, to in wanted
    ]
    prepared = [await _prepare(room.submission, bound, item, is_keyed=False) for item in items]
    body = await room.store.commit(lambda tx: _accept(tx, room.submission, prepared, "req_1"))
    results = msgspec.json.decode(body)["data"]
    assert [one["status"] for one in results] == [202, 403, 403]
    codes = [one["error"]["code"] for one in results[1:]]
    assert codes == ["country_not_allowed", "number_not_allowed"]


async def test_the_accounts_countries_hold_everybody(room: Room) -> None:
    await room.send(BRITON)
    await restrict_account(room, "US")
    for principal in (room.live, room.test, replace(room.live, kind=PrincipalKind.USER)):
        with pytest.raises(CountryNotAllowed, match="account"):
            await room.send(BRITON, by=principal)
    await restrict_account(room)
    await room.send(BRITON)


async def test_another_node_hears_of_the_accounts_countries(room: Room) -> None:
    async with another_node(room) as other:
        listening = asyncio.create_task(other.wakeups.run())
        await other.send(BRITON)
        await restrict_account(room, "US")

        async def is_known() -> bool:
            try:
                await other.send(BRITON)
            except HooklineError:
                return True
            return False

        async with asyncio.timeout(PATIENCE_S):
            while not await is_known():
                await other.settle()
        listening.cancel()
