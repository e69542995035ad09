"""What a carrier sends again in a new session is stored once; what a person writes twice, twice."""

from dataclasses import replace

from sqlalchemy import select

from hookline.carriers.encoding import Encoding
from hookline.carriers.port import Incoming, Part, Session
from hookline.clock import ManualClock, UnixMs
from hookline.ids import MessageId
from hookline.messages.repeats import forget_old
from hookline.storage.schema import messages, unacknowledged
from tests.messages.room import REAL_NUMBER, Room, another_node

MINUTE_S = 60


def session(name: str, clock: ManualClock) -> Session:
    """One that begins now."""
    return Session(name, clock.now_ms())


def written(during: Session, text: str = "hello", part: Part | None = None) -> Incoming:
    return Incoming("+447700900321", REAL_NUMBER, text, Encoding.GSM7, part=part, session=during)


async def receive(room: Room, incoming: Incoming) -> MessageId | None:
    return await room.dispatcher.received(room.carrier_id, incoming)


async def acknowledge(room: Room, during: Session, clock: ManualClock) -> None:
    clock.advance(seconds=1)
    await room.inbound.forget_acknowledged(room.carrier_id, during, clock.now_ms())


async def count(room: Room) -> int:
    return len(await room.store.read(select(messages)))


async def remembered(room: Room) -> int:
    return len(await room.store.read(select(unacknowledged)))


async def test_what_was_not_acknowledged_is_stored_once(room: Room, clock: ManualClock) -> None:
    message_id = await receive(room, written(session("before", clock)))
    clock.advance(seconds=9 * MINUTE_S)
    async with another_node(room) as other:
        assert await receive(other, written(session("after", clock))) == message_id
    assert await count(room) == 1
    assert await room.types(message_id or "") == ["message.received"]


async def test_a_repetition_may_go_unacknowledged_as_well(room: Room, clock: ManualClock) -> None:
    ids = {await receive(room, written(session(name, clock))) for name in ("a", "b", "c")}
    assert (len(ids), await count(room), await remembered(room)) == (1, 1, 1)


async def test_the_same_text_twice_in_one_session_is_two_messages(
    room: Room, clock: ManualClock
) -> None:
    now = session("now", clock)
    assert await receive(room, written(now)) != await receive(room, written(now))
    assert await count(room) == 2


async def test_the_same_text_after_the_acknowledgement_is_another_message(
    room: Room, clock: ManualClock
) -> None:
    before = session("before", clock)
    await receive(room, written(before))
    await acknowledge(room, before, clock)
    assert await remembered(room) == 0
    await receive(room, written(session("after", clock)))
    assert await count(room) == 2


async def test_only_what_came_before_the_instant_is_acknowledged(
    room: Room, clock: ManualClock
) -> None:
    now = session("now", clock)
    await receive(room, written(now))
    await acknowledge(room, now, clock)
    await receive(room, written(now))
    await room.inbound.forget_acknowledged(room.carrier_id, now, clock.now_ms())
    await room.inbound.forget_acknowledged(
        room.carrier_id, replace(now, id="another"), UnixMs(clock.now_ms() + 1)
    )
    assert await remembered(room) == 1


async def test_two_copies_before_the_crash_are_two_after_it(room: Room, clock: ManualClock) -> None:
    before = session("before", clock)
    first = [await receive(room, written(before)) for _ in range(2)]
    after = session("after", clock)
    again = [await receive(room, written(after)) for _ in range(2)]
    assert again == first
    assert await count(room) == 2
    await receive(room, written(after))
    assert await count(room) == 3


async def test_what_differs_is_no_repetition(room: Room, clock: ManualClock) -> None:
    await receive(room, written(session("before", clock)))
    after = written(session("after", clock))
    for other in (
        replace(after, text="Hello"),
        replace(after, sender="+447700900322"),
        replace(after, encoding=Encoding.UCS2),
    ):
        await receive(room, other)
    assert await count(room) == 4


async def test_an_old_session_repeats_nothing_more(room: Room, clock: ManualClock) -> None:
    after = session("after", clock)
    await receive(room, written(session("before", clock)))
    clock.advance(seconds=5 * MINUTE_S)
    await receive(room, written(after))
    assert await count(room) == 2


async def test_what_came_long_before_the_session_is_not_repeated_in_it(
    room: Room, clock: ManualClock
) -> None:
    await receive(room, written(session("before", clock)))
    clock.advance(seconds=10 * MINUTE_S + 1)
    await receive(room, written(session("after", clock)))
    assert await count(room) == 2


async def test_segments_are_repeated_too(room: Room, clock: ManualClock) -> None:
    first, second = Part(7, 2, 1), Part(7, 2, 2)
    before = session("before", clock)
    await receive(room, written(before, "a", first))
    message_id = await receive(room, written(before, "b", second))
    after = session("after", clock)
    assert await receive(room, written(after, "a", first)) is None
    assert await receive(room, written(after, "b", second)) == message_id
    assert await count(room) == 1


async def test_links_without_sessions_remember_nothing(room: Room, clock: ManualClock) -> None:
    whole = replace(written(session("none", clock)), session=None)
    assert await receive(room, whole) != await receive(room, whole)
    assert await remembered(room) == 0


async def test_the_dispatcher_passes_acknowledgements_on(room: Room, clock: ManualClock) -> None:
    now = session("now", clock)
    await receive(room, written(now))
    clock.advance(seconds=1)
    room.dispatcher.acknowledged(room.carrier_id, now, clock.now_ms())
    await room.settle()
    assert await remembered(room) == 0


async def test_after_an_hour_nothing_is_remembered(room: Room, clock: ManualClock) -> None:
    await receive(room, written(session("now", clock)))
    await forget_old(room.store)
    assert await remembered(room) == 1
    clock.advance(seconds=60 * MINUTE_S + 1)
    await forget_old(room.store)
    assert await remembered(room) == 0
