"""Every leg of a call is held: whom it calls, the agent, and whoever its actions dial."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from hookline.accounts.tenancy import set_allowed_countries
from hookline.calls.schemas import CallCreate
from hookline.clock import ManualClock
from hookline.credentials.changing import Change, patch_credential
from hookline.credentials.errors import DailyCallCapReached
from hookline.credentials.issuing import Issue, issue_credential
from hookline.errors import Conflict
from hookline.numbers.destinations import CountryNotAllowed, NumberNotAllowed
from hookline.principal import Principal, PrincipalKind, Scope
from hookline.restrictions import Restrictions
from hookline.storage.schema import credential_usage
from hookline.storage.transaction import Transaction
from tests.calls.played import NUMBER, PlayedEngine
from tests.calls.room import Room
from tests.calls.test_answer_url import answer, ask
from tests.calls.test_inbound import come_in, configure

US, GB = "+12025550199", "+447700900123"
BODY = {"from": NUMBER, "to": US, "actions": [{"say": {"text": "hello"}}]}
DIAL = {"dial": {"to": GB}}


def held(room: Room, **restrictions: tuple[str, ...]) -> Principal:
    return replace(room.live, restrictions=Restrictions(**restrictions))  # type: ignore[arg-type]  # by name


def owner(room: Room) -> Principal:
    return replace(room.live, kind=PrincipalKind.USER, id="usr_1")


@pytest.mark.parametrize(
    ("legs", "pointer"),
    [
        ({"to": GB}, "/to"),
        ({"agent": GB}, "/agent"),
        ({"agent": f"sip:{GB}@gateway.example.com"}, "/agent"),
        ({"actions": [{"pause": {"seconds": 1}}, DIAL]}, "/actions/1/dial/to"),
        (
            {"actions": [{"gather": {"then": {"1": [DIAL]}}}]},
            "/actions/0/gather/then/1/0/dial/to",
        ),
    ],
)
async def test_a_leg_elsewhere_is_refused_where_it_is_named(
    room: Room, legs: dict[str, Any], pointer: str
) -> None:
    await room.place(to=US, agent="sip:alice@example.com", by=held(room, allowed_countries=("US",)))
    await room.store.commit(lambda tx: set_allowed_countries(tx, owner(room), ("GB", "US")))
    with pytest.raises(CountryNotAllowed) as refused:
        await room.place(**{"to": US, "by": held(room, allowed_countries=("US",)), **legs})
    assert refused.value.errors[0].pointer == pointer


async def test_only_its_numbers_call(room: Room) -> None:
    await room.place(by=held(room, allowed_numbers=(NUMBER,)))
    with pytest.raises(NumberNotAllowed) as refused:
        await room.place(by=held(room, allowed_numbers=("+12025550100",)))
    assert refused.value.errors[0].pointer == "/from"


async def test_the_accounts_countries_hold_everybody(room: Room) -> None:
    await room.store.commit(lambda tx: set_allowed_countries(tx, owner(room), ("US",)))
    for principal in (room.live, room.test, owner(room)):
        with pytest.raises(CountryNotAllowed, match="account"):
            await room.place(to=GB, by=principal)


async def test_what_an_answer_url_dials_is_held_by_the_restrictions_of_now(room: Room) -> None:
    command = Issue("CRM", frozenset({Scope.CALLS_CREATE}))
    made = await room.store.commit(
        lambda tx: issue_credential(tx, room.store, owner(room), command)
    )
    call_id, credential_id = await room.place(), made.credential.id
    reply = answer(b'{"actions": [{"dial": {"to": "%b"}}]}' % GB.encode())
    assert (await ask(room, call_id, reply, credential_id))[0]
    change = Change(restrictions={"allowed_countries": ("US",)})
    await room.store.commit(
        lambda tx: patch_credential(tx, room.store, owner(room), credential_id, change)
    )
    with pytest.raises(CountryNotAllowed) as refused:
        await ask(room, call_id, reply, credential_id)
    assert refused.value.errors[0].pointer == "/actions/0/dial/to"


@pytest.mark.parametrize("voice", [{"agent": GB}, {"actions": [DIAL]}])
async def test_a_call_that_comes_in_rings_nobody_where_the_account_does_not_reach(
    room: Room, engine: PlayedEngine, voice: dict[str, Any]
) -> None:
    await configure(room, **voice)
    await room.store.commit(lambda tx: set_allowed_countries(tx, owner(room), ("US",)))
    call_id, caller, _ = await come_in(room, engine)
    await engine.telling("hang_up")
    engine.end(caller, by="us")
    assert (await room.until_status("failed", call_id)).reason == "not_configured"
    assert not engine.all_told("dial")


@pytest.mark.parametrize(
    "voice", [{"agent": GB}, {"actions": [DIAL]}, {"answer_url": "https://example.com/x"}]
)
async def test_nobody_has_calls_come_in_to_reach_what_they_cannot_call(
    room: Room, voice: dict[str, Any]
) -> None:
    room.live = held(room, allowed_countries=("US",))
    with pytest.raises(CountryNotAllowed):
        await configure(room, **voice)
    room.live = held(room, allowed_numbers=("+12025550100",))
    with pytest.raises(NumberNotAllowed):
        await configure(room, **voice)


async def test_the_days_calls_are_counted_exactly(room: Room, clock: ManualClock) -> None:
    bound = replace(room.live, id="crd_capped", restrictions=Restrictions(daily_call_cap=3))
    outcomes = await asyncio.gather(
        *(room.place(by=bound) for _ in range(8)), return_exceptions=True
    )
    refused = [one for one in outcomes if isinstance(one, DailyCallCapReached)]
    assert (len(refused), refused[0].status) == (5, 429)
    clock.advance(seconds=int(refused[0].headers["Retry-After"]))
    await room.place(by=bound)
    rows = await room.store.read(select(credential_usage).order_by(credential_usage.c.day))
    assert [(row.kind, row.used) for row in rows] == [("calls", 3), ("calls", 1)]


async def test_a_call_that_is_not_placed_does_not_count(room: Room) -> None:
    bound = replace(room.live, restrictions=Restrictions(daily_call_cap=3))
    prepared = await room.placement.prepare(bound, CallCreate.model_validate(BODY))

    async def place_and_fail(tx: Transaction) -> None:
        await room.placement.accept(tx, prepared)
        raise Conflict("something else is wrong")

    with pytest.raises(Conflict):
        await room.store.commit(place_and_fail)
    assert not await room.store.read(select(credential_usage))
