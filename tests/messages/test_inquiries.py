"""Carriers are asked about messages whose receipts are missing, once, before those are given up."""

import pytest

from hookline.carriers.port import Ambiguity, Receipt, ReceiptState
from hookline.clock import ManualClock
from hookline.messages.inquiries import Inquiries
from tests.messages.room import PlayedLink, Room
from tests.messages.test_ambiguity import LONG, PERSON, lose_answer, outcome

HOUR_S = 3_600
ASKS = Ambiguity("fail", 600.0, can_ask=True)


@pytest.fixture
def inquiries(room: Room) -> Inquiries:
    return Inquiries(room.store, room.dispatcher)


async def send(room: Room, link: PlayedLink) -> str:
    message_id = await room.send_played()
    await link.taking(len(link.taken) + 1)
    link.answer()
    await room.settle()
    return message_id


async def test_a_message_is_asked_about_before_its_receipt_is_given_up(
    room: Room, link: PlayedLink, clock: ManualClock, inquiries: Inquiries
) -> None:
    link.ambiguity = ASKS
    message_id = await send(room, link)
    clock.advance(seconds=room.store.settings.receipt_timeout_hours * HOUR_S - 700)
    await inquiries.ask_overdue()
    assert link.inquired == []
    clock.advance(seconds=200)
    later = await send(room, link)
    for _ in range(2):
        await inquiries.ask_overdue()
    [asked] = link.inquired
    assert (asked.message_id, asked.recipient) == (message_id, PERSON)
    receipt = Receipt(asked.carrier_message_ids[0], ReceiptState.DELIVERED, "DELIVRD", PERSON)
    link.reports.receipts(link.carrier_id, [receipt])
    await room.settle()
    assert await outcome(room, message_id) == ("delivered", None)
    assert await room.status(later) == "sent"


async def test_segments_of_an_ambiguous_message_whose_ids_are_known_are_asked_about(
    room: Room, link: PlayedLink, clock: ManualClock, inquiries: Inquiries
) -> None:
    link.ambiguity = ASKS
    await lose_answer(room, link, "1", "", "3", text=LONG)
    await lose_answer(room, link, text=LONG)  # none is known
    await inquiries.ask_ambiguous()
    assert link.inquired == []
    clock.advance(seconds=301)
    for _ in range(2):
        await inquiries.ask_ambiguous()
    assert [one.carrier_message_ids for one in link.inquired] == [("1", "3")]
    assert link.inquired[0].sender


async def test_a_carrier_that_cannot_be_asked_or_is_down_is_not(
    room: Room, link: PlayedLink, clock: ManualClock, inquiries: Inquiries
) -> None:
    await send(room, link)
    clock.advance(seconds=room.store.settings.receipt_timeout_hours * HOUR_S)
    await inquiries.ask_overdue()
    link.ambiguity, window, link.window = ASKS, link.window, 0
    await inquiries.ask_overdue()
    assert link.inquired == []
    link.window = window
    await inquiries.ask_overdue()
    assert len(link.inquired) == 1


async def test_more_than_a_page_is_asked_about(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    inquiries = Inquiries(room.store, room.dispatcher, page=2)
    link.ambiguity = ASKS
    sent = [await send(room, link) for _ in range(5)]
    clock.advance(seconds=room.store.settings.receipt_timeout_hours * HOUR_S)
    await inquiries.ask_overdue()
    assert [one.message_id for one in link.inquired] == sent
