"""STOP, START and HELP: for which senders they count, and how they are confirmed."""

import asyncio

import msgspec
import pytest
from sqlalchemy import select

from hookline.accounts.tenancy import set_allowed_countries
from hookline.carriers.encoding import Encoding
from hookline.carriers.port import Incoming, Session
from hookline.clock import ManualClock, to_datetime
from hookline.messages import opt_outs
from hookline.messages.confirmations import A_DAY_MAX, TAG
from hookline.messages.errors import RecipientOptedOut
from hookline.messages.keywords import Keyword
from hookline.messages.model import Message, from_row
from hookline.messages.opt_out_rules import Reach, change_rules
from hookline.messages.store import of_account
from hookline.principal import Mode
from hookline.storage.schema import messages
from tests.messages.room import REAL_NUMBER, SANDBOX_NUMBER, PlayedLink, Room, another_node

PERSON = "+447700900321"
MINUTE_S = 60


async def hear(room: Room, text: str, to: str = REAL_NUMBER, who: str = PERSON, **more) -> str:
    incoming = Incoming(who, to, text, Encoding.GSM7, 1, **more)
    return str(await room.dispatcher.received(room.carrier_id, incoming))


async def answers(room: Room) -> list[Message]:
    """The confirmations, oldest first."""
    of = of_account(room.account_id, Mode.LIVE).where(messages.c.direction == "outbound")
    found = [from_row(tuple(row)) for row in await room.store.read(of.order_by(messages.c.id))]
    return [message for message in found if message.tags and TAG in message.tags]


async def texts(room: Room) -> list[str]:
    return [str(message.text) for message in await answers(room)]


async def change(room: Room, **changes: object) -> None:
    await room.store.commit(lambda tx: change_rules(tx, room.live, changes))


async def test_a_stop_is_confirmed_once_and_sent_although_they_opted_out(
    room: Room, link: PlayedLink, account
) -> None:
    heard = await hear(room, "Stop")
    await hear(room, "STOP")
    (answer,) = await answers(room)
    assert (answer.sender, answer.recipient) == (REAL_NUMBER, PERSON)
    assert answer.text == (
        f"{account.name}: You will get no more messages from us. Reply START to get them again."
    )
    assert msgspec.json.decode(answer.metadata) == {"keyword": "stop", "in_reply_to": heard}
    await room.dispatcher.claim_everything()
    (taken,) = await link.taking(1)
    assert taken.message_id == answer.id
    link.answer()
    await room.until_status("sent", answer.id)
    assert await room.types(answer.id) == ["message.sent"]


async def test_the_answer_is_in_the_language_of_the_word(room: Room) -> None:
    await hear(room, "ARRÊT")
    await change(room, language="de")
    await hear(room, "START")
    french, german = await texts(room)
    assert "Vous ne recevrez plus" in french
    assert "Sie erhalten wieder" in german
    assert (await opt_outs_of(room)) == []


async def opt_outs_of(room: Room) -> list[tuple[str, str, str | None]]:
    table = opt_outs.opt_outs
    rows = await room.store.read(select(table).order_by(table.c.recipient, table.c.sender))
    return [(row.sender, row.source, row.language) for row in rows]


async def test_start_from_somebody_who_gets_messages_is_an_ordinary_answer(room: Room) -> None:
    await hear(room, "yes")
    await hear(room, "START")
    assert await answers(room) == []


async def test_help_is_answered_once_in_ten_minutes(room: Room, clock: ManualClock) -> None:
    await asyncio.gather(*(hear(room, "HELP") for _ in range(5)))
    assert len(await answers(room)) == 1
    clock.advance(seconds=10 * MINUTE_S)
    await hear(room, "ayuda")
    assert "Responda STOP" in (await texts(room))[-1]


async def test_two_nodes_answer_help_once(room: Room) -> None:
    async with another_node(room) as other:
        await asyncio.gather(hear(room, "HELP"), hear(other, "HELP"))
    assert len(await answers(room)) == 1


async def test_two_programs_that_answer_each_other_fall_silent(
    room: Room, clock: ManualClock
) -> None:
    for _ in range(10):
        await hear(room, "STOP")
        await hear(room, "START")
        clock.advance(seconds=20 * MINUTE_S)
    assert len(await answers(room)) == A_DAY_MAX


@pytest.mark.parametrize("who", ["PIZZA", "12345", REAL_NUMBER])
async def test_who_cannot_be_answered_is_not(room: Room, who: str) -> None:
    await hear(room, "STOP", who=who)
    assert (await answers(room), len(await opt_outs_of(room))) == ([], 1)


async def test_no_country_is_answered_that_the_account_does_not_reach(room: Room) -> None:
    await room.store.commit(lambda tx: set_allowed_countries(tx, room.live, ("US",)))
    await hear(room, "STOP")
    assert (await answers(room), len(await opt_outs_of(room))) == ([], 1)


async def test_a_carrier_may_answer_itself(room: Room) -> None:
    await change(room, confirmations=False)
    await hear(room, "STOP")
    await hear(room, "HELP")
    assert (await answers(room), len(await opt_outs_of(room))) == ([], 1)


async def test_what_a_carrier_sends_again_is_answered_once(room: Room, clock: ManualClock) -> None:
    before = Session("before", clock.now_ms())
    await hear(room, "HELP", session=before)
    clock.advance(seconds=9 * MINUTE_S)
    async with another_node(room) as other:
        await hear(other, "HELP", session=Session("after", clock.now_ms()))
    assert len(await answers(room)) == 1


async def test_a_stop_counts_for_all_senders(room: Room) -> None:
    await hear(room, "STOP")
    with pytest.raises(RecipientOptedOut):
        await room.send(PERSON, sender=SANDBOX_NUMBER)
    assert await opt_outs_of(room) == [("", "keyword", None)]


async def test_a_stop_may_count_for_one_sender(room: Room, link: PlayedLink) -> None:
    await change(room, scope=Reach.SENDER)
    await hear(room, "STOP")
    await room.send(PERSON, sender=SANDBOX_NUMBER)
    with pytest.raises(RecipientOptedOut):
        await room.send_played(PERSON)
    assert await opt_outs_of(room) == [(REAL_NUMBER, "keyword", None)]
    await hear(room, "START")
    await room.send_played(PERSON)


async def test_a_start_to_one_number_also_ends_an_opt_out_of_all(room: Room) -> None:
    await hear(room, "STOP")
    await change(room, scope=Reach.SENDER)
    await hear(room, "STOP")
    assert await opt_outs_of(room) == [("", "keyword", None)]
    await hear(room, "START")
    assert (await opt_outs_of(room), len(await answers(room))) == ([], 2)


async def test_a_scheduled_message_asks_for_its_own_sender(room: Room, clock: ManualClock) -> None:
    await change(room, scope=Reach.SENDER)
    at = to_datetime(clock.now_ms() + MINUTE_S * 1_000)
    refused = await room.send(PERSON, sender=REAL_NUMBER, send_at=at)
    sent = await room.send(PERSON, sender=SANDBOX_NUMBER, send_at=at)
    await hear(room, "STOP")
    clock.advance(seconds=MINUTE_S + 1)
    await room.upkeep.queue_due()
    assert (await room.get(refused)).error_code == "recipient_opted_out"
    assert (await room.status(sent)) != "failed"


async def test_own_words_and_texts_count_at_once(room: Room) -> None:
    await change(
        room,
        words={Keyword.STOP: ("Genug",)},
        ignored=("baja",),
        texts={"en": {Keyword.STOP: "{account} & co: bye!"}},
    )
    await hear(room, "baja")
    assert await opt_outs_of(room) == []
    await hear(room, "GENUG!")
    assert (await texts(room))[0].endswith(" & co: bye!")
