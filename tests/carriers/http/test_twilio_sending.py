"""What leaves for Twilio, and what is made of its answers."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from hookline.carriers.http.twilio.settings import TwilioSettings
from hookline.carriers.port import SubmitResult
from hookline.telemetry.link_state import LinkPhase
from tests.carriers.http.linked import CARRIER, PUBLIC, outgoing, twilio_link, until
from tests.services.twilio import ACCOUNT, Rule, Twilio, played_twilio

ALICE, BOB = "+447700900001", "+447700900002"
SERVICE = "MG" + "0" * 32


@pytest.fixture
async def twilio() -> AsyncIterator[Twilio]:
    """Its callbacks go nowhere: these tests play the side that asks."""
    async with played_twilio() as played:
        played.rules.append(Rule(states=()))
        yield played


async def test_taken_message_has_twilios_id(twilio: Twilio) -> None:
    async with twilio_link(twilio.url) as opened:
        [outcome] = await opened.send(outgoing(ALICE, "Grüße 😀"))
        state = opened.link.state()
    [taken] = twilio.taken
    assert (outcome.result, outcome.carrier_message_ids) == (SubmitResult.ACCEPTED, (taken.sid,))
    assert (taken.recipient, taken.text) == (ALICE, "Grüße 😀")
    url = f"{PUBLIC}/callbacks/{CARRIER}/receipts?message_id={outcome.message_id}"
    assert taken.fields["StatusCallback"] == url
    assert taken.fields["ValidityPeriod"] == "36000"
    assert (state.submitted, state.accepted, state.in_flight) == (1, 1, 0)


async def test_long_text_is_one_request_and_the_connection_is_kept(twilio: Twilio) -> None:
    async with twilio_link(twilio.url, messaging_service_sid=SERVICE) as opened:
        for number in range(5):
            await opened.send(outgoing(ALICE, f"{number} " + "It was the best of times. " * 30))
    assert [one.text[0] for one in twilio.taken] == list("01234")
    assert {one.fields["MessagingServiceSid"] for one in twilio.taken} == {SERVICE}
    assert twilio.peer.connections == 1


@pytest.mark.parametrize(
    ("code", "ours"),
    [
        (21211, "invalid_recipient"),
        (21606, "invalid_sender"),
        (21659, "invalid_sender"),
        (21610, "recipient_opted_out"),
        (21617, "carrier_rejected"),
    ],
)
async def test_refusal_has_our_code_and_twilios(twilio: Twilio, code: int, ours: str) -> None:
    twilio.rules.appendleft(Rule(to=ALICE, status=400, code=code))
    async with twilio_link(twilio.url) as opened:
        bad, good = await opened.send(outgoing(ALICE), outgoing(BOB))
    assert (bad.result, bad.error_code) == (SubmitResult.REJECTED, ours)
    assert bad.carrier_code == str(code)
    assert good.result is SubmitResult.ACCEPTED


@pytest.mark.parametrize(("status", "code"), [(429, 20429), (400, 21611)])
async def test_throttled_messages_go_back_for_as_long_as_twilio_asks(
    twilio: Twilio, status: int, code: int
) -> None:
    wait = {"Retry-After": "7"}
    twilio.rules.appendleft(Rule(times=1, status=status, code=code, headers=wait))
    async with twilio_link(twilio.url, window=1) as opened:
        outcomes = await opened.send(outgoing(ALICE), outgoing(ALICE), outgoing(BOB))
        assert opened.link.state().phase is LinkPhase.BOUND
        assert opened.link.state().throttled == 1
    assert {one.result for one in outcomes} == {SubmitResult.THROTTLED}
    assert min(one.retry_after_s for one in outcomes) >= 6.9
    assert twilio.taken == []


async def test_messages_to_one_recipient_leave_one_after_the_other(twilio: Twilio) -> None:
    twilio.delay_s = 0.02
    async with twilio_link(twilio.url, window=5) as opened:
        await opened.send(*[outgoing(ALICE, f"{number}") for number in range(6)])
        assert twilio.most_at_once == 1
        await opened.send(*[outgoing(f"+4477009000{number:02}") for number in range(20)])
    assert [one.text for one in twilio.taken[:6]] == list("012345")
    assert 1 < twilio.most_at_once <= 5


async def test_rate_is_kept(twilio: Twilio) -> None:
    loop = asyncio.get_running_loop()
    async with twilio_link(twilio.url, rate=20.0) as opened:
        began = loop.time()
        await opened.send(*[outgoing(f"+4477009000{number:02}") for number in range(11)])
        assert loop.time() - began >= 0.45  # ten of them had to wait for a twentieth of a second


@pytest.mark.parametrize(
    "rule",
    [
        Rule(status=500, code=20500),
        Rule(status=503, code=20503),
        Rule(breaks=True),
        Rule(hangs=True),
    ],
    ids=["fault", "busy", "broken", "silent"],
)
async def test_lost_answer_is_ambiguous_and_what_waits_goes_back(
    twilio: Twilio, rule: Rule
) -> None:
    twilio.rules.appendleft(Rule(to=ALICE, times=1, **_manner(rule)))
    async with twilio_link(twilio.url, window=1, response_timeout_seconds=0.2) as opened:
        lost, behind, other = await opened.send(outgoing(ALICE), outgoing(ALICE), outgoing(BOB))
        assert lost.result is SubmitResult.AMBIGUOUS
        assert lost.carrier_message_ids == ("",)
        assert {behind.result, other.result} == {SubmitResult.THROTTLED}
        await opened.bound(times=2)
        assert opened.link.window == 1  # until one is answered
        again = outgoing(BOB)
        [taken] = await opened.send(again)
        assert taken.result is SubmitResult.ACCEPTED
        assert opened.link.window > 1
    assert len(twilio.taken) == 2  # the one whose answer was lost, and the last


def _manner(rule: Rule) -> dict[str, object]:
    return {name: getattr(rule, name) for name in ("status", "code", "breaks", "hangs")}


async def test_carrier_that_cannot_be_reached_gets_nothing_and_is_tried_again(
    twilio: Twilio,
) -> None:
    async with twilio_link(twilio.url) as opened:
        await twilio.peer.stop()
        for _ in range(10):
            await asyncio.sleep(0)  # our side sees that the kept connection has ended
        [back] = await opened.send(outgoing(ALICE))
        assert back.result is SubmitResult.THROTTLED
        assert "Check that the server listens" in await opened.waiting()
        assert opened.link.window == 0
        await twilio.peer.start()
        await opened.bound(times=2)
        [taken] = await opened.send(outgoing(ALICE))
        assert taken.result is SubmitResult.ACCEPTED


async def test_wrong_credentials_hold_the_messages_back(twilio: Twilio) -> None:
    async with twilio_link(twilio.url) as opened:
        twilio.is_locked = True
        [back] = await opened.send(outgoing(ALICE))
        assert back.result is SubmitResult.THROTTLED
        await opened.waiting("401", "account SID and the auth token")
        twilio.is_locked = False
        await opened.bound(times=2)
    assert twilio.taken == []


async def test_wrong_credentials_are_told_before_anything_is_sent(twilio: Twilio) -> None:
    twilio.is_locked = True
    async with twilio_link(twilio.url, is_bound=False) as opened:
        await opened.waiting("Authenticate")


async def test_closing_waits_for_answers_and_gives_back_the_rest(twilio: Twilio) -> None:
    twilio.delay_s = 0.2
    async with twilio_link(twilio.url, window=2) as opened:
        sent = [outgoing(f"+4477009000{number:02}") for number in range(6)]
        opened.link.submit(sent)
        await twilio.until(lambda: twilio.at_once == 2)
        await opened.link.close()
        results = opened.room.results()
    assert sorted(results) == ["accepted"] * 2 + ["throttled"] * 4
    assert len(twilio.taken) == 2


async def test_closing_does_not_wait_for_ever_for_an_answer(twilio: Twilio) -> None:
    twilio.rules.appendleft(Rule(hangs=True))
    async with twilio_link(twilio.url, response_timeout_seconds=60) as opened:
        opened.link.submit([outgoing(ALICE)])
        await twilio.until(lambda: twilio.taken)
        await opened.link.close()
        assert opened.room.results() == ["ambiguous"]
        opened.link.submit([outgoing(BOB)])
        assert opened.room.results() == ["ambiguous", "throttled"]


async def test_without_a_public_url_it_sends_and_says_that_nothing_comes_back(
    twilio: Twilio,
) -> None:
    async with twilio_link(twilio.url, public_url="") as opened:
        await opened.send(outgoing(ALICE))
        assert "HOOKLINE_PUBLIC_URL" in (opened.link.state().detail or "")
    assert "StatusCallback" not in twilio.taken[0].fields


async def test_private_address_is_not_asked() -> None:
    async with played_twilio() as twilio:
        settings = TwilioSettings(account_sid=ACCOUNT, base_url=twilio.url)
        assert settings.base_url == twilio.url
        port = twilio.peer.port
        async with twilio_link(f"http://10.0.0.1:{port}", is_bound=False) as opened:
            await opened.waiting("private network", "HOOKLINE_ALLOW_TARGETS")
            await until(lambda: opened.room.readies == 0)
