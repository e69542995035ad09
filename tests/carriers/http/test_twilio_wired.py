"""Messages between the queue and Twilio, and what Twilio calls back about them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from hookline.accounts.model import Account
from hookline.carriers.http.door import Door
from hookline.carriers.kinds import KINDS
from hookline.clock import ManualClock
from hookline.messages.ambiguity import settle_ambiguous
from hookline.messages.model import Status
from hookline.messages.repeats import forget_old
from hookline.outbound.sealing import SecretBox
from hookline.settings import Settings
from hookline.storage.schema import inbound_names, messages, unmatched_receipts
from hookline.storage.store import Store
from tests.carriers.http.linked import PUBLIC
from tests.carriers.http.wired import Wired, here, web_of, wired_room
from tests.messages.room import REAL_NUMBER, SignalingFanOut, another_node
from tests.services.twilio import ACCOUNT, TOKEN, Rule, Twilio, played_twilio

ALICE = "+447700900001"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"public_url": PUBLIC})


@pytest.fixture
def fan_out() -> SignalingFanOut:
    return SignalingFanOut()


@pytest.fixture
async def wired(
    store: Store, fan_out: SignalingFanOut, account: Account, box: SecretBox
) -> AsyncIterator[Wired]:
    async with wired_room(store, fan_out, account, box) as made:
        yield made


@pytest.fixture
async def twilio(wired: Wired) -> AsyncIterator[Twilio]:
    async with played_twilio(here, wired.web) as played:
        settings = {
            "account_sid": ACCOUNT, "base_url": played.url, "rate": 0,
            "response_timeout_seconds": 10, "ambiguous_wait_seconds": 60,
        }  # fmt: skip
        await wired.connect("twilio", settings, {"auth_token": TOKEN})
        yield played
        await wired.keeper.stop()  # before Twilio goes


async def test_message_is_sent_and_delivered(wired: Wired, twilio: Twilio) -> None:
    message_id = await wired.send(ALICE, "It was the best of times. " * 20)
    await wired.room.until_status(Status.DELIVERED, message_id)
    await twilio.until(lambda: len(twilio.answers) == 2)
    assert twilio.answers == [("sent", 204), ("delivered", 204)]
    await wired.room.check_history(message_id)


async def test_failure_has_twilios_code(wired: Wired, twilio: Twilio) -> None:
    twilio.rules.append(Rule(states=("undelivered",), error="30003"))
    message_id = await wired.send(ALICE)
    await wired.room.until_status(Status.UNDELIVERED, message_id)
    assert (await wired.room.get(message_id)).carrier_code == "30003"


async def test_validity_that_has_passed_at_twilio_is_an_expiry(
    wired: Wired, twilio: Twilio
) -> None:
    twilio.rules.append(Rule(states=("failed",), error="30036"))
    await wired.room.until_status(Status.EXPIRED, await wired.send(ALICE))


async def test_receipt_before_the_answer_counts(wired: Wired, twilio: Twilio) -> None:
    twilio.rules.append(Rule(calls_first=True))
    message_id = await wired.send(ALICE)
    await wired.room.until_status(Status.DELIVERED, message_id)
    await wired.room.check_history(message_id)


async def test_repeated_receipt_changes_nothing(wired: Wired, twilio: Twilio) -> None:
    message_id = await wired.send(ALICE)
    await wired.room.until_status(Status.DELIVERED, message_id)
    assert await twilio.tell(twilio.taken[0], "delivered") == 204
    assert await twilio.tell(twilio.taken[0], "undelivered", "30003") == 204
    await wired.room.check_history(message_id)
    assert await wired.room.store.read(select(unmatched_receipts)) == []


@pytest.mark.parametrize("breaks", [True, False], ids=["broken", "fault"])
async def test_receipt_decides_the_very_message_whose_answer_was_lost(
    wired: Wired, twilio: Twilio, breaks: bool
) -> None:
    rule = Rule(breaks=breaks, status=500, states=(), times=1)
    twilio.rules.append(rule)
    message_id = await wired.send(ALICE, "It was the best of times. " * 20)
    behind = await wired.send(ALICE, "behind")
    await wired.room.until_status(Status.SENT, message_id)
    assert (await wired.room.get(message_id)).error_code == "submit_ambiguous"
    await twilio.tell(twilio.taken[0], "delivered")
    await settle_ambiguous(wired.room.store, wired.room.dispatcher)
    await wired.room.until_status(Status.DELIVERED, message_id, behind)
    texts = [one.text for one in twilio.taken]
    assert texts == ["It was the best of times. " * 20, "behind"]


async def test_throttled_messages_are_sent_once_and_in_order(wired: Wired, twilio: Twilio) -> None:
    twilio.rules.append(Rule(times=1, status=429, code=20429))
    sent = [await wired.send(ALICE, f"{number}") for number in range(5)]
    await wired.room.until_status(Status.DELIVERED, *sent)
    assert [one.text for one in twilio.taken] == list("01234")


async def test_messages_of_a_disabled_carrier_go_back_to_the_queue(
    wired: Wired, twilio: Twilio
) -> None:
    twilio.rules.append(Rule(status=429, code=20429))
    for number in range(5):
        await wired.send(f"+44770090000{number}")
    await twilio.until(lambda: len(twilio.asked) > 1)
    await wired.change(disabled=1)
    await wired.until_owners({("queued", None)})


async def test_enabled_again_it_sends_what_waited_once_and_in_order(
    wired: Wired, twilio: Twilio
) -> None:
    twilio.rules.append(Rule(status=429, code=20429, times=3))
    texts = [f"message {number}" for number in range(6)]
    sent = [await wired.send(ALICE, text) for text in texts]
    await twilio.until(lambda: len(twilio.asked) > 1)
    await wired.change(disabled=1)
    twilio.rules.clear()
    await wired.change(disabled=0)
    await wired.room.until_status(Status.DELIVERED, *sent)
    assert [one.text for one in twilio.taken] == texts


async def test_a_carrier_that_goes_away_and_comes_back_loses_and_repeats_nothing(
    wired: Wired, twilio: Twilio
) -> None:
    sent = []
    for number in range(40):
        sent.append(await wired.send(f"+44770090000{number % 3}", f"message {number}"))
        if number == 20:
            await twilio.peer.stop()
            await twilio.peer.start()
    await wired.room.until(lambda: settled(wired, sent))
    by_recipient: dict[str, list[int]] = {}
    for one in twilio.taken:
        by_recipient.setdefault(one.recipient, []).append(int(one.text.split()[1]))
    for numbers in by_recipient.values():
        assert numbers == sorted(set(numbers))


async def settled(wired: Wired, sent: list[str]) -> bool:
    """All but what was under way when it went has been delivered."""
    for message_id in sent:
        message = await wired.room.get(message_id)
        if message.status != Status.DELIVERED and message.error_code != "submit_ambiguous":
            return False
    return True


@pytest.mark.parametrize("signature", ["", "AAAA", "ü"])
async def test_wrong_signature_is_refused_and_changes_nothing(
    wired: Wired, twilio: Twilio, signature: str
) -> None:
    twilio.rules.append(Rule(states=()))
    message_id = await wired.send(ALICE)
    await wired.room.until_status(Status.SENT, message_id)
    fields = {"MessageSid": twilio.taken[0].sid, "MessageStatus": "delivered"}
    answer = await wired.web.post(
        here(twilio.taken[0].fields["StatusCallback"]),
        data=fields,
        headers={"X-Twilio-Signature": signature.encode("latin-1")},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "callback_refused")
    assert await wired.room.status(message_id) == "sent"


async def test_signature_is_bound_to_the_message_in_the_address(
    wired: Wired, twilio: Twilio
) -> None:
    fields = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    url = wired.url("receipts")
    sign = twilio._validator.compute_signature(f"{url}?message_id=msg_1", fields)
    answer = await twilio.call(f"{url}?message_id=msg_2", fields, signature=sign)
    assert answer.status_code == 403


@pytest.mark.parametrize("what", ["receipts", "messages"])
@pytest.mark.parametrize("place", ["car_00000000000000000000000000", "car_x", "sandbox"])
async def test_unknown_carrier_tells_nothing(wired: Wired, what: str, place: str) -> None:
    answer = await wired.web.post(f"/callbacks/{place}/{what}", data={"a": "b"})
    other = await wired.web.post(f"/callbacks/{wired.room.carrier_id}/{what}")  # not of HTTP
    assert answer.status_code == other.status_code == 404
    assert "nothing at this address" in answer.json()["detail"]
    assert answer.json()["detail"] == other.json()["detail"]


async def test_large_body_is_refused(wired: Wired, twilio: Twilio) -> None:
    answer = await wired.web.post(
        f"/callbacks/{wired.room.carrier_id}/messages", content=b"x" * 65_537
    )
    assert answer.status_code == 413


async def test_message_is_stored_before_it_is_answered(wired: Wired, twilio: Twilio) -> None:
    answer = await twilio.write_to(
        wired.url("messages"), ALICE, REAL_NUMBER, "Grüße & 😀", NumMedia="2"
    )
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert answer.text.endswith("<Response></Response>")
    inbound = select(messages).where(messages.c.direction == "inbound")  # the answer goes out
    [row] = await wired.room.store.read(inbound)
    assert (row.sender, row.recipient, row.text) == (ALICE, REAL_NUMBER, "Grüße & 😀")
    assert "2 attached files were left out." in row.timeline
    assert await wired.room.types(row.id) == ["message.received"]


async def test_repeated_message_is_one(wired: Wired, twilio: Twilio, clock: ManualClock) -> None:
    url, sid = wired.url("messages"), "SM" + "f" * 32
    answers = await asyncio.gather(
        *[twilio.write_to(url, ALICE, REAL_NUMBER, "hi", MessageSid=sid) for _ in range(5)]
    )
    clock.advance(seconds=2 * 24 * 3_600)
    await forget_old(wired.room.store)
    answers.append(await twilio.write_to(url, ALICE, REAL_NUMBER, "hi", MessageSid=sid))
    answers.append(await twilio.write_to(url, ALICE, REAL_NUMBER, "hi"))
    assert {one.status_code for one in answers} == {200}
    assert len(await wired.room.store.read(select(messages))) == 2
    clock.advance(seconds=8 * 24 * 3_600)
    await forget_old(wired.room.store)
    assert await wired.room.store.read(select(inbound_names)) == []


async def test_message_for_a_number_that_is_not_there_is_refused(
    wired: Wired, twilio: Twilio
) -> None:
    answer = await twilio.write_to(wired.url("messages"), ALICE, "+12025550999", "hi")
    assert answer.status_code == 404
    assert await wired.room.store.read(select(messages)) == []


async def test_stop_opts_out(wired: Wired, twilio: Twilio) -> None:
    await twilio.write_to(wired.url("messages"), ALICE, REAL_NUMBER, "STOP")
    inbound = select(messages).where(messages.c.direction == "inbound")  # the answer goes out
    [row] = await wired.room.store.read(inbound)
    assert await wired.room.types(row.id) == ["message.received", "message.opted_out"]


async def test_figures_count_what_was_called_back(wired: Wired, twilio: Twilio) -> None:
    await wired.room.until_status(Status.DELIVERED, await wired.send(ALICE))
    await twilio.write_to(wired.url("messages"), ALICE, REAL_NUMBER, "hi")
    await twilio.until(lambda: len(twilio.answers) == 2)
    link = wired.room.links.find_open(wired.room.carrier_id)
    assert link is not None
    assert (link.state().receipts, link.state().received) == (1, 1)


async def test_callbacks_may_come_to_any_node(wired: Wired, twilio: Twilio, box: SecretBox) -> None:
    twilio.rules.append(Rule(states=()))
    message_id = await wired.send(ALICE)
    await wired.room.until_status(Status.SENT, message_id)
    async with another_node(wired.room) as other:
        door = Door(other.store, box, KINDS, other.links, other.dispatcher)
        async with web_of(other.store, door) as web, played_twilio(here, web) as calling:
            assert await calling.tell(twilio.taken[0], "delivered") == 204
            url = wired.url("messages")
            assert (await calling.write_to(url, ALICE, REAL_NUMBER, "hi")).status_code == 200
    assert await wired.room.status(message_id) == "delivered"
    assert len(await wired.room.store.read(select(messages))) == 2
