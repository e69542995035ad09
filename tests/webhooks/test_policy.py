"""What an endpoint may ask for: failover, rate, its own schedule, order, and by its answers."""

import msgspec
import pytest
from sqlalchemy import select

from hookline.clock import HOUR_MS, ManualClock
from hookline.events.model import EventType
from hookline.storage.schema import endpoints
from hookline.webhooks.claims import CATCH_UP_MIN
from hookline.webhooks.endpoints import EndpointChange, patch_endpoint
from hookline.webhooks.model import Ordering, Policy
from hookline.webhooks.retry import CALL_EXPIRY_MS, schedule_of
from tests.webhooks.nodes import (
    BOX,
    Node,
    Receiver,
    answer,
    caller,
    message_event,
    receiving,
)


async def statuses(node: Node) -> list[str]:
    return [row.status for row in await node.deliveries()]


async def ended(node: Node, count: int) -> None:
    async def is_so() -> bool:
        known = await statuses(node)
        return len(known) >= count and "pending" not in known

    await node.until(is_so)


async def test_failover_is_tried_at_once(paused_node: Node, receiver: Receiver) -> None:
    receiver.answers = [answer(503)]
    async with receiving() as other:
        owner = caller(await paused_node.account())
        await paused_node.endpoint(owner, receiver.url, policy=Policy(failover_url=other.url))
        await paused_node.append(message_event(owner.account_id))
        [[first, _]], [[second, _]] = await receiver.take(), await other.take()
        assert first["webhook-id"] == second["webhook-id"]
        await ended(paused_node, 1)
    made = [(row.number, row.url, row.status) for row in await paused_node.attempts()]
    assert made == [(1, receiver.url, 503), (2, other.url, 200)]
    [row] = await paused_node.deliveries()
    assert (row.status, row.attempts, row.round) == ("delivered", 2, 1)


async def test_failover_is_not_for_a_refusal(paused_node: Node, receiver: Receiver) -> None:
    receiver.answers = [answer(400)]
    async with receiving() as other:
        owner = caller(await paused_node.account())
        policy = Policy(failover_url=other.url, schedule=schedule_of([]))
        await paused_node.endpoint(owner, receiver.url, policy=policy)
        await paused_node.append(message_event(owner.account_id))
        await ended(paused_node, 1)
        assert other.requests.empty()
    assert await statuses(paused_node) == ["failed"]


async def test_a_dead_primary_is_left_alone_while_the_failover_serves(
    paused_node: Node, receiver: Receiver
) -> None:
    receiver.answers = [answer(500)]
    async with receiving() as other:
        owner = caller(await paused_node.account())
        await paused_node.endpoint(owner, receiver.url, policy=Policy(failover_url=other.url))
        for number in range(15):
            await paused_node.append(message_event(owner.account_id, resource_id=f"msg_{number}"))
            await other.take()
            await ended(paused_node, number + 1)
    assert receiver.requests.qsize() == 10
    assert set(await statuses(paused_node)) == {"delivered"}


async def test_own_schedule(paused_node: Node, clock: ManualClock, receiver: Receiver) -> None:
    receiver.answers = [answer(500)]
    owner = caller(await paused_node.account())
    await paused_node.endpoint(owner, receiver.url, policy=Policy(schedule=schedule_of([3_600])))
    await paused_node.append(message_event(owner.account_id))
    await receiver.take()

    async def is_given_back() -> bool:
        [row] = await paused_node.deliveries()
        return row.owner is None

    await paused_node.until(is_given_back)
    [row] = await paused_node.deliveries()
    assert (row.status, row.next_attempt_at) == ("pending", clock.now_ms() + HOUR_MS)
    clock.advance(seconds=3_600)
    paused_node.webhooks.wake()
    await ended(paused_node, 1)
    assert await statuses(paused_node) == ["failed"]


async def test_rate_delays_and_burns_no_attempt(
    paused_node: Node, clock: ManualClock, receiver: Receiver
) -> None:
    owner = caller(await paused_node.account())
    await paused_node.endpoint(owner, receiver.url, policy=Policy(rate_limit=2))
    drafts = [message_event(owner.account_id, resource_id=f"msg_{n}") for n in range(5)]
    await paused_node.append(*drafts)
    await receiver.take()
    await ended_count(paused_node, 1)
    assert receiver.requests.empty()
    for done in range(2, 6):
        clock.advance(seconds=0.5)
        paused_node.webhooks.wake()
        await receiver.take()
        await ended_count(paused_node, done)
        assert receiver.requests.empty()
    assert [row.attempts for row in await paused_node.deliveries()] == [1] * 5


async def test_what_was_missed_comes_slowly(
    paused_node: Node, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [answer(503, "Retry-After: 120"), answer(200)]
    owner = caller(await paused_node.account())
    await paused_node.endpoint(owner, receiver.url)
    await paused_node.append(message_event(owner.account_id))
    await receiver.take()

    async def is_recorded() -> bool:
        return bool(await paused_node.attempts())

    await paused_node.until(is_recorded)
    missed = [message_event(owner.account_id, resource_id=f"msg_{n}") for n in range(2, 12)]
    await paused_node.append(*missed)
    assert receiver.requests.empty()
    clock.advance(seconds=121)
    paused_node.webhooks.wake()
    await receiver.take()
    await ended_count(paused_node, 1)
    assert receiver.requests.empty()
    for done in range(2, 12):
        clock.advance(seconds=1 / CATCH_UP_MIN)
        paused_node.webhooks.wake()
        await receiver.take()
        await ended_count(paused_node, done)
        assert receiver.requests.empty()
    fresh = [message_event(owner.account_id, resource_id=f"msg_{n}") for n in range(20, 25)]
    await paused_node.append(*fresh)
    await receiver.take(5)


async def ended_count(node: Node, count: int) -> None:
    async def is_so() -> bool:
        return (await statuses(node)).count("delivered") == count

    await node.until(is_so)


@pytest.mark.parametrize(
    ("asked", "status", "reason"),
    [("abort-message", "enabled", None), ("disable", "disabled", "by_receiver"),
     ("Disable ", "disabled", "by_receiver"), ("nonsense", "enabled", None)],
)  # fmt: skip
async def test_a_receiver_can_say_no(
    paused_node: Node, receiver: Receiver, asked: str, status: str, reason: str | None
) -> None:
    receiver.answers = [answer(422, f"Webhook-Delivery: {asked}")]
    owner = caller(await paused_node.account())
    policy = Policy(schedule=schedule_of([1]))
    await paused_node.endpoint(owner, receiver.url, policy=policy)
    await paused_node.append(message_event(owner.account_id))
    await receiver.take()

    async def is_recorded() -> bool:
        return bool(await paused_node.attempts())

    await paused_node.until(is_recorded)
    is_final = asked != "nonsense"
    assert await statuses(paused_node) == ["failed" if is_final else "pending"]
    [row] = await paused_node.store.read(select(endpoints))
    assert (row.status, row.disabled_reason) == (status, reason)


async def test_a_moment_of_a_call_that_has_passed_is_not_told(
    paused_node: Node, clock: ManualClock, receiver: Receiver
) -> None:
    owner = caller(await paused_node.account())
    endpoint, _ = await paused_node.endpoint(owner, receiver.url, "call.*")
    off, on = EndpointChange(disabled=True), EndpointChange(disabled=False)
    await paused_node.append(
        message_event(owner.account_id, EventType.CALL_DTMF, resource_id="call_1")
    )
    await receiver.take()
    await ended(paused_node, 1)

    async def change(wanted: EndpointChange) -> None:
        await paused_node.store.commit(
            lambda tx: patch_endpoint(tx, paused_node.store, BOX, owner, endpoint.id, wanted)
        )

    receiver.answers = [answer(500)]
    for kind in (EventType.CALL_DTMF, EventType.CALL_COMPLETED):
        await paused_node.append(message_event(owner.account_id, kind, resource_id="call_2"))
    await receiver.take(2)
    await change(off)
    receiver.answers = [answer(200)]
    clock.advance(seconds=CALL_EXPIRY_MS / 1_000 + 1)
    await change(on)
    await receiver.take()
    await ended(paused_node, 3)
    _, late, end = await paused_node.deliveries()
    assert (late.status, end.status) == ("failed", "delivered")
    assert late.last_error.startswith("expired: ")


async def test_order_is_kept_for_a_resource_and_does_not_hold_others(
    paused_node: Node, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [answer(500), answer(200)]
    owner = caller(await paused_node.account())
    policy = Policy(ordering=Ordering.RESOURCE)
    await paused_node.endpoint(owner, receiver.url, policy=policy)
    kinds = (EventType.MESSAGE_SENT, EventType.MESSAGE_DELIVERED)
    await paused_node.append(message_event(owner.account_id, kinds[0], resource_id="msg_a"))
    await receiver.take()
    await paused_node.append(message_event(owner.account_id, kinds[1], resource_id="msg_a"))
    for kind in kinds:
        await paused_node.append(message_event(owner.account_id, kind, resource_id="msg_b"))
    others = [types_of(body) for _, body in await receiver.take(2)]
    assert others == ["message.sent", "message.delivered"]
    clock.advance(seconds=10)
    paused_node.webhooks.wake()
    held = [types_of(body) for _, body in await receiver.take(2)]
    assert held == ["message.sent", "message.delivered"]
    await ended(paused_node, 4)


def types_of(body: bytes) -> str:
    return str(msgspec.json.decode(body)["type"])
