"""Segments of inbound messages: in any order, on any node, twice, and never."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import delete, select

from hookline.carriers.encoding import Encoding
from hookline.carriers.port import Incoming, Part
from hookline.clock import ManualClock
from hookline.errors import NotFound
from hookline.ids import MessageId
from hookline.messages import opt_outs
from hookline.messages.inbound import Inbound
from hookline.messages.reassembly import store_incomplete
from hookline.storage.schema import inbound_parts, messages, numbers
from hookline.storage.transaction import Rows
from tests.messages.room import REAL_NUMBER, Room, another_node

PERSON = "+447700900321"
HOUR_S = 3_600


def segment(number: int, text: str, *, total: int = 3, reference: int = 7) -> Incoming:
    part = Part(reference, total, number)
    return Incoming(PERSON, REAL_NUMBER, text, Encoding.GSM7, part=part)


async def receive(room: Room, *incoming: Incoming) -> MessageId | None:
    """All at once, in whatever order; the id of the message that they make."""
    received = (room.dispatcher.received(room.carrier_id, one) for one in incoming)
    made = [one for one in await asyncio.gather(*received) if one is not None]
    assert len(made) <= 1
    return made[0] if made else None


async def waiting(room: Room) -> int:
    return len(await room.store.read(select(inbound_parts)))


async def stored(room: Room) -> Rows:
    return await room.store.read(select(messages).order_by(messages.c.id))


async def test_the_last_segment_makes_the_message(room: Room) -> None:
    assert await receive(room, segment(3, "third")) is None
    assert await receive(room, segment(1, "first ")) is None
    assert (await waiting(room), await stored(room)) == (2, [])
    message_id = await receive(room, segment(2, "second "))
    assert message_id is not None
    message = await room.get(message_id)
    assert (message.text, message.segments) == ("first second third", 3)
    assert (message.status, message.encoding, message.mode) == ("received", "gsm7", "live")
    assert await room.types(message_id) == ["message.received"]
    assert await waiting(room) == 0
    await room.check_history(message_id)


async def test_segments_may_come_in_one_batch(room: Room) -> None:
    message_id = await receive(room, *(segment(n, f"<{n}>") for n in (2, 3, 1)))
    assert (await room.get(message_id or "")).text == "<1><2><3>"


async def test_segments_may_come_to_another_node_after_a_restart(room: Room) -> None:
    await receive(room, segment(1, "a"))
    room.inbound = Inbound(room.store, room.rules)
    async with another_node(room) as other:
        await receive(other, segment(3, "c"))
        message_id = await receive(other, segment(2, "b"))
    assert (await room.get(message_id or "")).text == "abc"


async def test_segments_may_come_to_two_nodes_at_once(room: Room) -> None:
    async with another_node(room) as other:
        for reference in range(10):
            ids = await asyncio.gather(
                receive(room, segment(1, "a", total=2, reference=reference)),
                receive(other, segment(2, "b", total=2, reference=reference)),
            )
            assert ids.count(None) == 1
    assert [row.text for row in await stored(room)] == ["ab"] * 10


async def test_one_segment_in_ucs2_makes_the_message_ucs2(room: Room) -> None:
    cyrillic = replace(segment(2, "ж", total=2), encoding=Encoding.UCS2)
    message_id = await receive(room, segment(1, "a", total=2), cyrillic)
    assert (await room.get(message_id or "")).encoding == "ucs2"


async def test_a_repeated_segment_changes_nothing(room: Room) -> None:
    await receive(room, *[segment(1, "a", total=2)] * 2)
    assert await waiting(room) == 1
    message_id = await receive(room, segment(2, "b", total=2))
    assert (await room.get(message_id or "")).text == "ab"


async def test_messages_of_several_people_or_references_are_kept_apart(room: Room) -> None:
    stranger = replace(segment(2, "b", total=2), sender="+447700900999")
    other = segment(2, "b", total=2, reference=8)
    longer = segment(2, "b", total=3)
    assert await receive(room, segment(1, "a", total=2), stranger, other, longer) is None


async def test_a_reference_that_is_used_again_ends_the_old_message(room: Room) -> None:
    await receive(room, segment(1, "old one "), segment(3, "old three"))
    assert await receive(room, segment(1, "new one ")) is None
    (old,) = await stored(room)
    assert (old.text, old.segments) == ("old one […]old three", 3)
    assert "1 of 3 segments never came" in old.timeline
    message_id = await receive(room, segment(2, "new two "), segment(3, "new three"))
    assert (await room.get(message_id or "")).text == "new one new two new three"
    for row in await stored(room):
        await room.check_history(row.id)


async def test_what_never_becomes_whole_is_stored_in_the_end(
    room: Room, clock: ManualClock
) -> None:
    await receive(room, segment(2, "second"))
    clock.advance(seconds=HOUR_S - 1)
    await store_incomplete(room.store)
    assert await stored(room) == []
    clock.advance(seconds=1)
    await store_incomplete(room.store)
    await store_incomplete(room.store)
    (row,) = await stored(room)
    assert (row.text, row.sender, row.recipient) == ("[…]second[…]", PERSON, REAL_NUMBER)
    assert await room.types(row.id) == ["message.received"]
    assert await waiting(room) == 0


async def test_two_nodes_store_what_is_incomplete_once(room: Room, clock: ManualClock) -> None:
    await receive(room, *(segment(1, "a", reference=reference) for reference in range(5)))
    clock.advance(seconds=HOUR_S)
    async with another_node(room) as other:
        await asyncio.gather(store_incomplete(room.store), store_incomplete(other.store))
    assert [row.text for row in await stored(room)] == ["a[…][…]"] * 5


async def test_segments_for_a_number_that_is_gone_are_dropped(
    room: Room, clock: ManualClock
) -> None:
    await receive(room, segment(1, "a"))
    await room.store.commit(
        lambda tx: tx.changed(delete(numbers).where(numbers.c.number == REAL_NUMBER))
    )
    clock.advance(seconds=HOUR_S)
    await store_incomplete(room.store)
    assert (await waiting(room), await stored(room)) == (0, [])


async def test_a_segment_for_a_number_of_nobody_is_not_kept(room: Room) -> None:
    with pytest.raises(NotFound):
        await receive(room, replace(segment(1, "a"), recipient="+12025550999"))
    assert await waiting(room) == 0


async def test_the_whole_text_is_obeyed_and_no_piece_of_it(room: Room, clock: ManualClock) -> None:
    await receive(room, segment(1, "STOP", total=2))
    clock.advance(seconds=HOUR_S)
    await store_incomplete(room.store)
    with pytest.raises(NotFound):
        await opt_outs.find(room.store, room.live, PERSON)
    await receive(room, segment(1, "ST", total=2), segment(2, "OP", total=2))
    assert (await opt_outs.find(room.store, room.live, PERSON)).source == "keyword"


@pytest.mark.parametrize("part", [Part(7, 1, 1), Part(7, 2, 3), Part(7, 2, 0), Part(7, 0, 0)])
async def test_a_header_that_contradicts_itself_is_ignored(room: Room, part: Part) -> None:
    message_id = await receive(room, replace(segment(1, "all"), part=part))
    assert (await room.get(message_id or "")).text == "all"


async def test_a_text_may_hold_nul(room: Room) -> None:
    message_id = await receive(room, replace(segment(1, "a\x00b"), part=None))
    assert (await room.get(message_id or "")).text == "a\ufffdb"
