"""What a node leaves when it dies, and how another takes it up."""

import asyncio

import pytest
from sqlalchemy import delete, update

from hookline.clock import ManualClock
from hookline.storage.schema import leases, message_parts, messages
from hookline.storage.transaction import Transaction
from tests.messages.room import (
    PATIENCE_S,
    PHONE,
    PlayedLink,
    Room,
    another_node,
    part_ids,
)

HOLD, RESEND = {"policy": "hold"}, {"policy": "resend"}


async def die(room: Room) -> None:
    """The node stops in the middle of everything; its lease is gone."""
    await room.stop()

    async def forget(tx: Transaction) -> None:
        await tx.execute(delete(leases).where(leases.c.owner == room.leases.node))

    await room.store.commit(forget)


@pytest.mark.parametrize("manner", [{"window": 1}])
async def test_queued_messages_are_sent_by_another_node_in_order(
    room: Room, link: PlayedLink
) -> None:
    accepted = [await room.send_played() for _ in range(5)]
    await link.taking(1)
    link.answer()
    await link.taking(2)
    await die(room)
    async with another_node(room, policy="resend") as other:
        await other.upkeep.recover()
        taken = await (await other.link()).taking(4)
        assert [message.message_id for message in taken] == accepted[1:]


@pytest.mark.parametrize("manner", [HOLD])
async def test_what_was_being_sent_is_not_sent_again_blindly(room: Room, link: PlayedLink) -> None:
    message_id = await room.send_played()
    (taken,) = await link.taking(1)
    await die(room)
    async with another_node(room) as other:
        await other.upkeep.recover()
        message = await room.get(message_id)
        assert (message.status, message.error_code) == ("sent", "submit_ambiguous")
        there = await other.link()
        assert there.taken == []
        there.answer(taken)  # its id is learnt late
        await other.settle(1)
        there.receipt(*part_ids(taken))
        await other.settle(1)
    assert await room.status(message_id) == "delivered"
    await room.check_history(message_id)


@pytest.mark.parametrize("manner", [RESEND])
async def test_what_was_being_sent_is_sent_again_where_the_link_says_so(
    room: Room, link: PlayedLink
) -> None:
    message_id = await room.send_played()
    await link.taking(1)
    await die(room)
    async with another_node(room) as other:
        await other.upkeep.recover()
        there = await other.link()
        assert [taken.message_id for taken in await there.taking(1)] == [message_id]
        there.answer()
        await other.settle(1)
    assert await room.statuses(message_id) == ["queued", "sending", "queued", "sending", "sent"]
    await room.check_history(message_id)


@pytest.mark.parametrize("manner", [RESEND])
async def test_any_number_of_orphans_is_taken_up(room: Room, link: PlayedLink) -> None:
    message_id = await room.send_played()
    await link.taking(1)
    message = await room.get(message_id)

    async def multiply(tx: Transaction) -> None:
        columns = {c.name: getattr(message, c.name) for c in messages.c}
        rows = [columns | {"id": room.store.ids.new("msg")} for _ in range(1_100)]
        await tx.execute(messages.insert().values(rows[:550]))
        await tx.execute(messages.insert().values(rows[550:]))

    await room.store.commit(multiply)
    await die(room)
    async with another_node(room, window=2_000, policy="resend") as other:
        await other.upkeep.recover()
        async with asyncio.timeout(PATIENCE_S):
            while len((await other.link()).taken) < 1_101:
                await other.dispatcher.claim_everything()
                await other.settle(1)


async def test_the_messages_of_living_nodes_are_left_alone(room: Room, link: PlayedLink) -> None:
    link.window = 1
    accepted = [await room.send_played() for _ in range(3)]
    await link.taking(1)
    async with another_node(room) as other:
        await other.upkeep.recover()
        await other.settle()
        assert (await other.link()).taken == []
    owners = [(await room.get(one)).owner for one in accepted]
    assert owners == [room.dispatcher.node] * 3


async def test_a_node_that_slept_too_long_does_not_send_what_was_taken_from_it(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    link.window = 0
    message_id = await room.send_played()
    clock.advance(seconds=room.store.settings.lease_ttl_s + 1)
    async with another_node(room) as other:
        await other.upkeep.recover()
        await (await other.link()).taking(1)
        link.window = 1
        room.dispatcher.ready(link.carrier_id)
        await room.settle()
    assert link.taken == []
    assert await room.status(message_id) == "sending"


async def test_what_waits_at_another_node_now_is_left_to_it(
    room: Room, link: PlayedLink, clock: ManualClock
) -> None:
    link.window = 0
    message_id = await room.send_played()
    clock.advance(seconds=room.store.settings.lease_ttl_s + 1)
    async with another_node(room, window=0) as other:
        await other.upkeep.recover()
        await other.settle()
        link.window = 1
        room.dispatcher.ready(link.carrier_id)
        await room.settle()
        message = await room.get(message_id)
        assert (message.status, message.owner) == ("queued", other.dispatcher.node)
    assert link.taken == []


async def test_links_hear_of_what_is_outstanding(room: Room, link: PlayedLink) -> None:
    message_id = await room.send_played(text="long " * 80)
    (taken,) = await link.taking(1)
    link.answer()
    link.receipt(part_ids(taken)[1])
    await room.settle()
    await die(room)
    async with another_node(room) as other:
        await other.upkeep.recover()
        await other.upkeep.recover()
        (outstanding,) = (await other.link()).outstanding
        assert outstanding.message_id == message_id
        assert outstanding.carrier_message_ids == (part_ids(taken)[0], part_ids(taken)[2])
        assert (await room.get(message_id)).owner == other.dispatcher.node


@pytest.mark.parametrize("changes", [{"sandbox_receipt_delay_s": 1}])
async def test_the_sandbox_owes_its_receipts_also_after_a_restart(
    room: Room, clock: ManualClock
) -> None:
    late, slow = [await room.send(to) for to in (PHONE, "+15005550005")]
    failing = await room.send("+15005550001", "long " * 80)
    await room.until_status("sent", late, slow, failing)
    await die(room)
    clock.advance(seconds=10)
    async with another_node(room) as other:
        await other.upkeep.recover()
        await other.until_status("delivered", late)
        await other.until_status("undelivered", failing)
        assert await other.status(slow) == "sent"
    for one in (late, slow, failing):
        await room.check_history(one)


async def test_recovering_twice_changes_nothing_more(room: Room, link: PlayedLink) -> None:
    message_id = await room.send_played()
    await link.taking(1)
    await die(room)
    async with another_node(room) as first, another_node(room) as second:
        await first.upkeep.recover()
        await second.upkeep.recover()
        await first.upkeep.recover()
    assert await room.types(message_id) == ["message.sent"]


async def test_what_was_given_up_is_not_asked_about_again(room: Room, link: PlayedLink) -> None:
    message_id = await room.send_played()
    await link.taking(1)
    link.answer()
    await room.settle()

    async def give_up(tx: Transaction) -> None:
        await tx.changed(
            update(messages)
            .where(messages.c.id == message_id)
            .values(error_code="delivery_unknown")
        )
        await tx.changed(update(message_parts).values(state=None))

    await room.store.commit(give_up)
    await die(room)
    async with another_node(room) as other:
        await other.upkeep.recover()
        assert (await other.link()).outstanding == []
