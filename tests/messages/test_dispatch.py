"""From the queue to the link: the order, the window, the pauses, what does not fit into memory."""

import asyncio
from collections import defaultdict
from typing import Any

import pytest
from sqlalchemy import func, select

from hookline.carriers.encoding import Encoding
from hookline.carriers.port import Incoming, Outgoing, SubmitResult
from hookline.clock import ManualClock, UnixMs, to_datetime
from hookline.ids import MessageId
from hookline.messages.cancelling import cancel_message
from hookline.messages.errors import NotCancelable
from hookline.messages.model import Message
from hookline.messages.store import claim_work
from hookline.storage.schema import messages
from tests.messages.room import PATIENCE_S, PHONE, REAL_NUMBER, PlayedLink, Room, another_node

WINDOW_OF_TWO = pytest.mark.parametrize("manner", [{"window": 2}])


async def cancel(room: Room, message_id: str) -> Message:
    return await room.store.commit(lambda tx: cancel_message(tx, room.store, room.live, message_id))


def ids(taken: list[Outgoing]) -> list[str]:
    return [message.message_id for message in taken]


def as_outgoing(message: Message) -> Outgoing:
    return Outgoing(
        MessageId(message.id),
        message.sender,
        message.recipient,
        ("hello",),
        Encoding.GSM7,
        UnixMs(message.valid_until or 0),
    )


async def unowned(room: Room) -> int:
    rows = await room.store.read(
        select(func.count())
        .select_from(messages)
        .where(messages.c.status == "queued", messages.c.owner.is_(None))
    )
    return int(rows[0][0])


async def test_a_message_is_sending_before_it_leaves(room: Room, link: PlayedLink) -> None:
    message_id = await room.send_played()
    await link.taking(1)
    message = await room.get(message_id)
    assert (message.status, message.owner) == ("sending", room.dispatcher.node)


async def test_messages_leave_in_the_order_of_their_acceptance(
    room: Room, link: PlayedLink
) -> None:
    link.window = 7
    recipients = [f"+44770090010{n % 5}" for n in range(50)]
    accepted = [await room.send_played(to) for to in recipients]
    async with asyncio.timeout(PATIENCE_S):
        while len(link.taken) < 50:
            link.answer(*link.open[:3])
            await room.settle()
    assert ids(link.taken) == accepted


@WINDOW_OF_TWO
async def test_no_more_are_under_way_than_the_window_allows(room: Room, link: PlayedLink) -> None:
    await asyncio.gather(*(room.send_played() for _ in range(9)))
    for count in (2, 3, 4, 6, 8, 9):
        await link.taking(count)
        link.answer(*link.open[: 1 if count < 4 else 2])
    assert link.most_at_once == 2


async def test_a_link_that_is_down_takes_nothing_until_it_is_ready(
    room: Room, link: PlayedLink
) -> None:
    link.window = 0
    message_id = await room.send_played()
    await room.settle()
    assert await room.status(message_id) == "queued"
    link.window = 1
    room.dispatcher.ready(link.carrier_id)
    assert ids(await link.taking(1)) == [message_id]


@WINDOW_OF_TWO
async def test_a_throttled_link_is_left_alone_and_then_gets_the_same_in_order(
    room: Room, link: PlayedLink
) -> None:
    accepted = [await room.send_played() for _ in range(5)]
    await link.taking(2)
    link.answer(result=SubmitResult.THROTTLED, retry_after_s=0.5)
    await room.settle()
    assert ids(link.taken) == accepted[:2]
    assert [await room.status(one) for one in accepted] == ["queued"] * 5
    await link.taking(4)
    link.answer()
    await link.taking(6)
    link.answer()
    await link.taking(7)
    assert ids(link.taken) == accepted[:2] + accepted
    assert await room.statuses(accepted[0]) == ["queued", "sending", "queued", "sending", "sent"]


async def test_what_was_on_its_way_to_a_throttled_link_does_not_overtake(
    room: Room, link: PlayedLink
) -> None:
    link.window = 3
    accepted = [await room.send_played() for _ in range(6)]
    first, second, third = (await link.taking(3))[:3]
    link.answer(second, third)  # the next two are being marked as sending now
    link.answer(first, result=SubmitResult.THROTTLED, retry_after_s=0.5)
    await room.settle()
    assert len(link.taken) == 3
    await link.taking(6)
    assert ids(link.taken[3:]) == [accepted[0], accepted[3], accepted[4]]


@pytest.mark.parametrize("manner", [{"window": 1}])
async def test_nothing_leaves_while_a_message_is_on_its_way_back(
    room: Room, link: PlayedLink
) -> None:
    first, second = [await room.send_played() for _ in range(2)]
    await link.taking(1)
    link.answer(result=SubmitResult.THROTTLED, retry_after_s=0.0)
    assert ids(await link.taking(2)) == [first, first]
    link.answer()
    assert ids(await link.taking(3)) == [first, first, second]


@pytest.mark.parametrize("manner", [{"window": 0}])
async def test_what_was_held_goes_behind_what_came_back(room: Room, link: PlayedLink) -> None:
    sent = [await room.get(await room.send_played()) for _ in range(3)]
    queue = await room.dispatcher.queue_for(link.carrier_id)
    assert queue is not None
    queue.waiting.clear()
    older, held, newer = [as_outgoing(message) for message in sent]
    queue.paused_until = 1.0
    assert queue.hand_over([held, newer]) == []
    queue.paused_until = 0.0
    queue.put_back([sent[0]])
    taken, _ = queue.take(room.store.now())
    assert [message.id for message in taken] == [sent[0].id]
    queue.marking = 1
    assert queue.hand_over([]) == []
    queue.marking = 0
    assert queue.hand_over([older]) == [older, held, newer]


async def test_a_longer_pause_prolongs_a_shorter_one(room: Room, link: PlayedLink) -> None:
    link.window = 2
    accepted = [await room.send_played() for _ in range(2)]
    first, second = (await link.taking(2))[:2]
    link.answer(first, result=SubmitResult.THROTTLED, retry_after_s=0.01)
    link.answer(second, result=SubmitResult.THROTTLED, retry_after_s=0.1)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await link.taking(4)
    assert loop.time() - began > 0.09
    assert ids(link.taken[2:]) == accepted


@pytest.mark.parametrize("changes", [{"dispatch_queue_max": 10}])
@WINDOW_OF_TWO
async def test_what_memory_does_not_hold_waits_in_the_database_and_keeps_its_order(
    room: Room, link: PlayedLink
) -> None:
    accepted = [await room.send_played() for _ in range(40)]
    assert await unowned(room) == 40 - 10 - 2
    async with asyncio.timeout(PATIENCE_S):
        while len(link.taken) < len(accepted):
            if len(accepted) < 60:  # newer ones come while older ones are left behind
                accepted.append(await room.send_played())
            link.answer(*link.open[:1])
            await room.settle()
            await room.dispatcher.claim_everything()
    assert ids(link.taken) == accepted


@pytest.mark.parametrize("changes", [{"dispatch_queue_max": 10}])
@WINDOW_OF_TWO
async def test_one_batch_cannot_overfill_the_queue(room: Room, link: PlayedLink) -> None:
    await asyncio.gather(*(room.send_played() for _ in range(40)))
    await room.settle()
    assert await unowned(room) >= 40 - 10 - 2
    async with asyncio.timeout(PATIENCE_S):
        while len(link.taken) < 40:
            link.answer()
            await room.settle()
            await room.dispatcher.claim_everything()
    assert ids(link.taken) == sorted(ids(link.taken))


@WINDOW_OF_TWO
async def test_canceling_what_waits_in_memory(room: Room, link: PlayedLink) -> None:
    accepted = [await room.send_played() for _ in range(5)]
    await link.taking(2)
    canceled = [await cancel(room, one) for one in accepted[2:4]]
    assert [message.status for message in canceled] == ["canceled"] * 2
    link.answer()
    assert ids(await link.taking(3)) == [*accepted[:2], accepted[4]]
    for one in accepted:
        await room.check_history(one)


async def test_what_is_being_sent_can_no_longer_be_canceled(room: Room, link: PlayedLink) -> None:
    message_id = await room.send_played()
    await link.taking(1)
    with pytest.raises(NotCancelable, match="sending"):
        await cancel(room, message_id)


async def test_canceling_twice_is_refused(room: Room, clock: ManualClock) -> None:
    message_id = await room.send(PHONE, send_at=to_datetime(clock.now_ms() + 60_000))
    await cancel(room, message_id)
    with pytest.raises(NotCancelable, match="canceled"):
        await cancel(room, message_id)
    assert await room.types(message_id) == ["message.canceled"]


@WINDOW_OF_TWO
async def test_what_outlives_its_validity_in_memory_is_not_sent(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    accepted = [await room.send_played(validity_seconds=60) for _ in range(4)]
    lasting = await room.send_played()
    await link.taking(2)
    clock.advance(seconds=60)
    link.answer()
    assert ids(await link.taking(3)) == [*accepted[:2], lasting]
    await room.until_status("expired", *accepted[2:])
    assert (await room.get(accepted[2])).error_code == "expired"
    for one in accepted:
        await room.check_history(one)


async def test_what_outlives_its_validity_in_the_database_expires(
    room: Room, clock: ManualClock
) -> None:
    room.links.played.clear()
    message_id = await room.send_played(validity_seconds=60)
    clock.advance(seconds=59)
    await room.upkeep.end_outlived()
    assert await room.status(message_id) == "queued"
    clock.advance(seconds=1)
    await room.upkeep.end_outlived()
    assert await room.types(message_id) == ["message.failed"]


async def test_a_scheduled_message_leaves_when_it_is_due(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    message_id = await room.send_played(send_at=to_datetime(clock.now_ms() + 60_000))
    await room.upkeep.queue_due()
    assert await room.status(message_id) == "scheduled"
    clock.advance(seconds=60)
    await room.upkeep.queue_due()
    await room.dispatcher.claim_everything()
    assert ids(await link.taking(1)) == [message_id]
    assert await room.statuses(message_id) == ["scheduled", "queued", "sending"]


async def test_work_without_an_owner_is_claimed(room: Room, link: PlayedLink) -> None:
    room.dispatcher._stopped = True  # as in a process that sends nothing
    accepted = [await room.send_played() for _ in range(3)]
    assert await unowned(room) == 3
    room.dispatcher._stopped = False
    await room.dispatcher.claim_everything()
    assert ids(await link.taking(3)) == accepted


async def test_what_waited_for_the_link_is_not_overtaken(room: Room) -> None:
    room.links.played.clear()
    older = [await room.send_played() for _ in range(3)]
    room.links.played[room.carrier_id] = {"window": 100}
    newer = await asyncio.gather(*(room.send_played() for _ in range(3)))
    link = room.links.made[room.carrier_id]
    assert ids(await link.taking(6)) == [*older, *sorted(newer)]


async def test_what_the_link_s_last_node_left_is_not_overtaken(room: Room) -> None:
    async with another_node(room, window=0) as dead:
        await dead.link()
        await dead.dispatcher.open_queue(dead.carrier_id)
        await dead.settle()
        older = [await dead.send_played() for _ in range(3)]
        assert {(await room.get(one)).owner for one in older} == {dead.dispatcher.node}
    room.dispatcher._link_opened(room.carrier_id)
    newer = await asyncio.gather(*(room.send_played() for _ in range(3)))
    link = await room.link()
    assert ids(await link.taking(6)) == [*older, *sorted(newer)]


async def test_test_messages_without_an_owner_are_claimed(room: Room) -> None:
    room.dispatcher._stopped = True
    message_id = await room.send(PHONE, by=room.test)
    room.dispatcher._stopped = False
    await room.dispatcher.claim_everything()
    await room.until_status("delivered", message_id)


async def test_another_node_hears_of_work_at_once(room: Room) -> None:
    room.links.played.clear()
    async with another_node(room) as other:
        link = await other.link()
        other.dispatcher.listen(other.wakeups)
        listening = asyncio.create_task(other.wakeups.run())
        message_id = await room.send_played()
        assert ids(await link.taking(1)) == [message_id]
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


@pytest.mark.parametrize("changes", [{"dispatch_queue_max": 5}])
async def test_two_nodes_never_send_one_message_twice(room: Room, changes: dict[str, Any]) -> None:
    async with another_node(room) as other:
        taken: dict[str, int] = defaultdict(int)
        links = [await room.link(), await other.link()]
        for link in links:
            link.window = 3
        await asyncio.gather(*(node.send_played() for node in (room, other) * 30))
        async with asyncio.timeout(PATIENCE_S):
            while sum(len(link.taken) for link in links) < 60:
                for node, link in zip((room, other), links, strict=True):
                    if link.open:
                        link.answer()
                    await node.dispatcher.claim_everything()
                    await node.settle()
        for link in links:
            for message_id in ids(link.taken):
                taken[message_id] += 1
    assert set(taken.values()) == {1}
    assert len(taken) == 60


async def test_no_more_is_claimed_than_was_asked_for(room: Room, link: PlayedLink) -> None:
    room.dispatcher._stopped = True
    accepted = [await room.send_played() for _ in range(20)]
    claim = claim_work(link.carrier_id, room.dispatcher.node, 3)
    claimed = await room.store.commit(lambda tx: tx.execute(claim))
    assert sorted(row.id for row in claimed) == accepted[:3]


async def test_a_scheduled_message_to_somebody_who_opted_out_meanwhile_fails(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    send_at = to_datetime(clock.now_ms() + 60_000)
    refused = await room.send_played(send_at=send_at)
    due = await room.send_played("+447700900124", send_at=send_at)
    stop = Incoming("+447700900123", REAL_NUMBER, "STOP", Encoding.GSM7)
    await room.dispatcher.received(link.carrier_id, stop)
    clock.advance(seconds=60)
    await room.upkeep.queue_due()
    assert (await room.get(refused)).error_code == "recipient_opted_out"
    assert [await room.status(one) for one in (refused, due)] == ["failed", "queued"]
    for one in (refused, due):
        await room.check_history(one)
