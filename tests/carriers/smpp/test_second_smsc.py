"""The link against an SMSC on smpp.twisted3, beside node-smpp a second implementation by others."""

from collections.abc import AsyncIterator

import pytest

from hookline.carriers.encoding import decode_gsm7, decode_ucs2
from hookline.carriers.port import ReceiptState, SubmitResult
from hookline.carriers.smpp.coding import LongMessages
from hookline.telemetry.link_state import LinkPhase
from tests.carriers.smpp.linked import (
    Linked,
    Room,
    linked,
    open_link,
    outgoing,
    settings_for,
    until,
)
from tests.services.second_smsc import SecondSmsc, running_second_smsc

LONG = "It was the best of times, it was the worst of times. " * 8
PHONE, NUMBER = "447700900001", "12025550100"


@pytest.fixture
async def smsc() -> AsyncIterator[SecondSmsc]:
    async with running_second_smsc() as running:
        yield running


@pytest.mark.parametrize(("bind", "binds"), [("transceiver", 1), ("pair", 1), ("transceiver", 3)])
async def test_messages_leave_and_their_receipts_are_heard(
    smsc: SecondSmsc, bind: str, binds: int
) -> None:
    async with linked(smsc.port, bind=bind, binds=binds) as opened:
        await until(lambda: opened.link.state().detail is None)
        messages = [outgoing(f"+4477009000{n:02}", f"message {n}") for n in range(20)]
        outcomes = await opened.send(*messages)
        await until(lambda: len(opened.room.heard) == 20)
        await smsc.telling("acknowledged", 20)
    assert {one.result for one in outcomes} == {SubmitResult.ACCEPTED}
    ids = sorted(one.carrier_message_ids[0] for one in outcomes)
    assert sorted(one.carrier_message_id for one in opened.room.heard) == ids
    assert {one.state for one in opened.room.heard} == {ReceiptState.DELIVERED}


async def test_long_message_has_its_headers(smsc: SecondSmsc) -> None:
    async with linked(smsc.port) as opened:
        await opened.send(outgoing(text=LONG))
    octets = [bytes.fromhex(one["octets"]) for one in await smsc.submits(3)]
    assert [one[:3] + one[4:6] for one in octets] == [bytes((5, 0, 3, 3, n)) for n in (1, 2, 3)]
    assert "".join(decode_gsm7(one[6:]) for one in octets) == LONG


@pytest.mark.parametrize("long", [LongMessages.SAR, LongMessages.PAYLOAD])
async def test_long_message_in_the_other_forms(smsc: SecondSmsc, long: LongMessages) -> None:
    async with linked(smsc.port, long_messages=long) as opened:
        [outcome] = await opened.send(outgoing(text=LONG))
        await until(lambda: len(opened.room.heard) == len(outcome.carrier_message_ids))
    submits = await smsc.submits(1 if long is LongMessages.PAYLOAD else 3)
    assert "".join(decode_gsm7(bytes.fromhex(one["octets"])) for one in submits) == LONG
    assert {one["is_payload"] for one in submits} == {long is LongMessages.PAYLOAD}


async def test_ucs2_arrives_as_it_is(smsc: SecondSmsc) -> None:
    async with linked(smsc.port) as opened:
        await opened.send(outgoing(text="Привет 😀"))
    assert decode_ucs2(bytes.fromhex((await smsc.submits(1))[0]["octets"])) == "Привет 😀"


async def test_inbound_message_is_heard_and_acknowledged(smsc: SecondSmsc) -> None:
    async with linked(smsc.port) as opened:
        await smsc.order(receive=(PHONE, NUMBER, "hello"))
        await smsc.telling("acknowledged")
    [heard] = opened.room.messages
    assert (heard.sender, heard.recipient, heard.text) == (f"+{PHONE}", f"+{NUMBER}", "hello")


async def test_throttled_messages_follow_in_order(smsc: SecondSmsc) -> None:
    await smsc.order(throttle=3)
    async with linked(smsc.port, window=4) as opened:
        await opened.send(*(outgoing(f"+44770090000{n % 2}", f"{n:02}") for n in range(12)))
        state = opened.link.state()
    assert (state.throttled, state.accepted) == (3, 12)
    submits = await smsc.submits(12)
    for number in range(2):
        octets = [one["octets"] for one in submits if one["destination"].endswith(str(number))]
        assert octets == sorted(octets)


async def test_wrong_password_says_so(smsc: SecondSmsc) -> None:
    room = Room()
    link = open_link(settings_for(smsc.port), room, password="wrong")
    assert "password" in await Linked(link, room).waiting("RINVPASWD")
    await link.close()


async def test_enquiries_are_answered(smsc: SecondSmsc) -> None:
    async with linked(smsc.port, enquire_interval_seconds=0.05) as opened:
        await until(lambda: opened.link.state().last_enquire_at is not None)


async def test_carrier_that_unbinds_is_bound_again(smsc: SecondSmsc) -> None:
    async with linked(smsc.port) as opened:
        await smsc.order(unbind=True)
        await opened.bound(2)
        await opened.send(outgoing())


async def test_more_binds_than_it_allows_are_told_of(smsc: SecondSmsc) -> None:
    async with linked(smsc.port, binds=6) as opened:
        await until(lambda: "RBINDFAIL" in (opened.link.state().detail or ""))
        state = opened.link.state()
        assert (state.phase, len(state.sessions)) == (LinkPhase.BOUND, 6)
        await opened.send(outgoing())
