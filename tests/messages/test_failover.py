"""Messages that go on to the next carrier of their route."""

import asyncio
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from hookline.carriers import store as carrier_sql
from hookline.carriers.port import ReceiptState, SubmitResult
from hookline.clock import ManualClock, UnixMs, from_datetime, to_datetime
from hookline.ids import AccountId, CarrierId
from hookline.messages.model import Status
from hookline.messages.resource import timeline
from hookline.routing.model import FailoverCause, Match, Route
from hookline.routing.registration import WantedTarget, add_route
from hookline.storage.schema import carriers
from hookline.storage.transaction import Transaction
from hookline.telemetry.link_state import Lately, LinkPhase, LinkState
from tests.messages.room import PATIENCE_S, PlayedLink, Room, part_ids

TO = "+447700900123"
EVERY_CAUSE = frozenset(FailoverCause)


class Two:
    """Two played carriers, `first` and `second`, on a route that prefers the first."""

    def __init__(self, room: Room, second: CarrierId) -> None:
        self.room = room
        self.first_id, self.second_id = room.carrier_id, second

    @property
    def first(self) -> PlayedLink:
        return self.room.links.made[self.first_id]

    @property
    def second(self) -> PlayedLink:
        return self.room.links.made[self.second_id]

    async def show(
        self, carrier_id: CarrierId, phase: LinkPhase, lately: Lately | None = None
    ) -> None:
        """What the carrier's keeper would have written."""
        now = self.room.store.now()
        state = LinkState(phase=phase, since=now, lately=lately or Lately())
        row = (
            carrier_id, "main", "a node", phase.value, msgspec.json.encode(state).decode(), now, now,
        )  # fmt: skip

        async def write(tx: Transaction) -> None:
            await tx.execute(carrier_sql.forget_links([carrier_id]))
            await tx.insert(carrier_sql.INSERT_LINK, [row])

        await self.room.store.commit(write)
        await self.room.router.health.fresh()

    async def route(self, **more: Any) -> Route:
        given = {
            "match": Match(),
            "failover_on": EVERY_CAUSE,
            "carrier_down_after_s": 10,
            "no_receipt_after_s": 60,
            **more,
        }
        new = Route("", AccountId(""), "all", 0, targets=(), disabled=False, created_at=0, **given)
        wanted = [WantedTarget("played", 1), WantedTarget("second", 2)]
        room = self.room
        return await room.store.commit(lambda tx: add_route(tx, room.store, room.live, new, wanted))

    async def carrier_of(self, message_id: str) -> str | None:
        return (await self.room.get(message_id)).carrier_id


@pytest.fixture
async def two(room: Room) -> Two:
    second = CarrierId(room.store.ids.new("car"))
    room.links.played[second] = {}
    row = (second, room.account_id, "second", "played", "{}", None, room.store.now())

    async def add(tx: Transaction) -> None:
        await tx.insert(carrier_sql.INSERT_CARRIER, [row])

    await room.store.commit(add)
    both = Two(room, second)
    for carrier_id in (both.first_id, second):
        await room.dispatcher.open_queue(carrier_id)
    room.dispatcher.listen(room.wakeups)
    await room.settle()
    return both


async def up(two: Two) -> None:
    for carrier_id in (two.first_id, two.second_id):
        await two.show(carrier_id, LinkPhase.BOUND)


async def reroute(two: Two) -> None:
    """Look for what waits in vain, as the clockwork does each second."""
    await two.room.router.health.fresh()
    await two.room.upkeep.failover.look()
    await two.room.settle()


async def test_a_refused_message_goes_to_the_next_carrier_and_fails_with_the_last(two: Two) -> None:
    room = two.room
    await two.route()
    await up(two)
    message_id = await room.send_played(TO)
    await two.first.taking(1)
    two.first.answer(result=SubmitResult.REJECTED)
    await two.second.taking(1)
    message = await room.get(message_id)
    assert (message.status, message.carrier_id) == ("sending", two.second_id)
    details = [line.detail for line in timeline(message) if line.detail]
    assert details == ["played refused it; second takes it."]
    two.second.answer(result=SubmitResult.REJECTED)
    await room.until_status(Status.FAILED, message_id)
    assert len(two.first.taken) == 1, "nobody is asked twice"
    await room.check_history(message_id)


async def test_what_the_next_carrier_delivers_is_delivered(two: Two) -> None:
    room = two.room
    await two.route()
    await up(two)
    message_id = await room.send_played(TO)
    await two.first.taking(1)
    two.first.answer(result=SubmitResult.REJECTED)
    (taken,) = await two.second.taking(1)
    two.second.answer()
    two.second.receipt(part_ids(taken)[0])
    await room.until_status(Status.DELIVERED, message_id)
    await room.check_history(message_id)
    assert await room.types(message_id) == ["message.sent", "message.delivered"]


async def test_only_the_causes_of_the_route_move_a_message(two: Two) -> None:
    await two.route(failover_on=frozenset({FailoverCause.TEMPORARY_ERROR}))
    await up(two)
    message_id = await two.room.send_played(TO)
    await two.first.taking(1)
    two.first.answer(result=SubmitResult.REJECTED)
    await two.room.until_status(Status.FAILED, message_id)
    assert not two.second.taken


async def test_no_message_goes_to_a_carrier_that_is_down(two: Two, clock: ManualClock) -> None:
    await two.route()
    await two.show(two.second_id, LinkPhase.WAITING)
    clock.advance(seconds=10)
    await two.show(two.first_id, LinkPhase.BOUND)
    message_id = await two.room.send_played(TO)
    await two.first.taking(1)
    two.first.answer(result=SubmitResult.REJECTED)
    await two.room.until_status(Status.FAILED, message_id)


async def test_a_carrier_that_has_only_just_gone_is_waited_for(
    two: Two, clock: ManualClock
) -> None:
    """Right after a start no link is up yet: what the first refuses is not lost for that."""
    room = two.room
    await two.route()
    await two.show(two.first_id, LinkPhase.BOUND)
    await two.show(two.second_id, LinkPhase.CONNECTING)
    message_id = await room.send_played(TO)
    await two.first.taking(1)
    clock.advance(seconds=9)
    two.first.answer(result=SubmitResult.REJECTED)
    await two.second.taking(1)
    assert await two.carrier_of(message_id) == two.second_id


async def test_new_messages_avoid_a_carrier_that_is_down_or_full_of_faults(two: Two) -> None:
    await two.route()
    await up(two)
    await two.show(two.first_id, LinkPhase.WAITING)
    assert await two.carrier_of(await two.room.send_played(TO)) == two.second_id
    await two.show(two.first_id, LinkPhase.BOUND, Lately(faulted=99))
    assert await two.carrier_of(await two.room.send_played(TO)) == two.second_id
    await two.show(two.second_id, LinkPhase.BOUND, Lately(faulted=99))
    assert await two.carrier_of(await two.room.send_played(TO)) == two.first_id


async def test_what_waits_for_a_carrier_that_is_down_leaves_by_another(
    two: Two, clock: ManualClock
) -> None:
    room = two.room
    await two.route()
    await up(two)
    two.first.window = 0
    waiting = [await room.send_played(TO) for _ in range(3)]
    await two.show(two.first_id, LinkPhase.WAITING)
    clock.advance(seconds=9)
    await two.show(two.first_id, LinkPhase.WAITING)
    await two.show(two.second_id, LinkPhase.BOUND)
    await reroute(two)
    assert [await two.carrier_of(one) for one in waiting] == [two.first_id] * 3
    clock.advance(seconds=2)
    await reroute(two)
    taken = await two.second.taking(3)
    assert [one.message_id for one in taken] == waiting
    two.first.window = 100
    room.dispatcher.ready(two.first_id)
    await room.settle()
    assert not two.first.taken, "what this node still had in memory for it has gone"
    two.second.answer()
    await room.until_status(Status.SENT, *waiting)
    for one in waiting:
        await room.check_history(one)


async def test_a_scheduled_message_is_routed_when_it_is_due(two: Two, clock: ManualClock) -> None:
    room = two.room
    await two.route()
    await up(two)
    due = to_datetime(UnixMs(room.store.now() + 60_000))
    message_id = await room.send_played(TO, send_at=due)
    assert await two.carrier_of(message_id) == two.first_id
    clock.advance(seconds=61)
    await two.show(two.first_id, LinkPhase.CLOSED)
    await two.show(two.second_id, LinkPhase.BOUND)
    await room.upkeep.queue_due()
    assert await two.carrier_of(message_id) == two.second_id
    assert from_datetime(due) < room.store.now()


async def test_what_is_never_reported_is_sent_again_by_the_next(
    two: Two, clock: ManualClock
) -> None:
    room = two.room
    await two.route()
    await up(two)
    message_id = await room.send_played(TO)
    (first,) = await two.first.taking(1)
    two.first.answer()
    await room.until_status(Status.SENT, message_id)
    await reroute(two)
    assert await room.status(message_id) == "sent"
    clock.advance(seconds=61)
    await up(two)
    await reroute(two)
    (second,) = await two.second.taking(1)
    two.first.receipt(part_ids(first)[0], ReceiptState.UNDELIVERED)
    await room.settle()
    assert await room.status(message_id) == "sending", "a late report of the first decides nothing"
    two.second.answer()
    two.second.receipt(part_ids(second)[0])
    await room.until_status(Status.DELIVERED, message_id)
    await room.check_history(message_id)
    clock.advance(seconds=600)
    await up(two)
    await reroute(two)
    assert len(two.first.taken) == 1


async def test_a_canceled_message_goes_nowhere(two: Two, clock: ManualClock) -> None:
    await two.route()
    await up(two)
    two.first.window = 0
    message_id = await two.room.send_played(TO)
    await two.show(two.first_id, LinkPhase.WAITING)
    clock.advance(seconds=11)
    await two.show(two.first_id, LinkPhase.WAITING)
    await two.show(two.second_id, LinkPhase.BOUND)
    from hookline.messages.cancelling import cancel_message

    room = two.room
    await room.store.commit(lambda tx: cancel_message(tx, room.store, room.live, message_id))
    await reroute(two)
    assert await room.statuses(message_id) == ["queued", "canceled"]


async def test_without_a_route_a_message_stays_with_its_senders_carrier(two: Two) -> None:
    await up(two)
    await two.show(two.first_id, LinkPhase.WAITING)
    message_id = await two.room.send_played(TO)
    await two.first.taking(1)
    two.first.answer(result=SubmitResult.REJECTED)
    await two.room.until_status(Status.FAILED, message_id)


async def test_a_disabled_route_is_none(two: Two) -> None:
    route = await two.route(match=Match(senders=frozenset({"Hookline"})))
    assert route.position == 1
    await two.show(two.first_id, LinkPhase.WAITING)
    await two.show(two.second_id, LinkPhase.BOUND)
    assert await two.carrier_of(await two.room.send(TO, sender="Hookline")) == two.second_id
    assert await two.carrier_of(await two.room.send_played(TO)) == two.first_id

    async def disable(tx: Transaction) -> None:
        await tx.changed(update(carriers).where(carriers.c.id == two.second_id).values(disabled=1))

    await two.room.store.commit(disable)
    await two.room.router.health.fresh()
    assert await two.carrier_of(await two.room.send(TO, sender="Hookline")) == two.first_id
    async with asyncio.timeout(PATIENCE_S):
        await two.first.taking(2)
