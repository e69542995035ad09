"""Replays: what they send again, how far they are, and that no death loses anything of them."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from hookline.clock import DAY_MS, ManualClock, SystemClock, UnixMs, to_datetime
from hookline.errors import Invalid
from hookline.events.model import Draft, EventType
from hookline.principal import Mode, Principal
from hookline.storage.schema import calls, deliveries, events, leases
from hookline.webhooks.endpoints import EndpointChange, delete_endpoint, patch_endpoint
from hookline.webhooks.errors import (
    EndpointDisabled,
    EndpointNotFound,
    ReplayFinished,
    ReplayNotFound,
    ReplayRunning,
)
from hookline.webhooks.formats import Formats
from hookline.webhooks.model import Endpoint
from hookline.webhooks.replay import Replay, ReplayStatus, Selection, rate_of, span_of
from hookline.webhooks.replay_runs import Replayer
from hookline.webhooks.replaying import (
    Wish,
    begin_replay,
    cancel_replay,
    get_replay,
    plan_replay,
    preview_replay,
)
from tests.webhooks.nodes import (
    BOX,
    Node,
    Receiver,
    caller,
    make_node,
    message_event,
    receiving,
    running_node,
)

NOBODY = "http://127.0.0.1:1/"


def wish(selection: Selection = Selection.FAILED, *patterns: str, **more: Any) -> Wish:
    more.setdefault("since", to_datetime(SystemClock().now_ms()) - timedelta(hours=1))
    return Wish(selection, patterns=patterns or None, **more)


async def begin(node: Node, owner: Principal, endpoint: Endpoint, wanted: Wish) -> Replay:
    planned, _ = await plan_replay(node.store, owner, endpoint.id, wanted)
    return await node.store.commit(lambda tx: begin_replay(tx, node.store, owner, planned))


async def count(node: Node, owner: Principal, endpoint: Endpoint, wanted: Wish) -> int:
    formats = node.webhooks.formats
    return (await preview_replay(node.store, formats, owner, endpoint.id, wanted)).count


def replayer(node: Node) -> Replayer:
    return Replayer(node.store, node.wakeups, node.leases.node, Formats(node.settings))


def set_to_work(node: Node) -> None:
    node.tasks.append(asyncio.create_task(replayer(node).run()))


async def until(node: Node, owner: Principal, known: str, *states: ReplayStatus) -> Replay:
    async def is_there() -> bool:
        return (await get_replay(node.store, owner, known)).status in states

    await node.until(is_there)
    return await get_replay(node.store, owner, known)


async def set_disabled(node: Node, owner: Principal, endpoint: Endpoint, *, to: bool) -> None:
    change = EndpointChange(disabled=to)
    await node.store.commit(
        lambda tx: patch_endpoint(tx, node.store, BOX, owner, endpoint.id, change)
    )


def events_of(owner: Principal, count: int, **more: Any) -> list[Draft]:
    return [message_event(owner.account_id, resource_id=f"msg_{n}", **more) for n in range(count)]


async def ids_of_events(node: Node) -> set[str]:
    rows = await node.store.read(select(events.c.id).where(events.c.type.like("message.%")))
    return {row.id for row in rows}


async def failed(node: Node, owner: Principal, url: str, count: int, **more: Any) -> Endpoint:
    """An endpoint with so many deliveries that were given up."""
    endpoint = await missed(node, owner, url, count, **more)
    await add_deliveries(node, endpoint, "failed")
    return endpoint


async def add_deliveries(node: Node, endpoint: Endpoint, status: str) -> None:
    """A delivery of every message's event, as if it had come to this."""
    found = await node.store.read(select(events).where(events.c.type.like("message.%")))
    rows = [
        {
            "id": node.store.ids.new("dlv"), "account_id": endpoint.account_id,
            "mode": endpoint.mode.value, "endpoint_id": endpoint.id, "event_id": row.id,
            "event_type": row.type, "resource_id": row.resource_id, "status": status,
            "attempts": 12, "created_at": row.created_at, "last_status": 500,
        }
        for row in found
    ]  # fmt: skip
    await node.store.commit(lambda tx: tx.execute(insert(deliveries).values(rows)))


async def until_some_are_due(node: Node) -> None:
    async def are_some() -> bool:
        return bool(await node.deliveries())

    await node.until(are_some)


async def forget_leases(node: Node, dead: Node) -> None:
    """As if the time of a dead node's lease had gone by."""
    of_dead = delete(leases).where(leases.c.owner == dead.leases.node)
    await node.store.commit(lambda tx: tx.changed(of_dead))


async def missed(node: Node, owner: Principal, url: str, count: int, **more: Any) -> Endpoint:
    """An endpoint that was disabled while so many events happened."""
    endpoint, _ = await node.endpoint(owner, url, **more)
    await set_disabled(node, owner, endpoint, to=True)
    await node.append(*events_of(owner, count))
    await set_disabled(node, owner, endpoint, to=False)
    return endpoint


async def test_missing_events_are_delivered_with_their_ids(
    node: Node, owner: Principal, receiver: Receiver
) -> None:
    endpoint = await missed(node, owner, receiver.url, 3)
    begun = await begin(node, owner, endpoint, wish(Selection.MISSING))
    set_to_work(node)
    ended = await until(node, owner, begun.id, ReplayStatus.COMPLETED)
    sent = {headers["webhook-id"] for headers, _ in await receiver.take(3)}
    assert sent == await ids_of_events(node)
    assert (ended.total, ended.done, ended.owner) == (3, 3, None)


async def test_failed_deliveries_are_made_again(
    node: Node, owner: Principal, receiver: Receiver
) -> None:
    endpoint = await failed(node, owner, receiver.url, 2)
    begun = await begin(node, owner, endpoint, wish())
    set_to_work(node)
    sent = {headers["webhook-id"] for headers, _ in await receiver.take(2)}
    ended = await until(node, owner, begun.id, ReplayStatus.COMPLETED)
    assert sent == await ids_of_events(node)
    assert (ended.done, len(await node.deliveries())) == (2, 2)


async def test_each_selection_counts_what_it_would_send(node: Node, owner: Principal) -> None:
    endpoint = await failed(node, owner, NOBODY, 2)
    await set_disabled(node, owner, endpoint, to=True)
    await node.append(*events_of(owner, 3))
    await set_disabled(node, owner, endpoint, to=False)
    counts = [await count(node, owner, endpoint, wish(one)) for one in Selection]
    assert counts == [2, 3, 5]


async def test_delivered_ones_are_sent_again_when_all_are_wanted(
    node: Node, owner: Principal, receiver: Receiver
) -> None:
    endpoint = await missed(node, owner, receiver.url, 2)
    await add_deliveries(node, endpoint, "delivered")
    assert await count(node, owner, endpoint, wish(Selection.MISSING)) == 0
    begun = await begin(node, owner, endpoint, wish(Selection.ALL))
    set_to_work(node)
    await receiver.take(2)
    ended = await until(node, owner, begun.id, ReplayStatus.COMPLETED)
    assert (ended.done, len(await node.deliveries())) == (2, 2)


async def test_only_the_wanted_types_are_sent_again(node: Node, owner: Principal) -> None:
    endpoint = await missed(node, owner, NOBODY, 2)
    await set_disabled(node, owner, endpoint, to=True)
    failing = events_of(owner, 1, event_type=EventType.MESSAGE_FAILED)
    await node.append(*failing)
    await set_disabled(node, owner, endpoint, to=False)
    narrowed = wish(Selection.MISSING, "message.failed")
    assert await count(node, owner, endpoint, narrowed) == 1
    assert await count(node, owner, endpoint, wish(Selection.MISSING, "call.*")) == 0


async def test_only_events_of_the_time_are_sent_again(paused_node: Node) -> None:
    node, owner = paused_node, caller(await paused_node.account())
    endpoint, _ = await node.endpoint(owner, NOBODY)
    await set_disabled(node, owner, endpoint, to=True)
    clock = node.store.clock
    assert isinstance(clock, ManualClock)
    begun = to_datetime(node.store.now())
    for n in range(5):
        clock.advance(seconds=3_600)
        await node.append(message_event(owner.account_id, resource_id=f"msg_{n}"))
    await set_disabled(node, owner, endpoint, to=False)

    def hours(count: float) -> datetime:
        return begun + timedelta(hours=count)

    for since, before, expected in ((0, 9, 4), (1, 3, 2), (1.5, 3.5, 2), (4.5, 4.9, 0)):
        wanted = wish(Selection.MISSING, since=hours(since), until=hours(before))
        assert await count(node, owner, endpoint, wanted) == expected


async def test_events_about_other_numbers_are_not_missing(node: Node, owner: Principal) -> None:
    ours, others = "+12025550100", "+12025550101"
    endpoint, _ = await node.endpoint(
        owner, NOBODY, "message.*", "call.*", "recording.*", numbers=(ours,)
    )
    await set_disabled(node, owner, endpoint, to=True)
    for sender in (ours, others):
        data = b'{"direction":"outbound","from":"%s","to":"+12025550110"}' % sender.encode()
        await node.append(
            Draft(owner.account_id, EventType.MESSAGE_SENT, Mode.LIVE, "msg_1", data, 1)
        )
    await add_call(node, owner, "call_1", ours)
    await add_call(node, owner, "call_2", others)
    for call in ("call_1", "call_2"):
        data = b'{"call_id":"%s"}' % call.encode()
        kind = EventType.RECORDING_COMPLETED
        await node.append(Draft(owner.account_id, kind, Mode.LIVE, "rec_1", data, 1))
    await set_disabled(node, owner, endpoint, to=False)
    assert await count(node, owner, endpoint, wish(Selection.MISSING)) == 2


async def add_call(node: Node, owner: Principal, known: str, recipient: str) -> None:
    row = {
        "id": known, "account_id": owner.account_id, "mode": "live", "direction": "inbound",
        "sender": "+12025550110", "recipient": recipient, "carrier_id": "sandbox",
        "status": "completed", "plan": "{}", "created_at": 1, "updated_at": 1,
    }  # fmt: skip
    await node.store.commit(lambda tx: tx.execute(insert(calls).values(row)))


async def test_failed_tests_are_not_sent_again(node: Node, owner: Principal) -> None:
    endpoint = await failed(node, owner, NOBODY, 2)
    await node.store.commit(lambda tx: tx.changed(delete(events)))
    assert await count(node, owner, endpoint, wish()) == 0


async def test_a_replay_is_paced(node: Node, owner: Principal) -> None:
    endpoint = await missed(node, owner, NOBODY, 25)
    planned, _ = await plan_replay(node.store, owner, endpoint.id, wish(Selection.MISSING))
    assert planned.page_size == round(planned.rate) == 10
    assert rate_of(864_000, DAY_MS, least=10, most=None) == 20
    assert rate_of(100_000, span_of(UnixMs(0), UnixMs(1_000_000)), least=10, most=50) == 50


async def test_canceled_replay_makes_no_more_due(node: Node, owner: Principal) -> None:
    endpoint = await missed(node, owner, NOBODY, 25)
    begun = await begin(node, owner, endpoint, wish(Selection.MISSING))
    set_to_work(node)
    await until_some_are_due(node)
    canceled = await node.store.commit(lambda tx: cancel_replay(tx, node.store, owner, begun.id))
    assert canceled.status is ReplayStatus.CANCELED
    assert canceled.total == 25
    assert 0 < canceled.done < 25
    with pytest.raises(ReplayFinished):
        await node.store.commit(lambda tx: cancel_replay(tx, node.store, owner, begun.id))


async def test_one_replay_at_a_time(node: Node, owner: Principal) -> None:
    endpoint = await missed(node, owner, NOBODY, 1)
    await begin(node, owner, endpoint, wish())
    with pytest.raises(ReplayRunning):
        await begin(node, owner, endpoint, wish())


async def test_replay_ends_when_its_webhook_is_disabled_or_deleted(
    node: Node, owner: Principal
) -> None:
    disabled, deleted = [await missed(node, owner, NOBODY, 1) for _ in range(2)]
    begun = [await begin(node, owner, one, wish(Selection.ALL)) for one in (disabled, deleted)]
    await set_disabled(node, owner, disabled, to=True)
    await node.store.commit(lambda tx: delete_endpoint(tx, node.store, owner, deleted.id))
    set_to_work(node)
    ended = [await until(node, owner, one.id, ReplayStatus.FAILED) for one in begun]
    assert [one.error for one in ended] == ["webhook_disabled", "webhook_deleted"]


async def test_what_cannot_be_replayed(node: Node, owner: Principal) -> None:
    endpoint, _ = await node.endpoint(owner, NOBODY)
    later = to_datetime(SystemClock().now_ms()) + timedelta(hours=1)
    for wanted in (wish(since=later), wish(until=wish().since), wish(Selection.ALL, "nonsense")):
        with pytest.raises(Invalid):
            await plan_replay(node.store, owner, endpoint.id, wanted)
    await set_disabled(node, owner, endpoint, to=True)
    with pytest.raises(EndpointDisabled):
        await plan_replay(node.store, owner, endpoint.id, wish())
    stranger = caller(await node.account())
    with pytest.raises(EndpointNotFound):
        await plan_replay(node.store, stranger, endpoint.id, wish())
    with pytest.raises(ReplayNotFound):
        await get_replay(node.store, stranger, "rpl_1")


async def test_replay_of_a_dead_node_goes_on_where_it_stood(migrated_url: str) -> None:
    async with receiving() as receiver:
        dead = make_node(migrated_url, webhook_replay_rate_min=20)
        await dead.start()
        owner = caller(await dead.account())
        endpoint = await missed(dead, owner, receiver.url, 50)
        begun = await begin(dead, owner, endpoint, wish(Selection.MISSING))
        set_to_work(dead)
        await until_some_are_due(dead)
        await dead.crash()
        async with running_node(migrated_url, webhook_replay_rate_min=1_000) as living:
            await forget_leases(living, dead)
            set_to_work(living)
            sent = [headers["webhook-id"] for headers, _ in await receiver.take(50)]
            ended = await until(living, owner, begun.id, ReplayStatus.COMPLETED)
            assert set(sent) == await ids_of_events(living)
            assert (ended.total, ended.done) == (50, 50)
            assert len(await living.deliveries()) == 50


@pytest.mark.postgres  # on SQLite one process serves
async def test_two_nodes_carry_out_one_replay_once(migrated_postgres_url: str) -> None:
    async with (
        receiving() as receiver,
        running_node(migrated_postgres_url, webhook_replay_rate_min=100) as first,
        running_node(migrated_postgres_url, webhook_replay_rate_min=100) as second,
    ):
        owner = caller(await first.account())
        endpoint = await missed(first, owner, receiver.url, 60)
        begun = await begin(first, owner, endpoint, wish(Selection.MISSING))
        set_to_work(first)
        set_to_work(second)
        await receiver.take(60)
        ended = await until(second, owner, begun.id, ReplayStatus.COMPLETED)
        assert (ended.done, len(await first.deliveries())) == (60, 60)
