"""A submit whose answer was lost: found by its receipt, given up, or sent again."""

import asyncio

import pytest
from sqlalchemy import select, text

from hookline.carriers.port import (
    Ambiguity,
    Outgoing,
    Receipt,
    ReceiptState,
    SubmitResult,
    Submitted,
)
from hookline.clock import ManualClock
from hookline.messages import ambiguity_store
from hookline.messages.ambiguity import settle_ambiguous
from hookline.messages.cancelling import redact_message
from hookline.storage.schema import message_parts, unmatched_receipts
from hookline.telemetry.link_state import LinkPhase
from tests.messages.room import PlayedLink, Room, another_node, part_ids

LONG = "long " * 80
"""Three segments."""
PERSON, STRANGER = "+447700900123", "+447700900124"
MINUTE_S = 60
RESEND = Ambiguity("resend", 600.0)


async def lose_answer(
    room: Room, link: PlayedLink, *ids: str, text: str = "hello", **more: object
) -> str:
    """A message whose answer was lost but for these ids of its segments."""
    message_id = await room.send_played(text=text, **more)
    taken = (await link.taking(len(link.taken) + 1))[-1]
    await lose(room, link, taken, *ids)
    return message_id


async def lose(room: Room, link: PlayedLink, taken: Outgoing, *ids: str) -> None:
    link._open.discard(taken.message_id)
    outcome = Submitted(taken.message_id, SubmitResult.AMBIGUOUS, ids)
    link.reports.submitted(link.carrier_id, [outcome])
    await room.settle(1)


async def hear(
    room: Room,
    link: PlayedLink,
    part_id: str,
    recipient: str | None = PERSON,
    state: ReceiptState = ReceiptState.DELIVERED,
) -> None:
    receipt = Receipt(part_id, state, "CODE", recipient)
    link.reports.receipts(link.carrier_id, [receipt])
    await room.settle(1)


async def settle(room: Room) -> None:
    await settle_ambiguous(room.store, room.dispatcher)
    await room.settle(2)


async def outcome(room: Room, message_id: str) -> tuple[str, str | None]:
    message = await room.get(message_id)
    await room.check_history(message_id)
    return message.status, message.error_code


async def unmatched(room: Room) -> int:
    return len(await room.store.read(select(unmatched_receipts)))


@pytest.mark.parametrize("state", ReceiptState)
async def test_a_receipt_is_found_by_its_recipient(
    room: Room, link: PlayedLink, clock: ManualClock, state: ReceiptState
) -> None:
    message_id = await lose_answer(room, link)
    await hear(room, link, "17", state=state)
    clock.advance(seconds=MINUTE_S - 1)
    await settle(room)
    assert await outcome(room, message_id) == ("sent", "submit_ambiguous")
    clock.advance(seconds=1)
    await settle(room)
    failed = state is not ReceiptState.DELIVERED
    assert await outcome(room, message_id) == (state.value, state.value if failed else None)
    assert await unmatched(room) == 0
    await hear(room, link, "17")  # a repetition has nothing left to find
    assert await unmatched(room) == 0


async def test_receipts_of_others_are_left_alone(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    await hear(room, link, "earlier")
    clock.advance(seconds=1)
    message_id = await lose_answer(room, link)
    await hear(room, link, "to whom?", recipient=None)
    await hear(room, link, "to another", recipient=STRANGER)
    clock.advance(seconds=2 * MINUTE_S)
    await settle(room)
    assert await outcome(room, message_id) == ("sent", "submit_ambiguous")
    assert await unmatched(room) == 3


async def test_the_oldest_message_comes_first_and_each_receipt_is_used_once(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    ids = [await lose_answer(room, link) for _ in range(3)]
    await hear(room, link, "1", state=ReceiptState.EXPIRED)
    await hear(room, link, "2")
    clock.advance(seconds=MINUTE_S)
    await settle(room)
    await settle(room)
    assert [await room.status(one) for one in ids] == ["expired", "delivered", "sent"]


async def test_two_states_of_one_receipt_are_one_receipt(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    ids = [await lose_answer(room, link) for _ in range(2)]
    for state in ReceiptState:
        await hear(room, link, "1", state=state)
    clock.advance(seconds=MINUTE_S)
    await settle(room)
    assert [await room.status(one) for one in ids].count("sent") == 1
    assert await unmatched(room) == 0


async def test_a_message_is_delivered_with_all_its_segments_only(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    message_id = await lose_answer(room, link, "a", "", "c", text=LONG)
    for part_id in ("a", "c"):
        await hear(room, link, part_id)
    assert await outcome(room, message_id) == ("sent", "submit_ambiguous")
    await hear(room, link, "b")
    clock.advance(seconds=MINUTE_S)
    await settle(room)
    assert await outcome(room, message_id) == ("delivered", None)
    rows = await room.store.read(select(message_parts).order_by(message_parts.c.part))
    assert [(row.carrier_message_id, row.part, row.parts) for row in rows] == [
        ("a", 1, 3), ("b", 2, 3), ("c", 3, 3)
    ]  # fmt: skip


async def test_one_receipt_decides_a_message_that_the_carrier_takes_whole(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    link.ambiguity = Ambiguity("fail", 600.0, is_whole=True)
    message_id = await lose_answer(room, link, text=LONG)
    await hear(room, link, "17")
    clock.advance(seconds=MINUTE_S)
    await settle(room)
    assert await outcome(room, message_id) == ("delivered", None)


async def test_segments_without_any_id_are_found_one_by_one(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    message_id = await lose_answer(room, link, text=LONG)
    for number in range(3):
        assert await room.status(message_id) == "sent"
        await hear(room, link, f"part {number}")
        clock.advance(seconds=MINUTE_S)
        await settle(room)
    assert await outcome(room, message_id) == ("delivered", None)


async def test_a_failed_segment_fails_the_message_at_once(room: Room, link: PlayedLink) -> None:
    message_id = await lose_answer(room, link, "a", "", "", text=LONG)
    await hear(room, link, "a", state=ReceiptState.UNDELIVERED)
    assert await outcome(room, message_id) == ("undelivered", "undelivered")


async def test_what_no_receipt_decides_fails_after_the_wait(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    message_id = await lose_answer(room, link)
    clock.advance(seconds=600 - 1)
    await settle(room)
    assert await room.status(message_id) == "sent"
    clock.advance(seconds=1)
    await settle(room)
    assert await outcome(room, message_id) == ("failed", "submit_ambiguous")
    assert await room.types(message_id) == ["message.sent", "message.failed"]


async def test_the_policy_waits_for_what_the_carrier_kept_while_the_link_was_down(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    message_id = await lose_answer(room, link)
    clock.advance(seconds=601)
    link.phase = LinkPhase.WAITING
    await settle(room)
    link.phase, link.since = LinkPhase.BOUND, clock.now_ms()
    await settle(room)
    assert await outcome(room, message_id) == ("sent", "submit_ambiguous")
    clock.advance(seconds=31)
    await settle(room)
    assert await outcome(room, message_id) == ("failed", "submit_ambiguous")


async def test_a_receipt_goes_before_the_policy(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    message_id = await lose_answer(room, link)
    await hear(room, link, "17")
    clock.advance(seconds=600)
    await settle(room)
    assert await outcome(room, message_id) == ("delivered", None)


async def test_what_no_receipt_decides_is_sent_again_where_the_carrier_says_so(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    link.ambiguity = RESEND
    message_id = await lose_answer(room, link)
    clock.advance(seconds=600)
    await settle(room)
    await room.dispatcher.claim_everything()
    again = (await link.taking(2))[-1]
    assert again.message_id == message_id
    link.answer(again)
    await room.settle(1)
    assert await outcome(room, message_id) == ("sent", None)
    await hear(room, link, *part_ids(again))
    assert await outcome(room, message_id) == ("delivered", None)
    steps = ["queued", "sending", "sent", "queued", "sending", "sent", "delivered"]
    assert await room.statuses(message_id) == steps


async def send_again(room: Room, link: PlayedLink, clock: ManualClock) -> Outgoing:
    """Partly accepted as "a" and "c", then sent again."""
    link.ambiguity = RESEND
    await lose_answer(room, link, "a", "", "c", text=LONG)
    clock.advance(seconds=600)
    await settle(room)
    await room.dispatcher.claim_everything()
    return (await link.taking(2))[-1]


async def test_late_receipts_of_the_first_attempt_decide_nothing(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    again = await send_again(room, link, clock)
    await hear(room, link, "a", state=ReceiptState.EXPIRED)
    link.answer(again)
    await room.settle(1)
    await hear(room, link, "c", state=ReceiptState.EXPIRED)
    assert await outcome(room, again.message_id) == ("sent", None)
    assert await unmatched(room) == 0  # nor do they belong to another message
    for part_id in part_ids(again):
        await hear(room, link, part_id)
    assert await outcome(room, again.message_id) == ("delivered", None)


async def test_a_carrier_may_know_the_message_again(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    again = await send_again(room, link, clock)
    ids = ("a", "b", "c")
    accepted = Submitted(again.message_id, SubmitResult.ACCEPTED, ids)
    link.reports.submitted(link.carrier_id, [accepted])
    await room.settle(1)
    for part_id in ids:
        await hear(room, link, part_id)
    assert await outcome(room, again.message_id) == ("delivered", None)


async def test_the_second_attempt_may_be_lost_as_well(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    again = await send_again(room, link, clock)
    await lose(room, link, again, "d", "e")
    await hear(room, link, "f")
    clock.advance(seconds=MINUTE_S)
    await settle(room)
    for part_id in ("d", "e"):
        await hear(room, link, part_id)
    assert await outcome(room, again.message_id) == ("delivered", None)


async def test_nothing_is_sent_again_after_its_validity(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    link.ambiguity = RESEND
    message_id = await lose_answer(room, link, validity_seconds=600)
    clock.advance(seconds=600)
    await settle(room)
    assert await outcome(room, message_id) == ("failed", "submit_ambiguous")


async def test_nothing_is_sent_again_without_its_text(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    link.ambiguity = RESEND
    message_id = await lose_answer(room, link)
    await room.store.commit(lambda tx: redact_message(tx, room.live, message_id))
    clock.advance(seconds=600)
    await settle(room)
    assert (await room.get(message_id)).status == "failed"


async def test_the_node_with_the_link_sees_to_it(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    message_id = await lose_answer(room, link)
    clock.advance(seconds=600)
    async with another_node(room) as other:
        await settle(other)
        assert await room.status(message_id) == "sent"
        await other.link()
        await asyncio.gather(settle(room), settle(other))
    assert await room.types(message_id) == ["message.sent", "message.failed"]


async def test_what_is_not_ambiguous_is_left_alone(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    message_id = await room.send_played()
    await link.taking(1)
    link.answer()
    await room.settle(1)
    clock.advance(seconds=6_000)
    await settle(room)
    assert await outcome(room, message_id) == ("sent", None)


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
async def test_looking_for_ambiguous_messages_walks_no_other(room: Room) -> None:
    mine, now = [room.carrier_id], 0
    looks = (
        ambiguity_store.carriers(),
        ambiguity_store.undecided(room.carrier_id, now, 1),
        ambiguity_store.waiting_receipts(mine, now, 1),
        ambiguity_store.lock(mine, [PERSON]),
    )
    for look in looks:
        written = look.compile(
            room.store.database.engine,
            compile_kwargs={"literal_binds": True, "render_postcompile": True},
        )
        plan = await room.store.read(text(f"EXPLAIN QUERY PLAN {written}"))
        steps = [row.detail for row in plan if " messages " in row.detail]
        assert all("ix_messages_ambiguous" in step for step in steps)
        assert steps
