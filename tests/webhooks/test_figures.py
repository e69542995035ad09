"""What /metrics tells of the engine: ages, depths, what is under way, breakers, reuse of connections."""

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import update

from hookline.clock import HOUR_MS, ManualClock
from hookline.storage.schema import deliveries, endpoints
from hookline.webhooks.figures import Figures
from tests.webhooks.nodes import Node, answer, caller, message_event, receiving, running_node


def told(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"hookline_{name}", labels) or 0.0


def figures_of(node: Node) -> Figures:
    return Figures(node.store, node.webhooks._dispatcher.lanes)


async def test_held_deliveries_are_told_by_what_they_wait_for(
    migrated_url: str, clock: ManualClock
) -> None:
    async with (
        receiving(is_held=True) as slow,
        receiving(answer(500)) as failing,
        running_node(migrated_url, clock, webhook_in_flight_max=2) as node,
    ):
        owner = caller(await node.account())
        await node.endpoint(owner, slow.url)
        await node.endpoint(owner, failing.url)
        for number in range(5):
            await node.append(message_event(owner.account_id, resource_id=f"msg_{number}"))
        await slow.take(2)
        await failing.take(5)

        async def all_failed() -> bool:
            return len(await node.attempts()) == 5

        await node.until(all_failed)
        clock.advance(seconds=3)
        figures_of(node).note()
        kinds = [told("webhook_queued", kind=kind) for kind in ("first", "retry", "later")]
        assert (kinds, told("webhook_in_flight")) == ([3, 0, 5], 2)
        assert told("webhook_lanes", breaker="closed") == 2
        assert told("webhook_oldest_pending_seconds") == 3
        slow.gate.set()


async def test_the_oldest_may_wait_in_the_database(migrated_url: str, clock: ManualClock) -> None:
    async with running_node(migrated_url, clock, delivers=False) as node:
        owner = caller(await node.account())
        made, _ = await node.endpoint(owner, "https://example.com/")
        url = "https://example.org/"
        await node.append(message_event(owner.account_id, status_url=url))
        due = clock.now_ms() + HOUR_MS
        later = update(deliveries).values(owner=None, next_attempt_at=due)
        await node.store.commit(lambda tx: tx.changed(later))
        node.webhooks._dispatcher.abandon_all()
        clock.advance(seconds=600)
        figures = figures_of(node)
        await figures.look_up()
        figures.note()
        assert told("webhook_backlog") == 2
        assert told("webhook_oldest_pending_seconds") == 600
        off = update(endpoints).where(endpoints.c.id == made.id).values(status="disabled")
        await node.store.commit(lambda tx: tx.changed(off))
        await figures.look_up()
        assert told("webhook_backlog") == 1  # what waits for a disabled one is meant to


async def test_open_breaker_is_told(migrated_sqlite_url: str, clock: ManualClock) -> None:
    async with receiving(answer(503)) as receiver, running_node(migrated_sqlite_url, clock) as node:
        owner = caller(await node.account())
        await node.endpoint(owner, receiver.url)
        drafts = [message_event(owner.account_id, resource_id=f"msg_{n}") for n in range(12)]
        await node.append(*drafts)

        async def enough_failed() -> bool:
            return len(await node.attempts()) >= 10

        await node.until(enough_failed)
        figures_of(node).note()
        assert told("webhook_lanes", breaker="open") == 1


async def test_reuse_of_connections_is_counted(node: Node) -> None:
    before = [told("outbound_requests_total", connection=one) for one in ("new", "reused")]
    async with receiving() as receiver:
        owner = caller(await node.account())
        await node.endpoint(owner, receiver.url)
        for number in range(3):
            await node.append(message_event(owner.account_id, resource_id=f"msg_{number}"))
            await receiver.take()
            await node.quiet()
    after = [told("outbound_requests_total", connection=one) for one in ("new", "reused")]
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 2]


@pytest.mark.parametrize("outcome", ["delivered", "retry", "failed"])
def test_every_outcome_is_told_from_the_start(outcome: str) -> None:
    assert (
        REGISTRY.get_sample_value("hookline_webhook_attempts_total", {"outcome": outcome})
        is not None
    )
