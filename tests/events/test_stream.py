"""The live stream: order, resumption, limits, and its ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hookline.errors import Invalid, Unauthenticated
from hookline.events.model import EventType
from hookline.events.read import list_events
from hookline.events.stream import Streams, Subscription, TooManyStreams
from hookline.principal import Mode, Principal
from hookline.storage.store import Store
from hookline.storage.wakeups import Wakeups
from tests.events.conftest import Appending

SENT, DELIVERED = EventType.MESSAGE_SENT, EventType.MESSAGE_DELIVERED
PATIENCE_S = 15


async def nothing() -> None:
    """The caller may go on."""


@pytest.fixture
async def streams(store: Store) -> AsyncIterator[Streams]:
    wakeups = Wakeups(store.database, store.writer)
    made = Streams(store, wakeups, heartbeat_s=0.05, recheck_s=0.02)
    yield made
    made.close()


@asynccontextmanager
async def following(
    streams: Streams, principal: Principal, *, after: str | None = None, pattern: str | None = None
) -> AsyncIterator[Subscription]:
    subscription = await streams.open(principal, after=after, pattern=pattern, recheck=nothing)
    try:
        yield subscription
    finally:
        await subscription.close()


async def frames(subscription: Subscription, count: int) -> list[dict[str, str]]:
    """The next events, each by its fields."""
    found: list[dict[str, str]] = []
    async with asyncio.timeout(PATIENCE_S):
        async for chunk in subscription.chunks:
            for frame in chunk.decode().strip().split("\n\n"):
                if frame.startswith("id:"):
                    pairs = [line.partition(": ") for line in frame.split("\n")]
                    found.append({name: value for name, _, value in pairs})
            if len(found) >= count:
                break
    return found


async def all_ids(store: Store, principal: Principal) -> list[str]:
    page = await list_events(store, principal, after=None, pattern=None, limit=1_000)
    return [event.id for event in page.events]


async def test_events_arrive_as_they_happen(
    store: Store, streams: Streams, reader: Principal, tell: Appending
) -> None:
    await tell(SENT)  # before: not shown without a start
    async with following(streams, reader) as subscription:
        await anext(subscription.chunks)
        await tell(DELIVERED)
        seen = await frames(subscription, 1)
    assert seen[0]["event"] == "message.delivered"
    assert seen[0]["id"] == (await all_ids(store, reader))[-1]
    assert '"type":"message.delivered"' in seen[0]["data"]


async def test_stream_resumes_behind_an_event(
    store: Store, streams: Streams, reader: Principal, tell: Appending
) -> None:
    await tell(*[SENT] * 150)
    ids = await all_ids(store, reader)
    async with following(streams, reader, after=ids[9]) as subscription:
        seen = await frames(subscription, 140)
    assert [frame["id"] for frame in seen] == ids[10:]


async def test_nothing_is_missed_while_many_append(
    store: Store, streams: Streams, reader: Principal, tell: Appending
) -> None:
    await tell(SENT)
    seen = await all_ids(store, reader)

    async def append_some() -> None:
        for number in range(40):
            await tell(SENT, DELIVERED, about=f"msg_{number}")

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(append_some())
        while len(seen) < 321:  # reconnects after every few events, like a bad network
            async with following(streams, reader, after=seen[-1]) as subscription:
                seen += [frame["id"] for frame in await frames(subscription, 7)]
    assert seen == await all_ids(store, reader)


async def test_filtered_stream_shows_only_what_matches(
    streams: Streams, reader: Principal, tell: Appending
) -> None:
    async with following(streams, reader, pattern="message.delivered") as subscription:
        await anext(subscription.chunks)
        await tell(SENT)
        await tell(SENT, EventType.CREDENTIAL_CREATED, mode=Mode.TEST)
        await tell(DELIVERED)
        seen = await frames(subscription, 1)
    assert [frame["event"] for frame in seen] == ["message.delivered"]


async def test_silence_is_broken_by_heartbeats(streams: Streams, reader: Principal) -> None:
    async with following(streams, reader) as subscription:
        await anext(subscription.chunks)
        async with asyncio.timeout(PATIENCE_S):
            assert await anext(subscription.chunks) == b": still here\nid: 0\n\n"


async def test_what_was_sent_no_event_yet_resumes_without_a_gap(
    store: Store, streams: Streams, reader: Principal, tell: Appending
) -> None:
    await tell(SENT)
    async with following(streams, reader) as subscription:
        opening = await anext(subscription.chunks)
    await tell(DELIVERED)
    position = opening.decode().split("id: ")[1].strip()
    async with following(streams, reader, after=position) as subscription:
        seen = await frames(subscription, 1)
    assert [frame["id"] for frame in seen] == (await all_ids(store, reader))[1:]


async def test_position_that_is_not_reached_yet_is_the_present_one(
    streams: Streams, reader: Principal, tell: Appending
) -> None:
    await tell(SENT)
    async with following(streams, reader, after="999") as subscription:
        await anext(subscription.chunks)
        await tell(DELIVERED)
        seen = await frames(subscription, 1)
    assert [frame["event"] for frame in seen] == ["message.delivered"]


async def test_stream_ends_when_the_caller_is_shut_out(streams: Streams, reader: Principal) -> None:
    async def shut_out() -> None:
        raise Unauthenticated("The token was revoked.")

    subscription = await streams.open(reader, after=None, pattern=None, recheck=shut_out)
    async with asyncio.timeout(PATIENCE_S):
        chunks = [chunk async for chunk in subscription.chunks]
    assert chunks == [b": connected\nretry: 2000\nid: 0\n\n"]
    await subscription.close()
    assert streams.count == 0


async def test_streams_end_with_the_server(streams: Streams, reader: Principal) -> None:
    async with following(streams, reader) as subscription:
        await anext(subscription.chunks)
        streams.close()
        async with asyncio.timeout(PATIENCE_S):
            assert [chunk async for chunk in subscription.chunks] == []
    with pytest.raises(TooManyStreams):
        await streams.open(reader, after=None, pattern=None, recheck=nothing)


async def test_number_of_streams_is_bounded(streams: Streams, reader: Principal) -> None:
    most = streams._store.settings.stream_subscribers_max
    opened = [
        await streams.open(reader, after=None, pattern=None, recheck=nothing) for _ in range(most)
    ]
    with pytest.raises(TooManyStreams):
        await streams.open(reader, after=None, pattern=None, recheck=nothing)
    for subscription in opened:  # not one chunk was asked for
        await subscription.close()
    assert streams.count == 0


async def test_unknown_start_takes_no_place(streams: Streams, reader: Principal) -> None:
    with pytest.raises(Invalid):
        await streams.open(reader, after="evt_unknown", pattern=None, recheck=nothing)
    assert streams.count == 0
