"""Receipts: early, late, repeated, for each segment, and never coming."""

import asyncio

from sqlalchemy import select

from hookline.carriers.port import Receipt, ReceiptState, SubmitResult, Submitted
from hookline.clock import HOUR_MS, ManualClock
from hookline.storage.schema import unmatched_receipts
from tests.messages.room import PATIENCE_S, PlayedLink, Room, another_node, part_ids

LONG = "long " * 80
"""Three segments."""


async def submitted(room: Room, link: PlayedLink, text: str = "hello") -> tuple[str, ...]:
    """A message that the carrier has taken: its id, then those of its segments."""
    message_id = await room.send_played(text=text)
    taken = (await link.taking(len(link.taken) + 1))[-1]
    link.answer(taken)
    await room.settle(1)
    return message_id, *part_ids(taken)


async def unmatched(room: Room) -> int:
    return len(await room.store.read(select(unmatched_receipts)))


async def test_a_receipt_ends_the_message(room: Room, link: PlayedLink) -> None:
    for state in ReceiptState:
        message_id, part = await submitted(room, link)
        link.receipt(part, state, "CODE")
        await room.settle(1)
        message = await room.get(message_id)
        failed = state is not ReceiptState.DELIVERED
        assert (message.status, message.error_code) == (state, state if failed else None)
        assert message.carrier_code == "CODE"
        assert (message.delivered_at is None) == failed
        await room.check_history(message_id)


async def test_later_and_repeated_receipts_change_nothing(room: Room, link: PlayedLink) -> None:
    message_id, part = await submitted(room, link)
    link.receipt(part, ReceiptState.UNDELIVERED)
    await room.settle(1)
    before = await room.get(message_id)
    for state in ReceiptState:
        link.receipt(part, state)
    await room.settle()
    assert await room.get(message_id) == before
    assert await unmatched(room) == 0


async def test_receipts_of_one_batch_decide_once(room: Room, link: PlayedLink) -> None:
    message_id, part = await submitted(room, link)
    link.reports.receipts(link.carrier_id, [Receipt(part, state) for state in ReceiptState])
    await room.settle()
    assert await room.statuses(message_id) == ["queued", "sending", "sent", "delivered"]


async def test_a_receipt_may_come_before_the_answer(room: Room, link: PlayedLink) -> None:
    message_id = await room.send_played()
    (taken,) = await link.taking(1)
    link.receipt(*part_ids(taken))
    await room.settle()
    assert (await room.status(message_id), await unmatched(room)) == ("sending", 1)
    link.answer(taken)
    await room.until_status("delivered", message_id)
    await room.check_history(message_id)
    await room.settle()
    assert await unmatched(room) == 0


async def test_a_receipt_and_the_answer_may_come_at_once(room: Room, link: PlayedLink) -> None:
    message_id = await room.send_played()
    (taken,) = await link.taking(1)
    link.receipt(*part_ids(taken))
    link.answer(taken)
    await room.until_status("delivered", message_id)
    await room.check_history(message_id)


async def test_contradicting_early_receipts_leave_nothing_behind(
    room: Room, link: PlayedLink
) -> None:
    message_id = await room.send_played()
    (taken,) = await link.taking(1)
    for state in (ReceiptState.UNDELIVERED, ReceiptState.DELIVERED):
        link.receipt(part_ids(taken)[0], state)
        await room.settle(1)
    link.answer(taken)
    await room.until_ended(message_id)
    await room.settle()
    await room.check_history(message_id)
    assert await unmatched(room) == 0


async def test_several_segments_are_delivered_with_the_last_receipt(
    room: Room, link: PlayedLink
) -> None:
    message_id, first, second, third = await submitted(room, link, LONG)
    for part in (third, first, first):
        link.receipt(part)
        await room.settle(1)
        assert await room.status(message_id) == "sent"
    link.receipt(second)
    await room.settle(1)
    assert await room.status(message_id) == "delivered"
    await room.check_history(message_id)


async def test_several_segments_fail_with_the_first_failure(room: Room, link: PlayedLink) -> None:
    message_id, first, second, third = await submitted(room, link, LONG)
    link.receipt(second, ReceiptState.UNDELIVERED, "ABSENT")
    await room.settle(1)
    assert await room.status(message_id) == "undelivered"
    for part in (first, third):
        link.receipt(part)
    await room.settle(1)
    message = await room.get(message_id)
    assert (message.status, message.carrier_code) == ("undelivered", "ABSENT")
    await room.check_history(message_id)


async def test_the_code_is_that_of_the_failed_segment(room: Room, link: PlayedLink) -> None:
    message_id, *parts = await submitted(room, link, LONG)
    states = [ReceiptState.DELIVERED, ReceiptState.EXPIRED, ReceiptState.DELIVERED]
    link.reports.receipts(
        link.carrier_id,
        [Receipt(part, state, state.upper()) for part, state in zip(parts, states, strict=True)],
    )
    await room.settle(1)
    message = await room.get(message_id)
    assert (message.status, message.carrier_code) == ("expired", "EXPIRED")


async def test_receipts_on_two_nodes_deliver_a_message_of_several_segments(
    room: Room, link: PlayedLink
) -> None:
    async with another_node(room) as other:
        there = await other.link()
        for _ in range(10):
            message_id, first, *rest = await submitted(room, link, LONG)
            link.receipt(first)
            for part in rest:
                there.receipt(part)
            await asyncio.gather(room.settle(1), other.settle(1))
            assert await room.status(message_id) == "delivered"


async def test_a_receipt_of_a_lost_answer_decides_when_its_id_is_learnt(
    room: Room, link: PlayedLink
) -> None:
    message_id = await room.send_played()
    (taken,) = await link.taking(1)
    link.answer(result=SubmitResult.AMBIGUOUS)
    await room.settle(1)
    message = await room.get(message_id)
    assert (message.status, message.error_code) == ("sent", "submit_ambiguous")
    link.answer(taken)
    await room.settle(1)
    link.receipt(*part_ids(taken))
    await room.settle(1)
    message = await room.get(message_id)
    assert (message.status, message.error_code) == ("delivered", None)
    await room.check_history(message_id)


async def test_a_receipt_that_another_node_kept_is_matched(room: Room, link: PlayedLink) -> None:
    message_id = await room.send_played()
    (taken,) = await link.taking(1)
    row = [Receipt(*part_ids(taken), ReceiptState.EXPIRED, "LATE")]
    room.dispatcher.match_receipts = lambda rows: None  # type: ignore[method-assign]
    room.dispatcher._record._match_receipts = lambda rows: None  # this node dies before it
    link.reports.receipts(link.carrier_id, row)
    await room.settle(1)
    link.answer(taken)
    await room.settle()
    assert await room.status(message_id) == "sent"
    async with another_node(room) as other:
        await other.upkeep.match_receipts()
        await other.settle()
    message = await room.get(message_id)
    assert (message.status, message.carrier_code) == ("expired", "LATE")
    assert await unmatched(room) == 0


async def test_a_receipt_is_acknowledged_once_it_is_durable(room: Room, link: PlayedLink) -> None:
    message_id, part = await submitted(room, link)
    acknowledged = asyncio.Queue[Receipt]()
    link.receipt(part, done=acknowledged.put_nowait)
    assert acknowledged.empty()
    async with asyncio.timeout(PATIENCE_S):
        assert (await acknowledged.get()).carrier_message_id == part
    assert await room.status(message_id) == "delivered"


async def test_a_receipt_that_never_comes_is_given_up(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    message_id, part = await submitted(room, link)
    clock.advance(seconds=72 * HOUR_MS / 1_000)
    await room.upkeep.give_up_receipts()
    assert (await room.get(message_id)).error_code is None
    clock.advance(seconds=1)
    await room.upkeep.give_up_receipts()
    given_up = await room.get(message_id)
    assert (given_up.status, given_up.error_code) == ("sent", "delivery_unknown")
    assert given_up.updated_at == clock.now_ms()
    link.receipt(part)  # it was final
    await room.settle()
    assert await room.get(message_id) == given_up


async def test_receipts_of_nothing_are_forgotten_in_the_end(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    link.receipt("unheard of")
    await room.settle(1)
    await room.upkeep.give_up_receipts()
    assert await unmatched(room) == 1
    clock.advance(seconds=73 * HOUR_MS / 1_000)
    await room.upkeep.give_up_receipts()
    assert await unmatched(room) == 0


async def test_an_id_that_a_carrier_uses_again_is_the_newer_messages(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    older, newer = await room.send_played(), await room.send_played()
    for message_id in (older, newer):  # the carrier has counted anew in between
        answer = Submitted(message_id, SubmitResult.ACCEPTED, ("17",))
        await link.taking(2)
        link.reports.submitted(link.carrier_id, [answer])
        await room.settle(1)
        clock.advance(seconds=1)
    for _ in range(2):  # and a repetition is not the older one's either
        link.receipt("17")
        await room.settle(1)
    assert [await room.status(one) for one in (older, newer)] == ["sent", "delivered"]
    assert await unmatched(room) == 0


async def test_an_early_receipt_may_have_an_id_of_old(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    older, newer = await room.send_played(), await room.send_played()
    await link.taking(2)
    accepted = SubmitResult.ACCEPTED
    link.reports.submitted(link.carrier_id, [Submitted(older, accepted, ("17",))])
    await room.settle(1)
    link.receipt("17")
    await room.settle(1)
    clock.advance(seconds=HOUR_MS / 1_000)
    link.receipt("17")
    await room.settle(1)
    link.reports.submitted(link.carrier_id, [Submitted(newer, accepted, ("17",))])
    await room.settle()
    assert [await room.status(one) for one in (older, newer)] == ["delivered"] * 2
    assert await unmatched(room) == 0
