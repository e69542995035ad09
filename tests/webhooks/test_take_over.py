"""No delivery is lost: crashes, clean stops, lost leases, full queues."""

import pytest
from sqlalchemy import select, update

from hookline.clock import ManualClock
from hookline.storage.schema import deliveries, leases
from tests.webhooks.nodes import (
    Node,
    Receiver,
    answer,
    caller,
    make_node,
    message_event,
    receiving,
    running_node,
)


async def test_crash_before_anything_was_sent(migrated_url: str, receiver: Receiver) -> None:
    clock = ManualClock()
    dead = make_node(migrated_url, clock)
    await dead.start()
    owner = caller(await dead.account())
    await dead.endpoint(owner, receiver.url)
    await dead.append(message_event(owner.account_id, status_url=receiver.url))
    await dead.crash()
    clock.advance(seconds=11)  # its leases run out
    async with running_node(migrated_url, clock) as living:
        await receiver.take(2)
        await living.quiet()
        assert {row.status for row in await living.deliveries()} == {"delivered"}


async def test_crash_while_requests_are_under_way(migrated_url: str) -> None:
    clock = ManualClock()
    async with receiving(is_held=True) as receiver:
        dead = make_node(migrated_url, clock)
        await dead.start()
        dead.deliver()
        owner = caller(await dead.account())
        await dead.endpoint(owner, receiver.url)
        drafts = [message_event(owner.account_id, resource_id=f"msg_{n}") for n in range(30)]
        await dead.append(*drafts)
        await receiver.take(10)
        await dead.crash()
        receiver.gate.set()
        clock.advance(seconds=11)
        async with running_node(migrated_url, clock) as living:
            bodies = {body for _, body in await receiver.take(30)}
            await living.quiet()
            assert len(bodies) == 30
            assert {row.status for row in await living.deliveries()} == {"delivered"}
            assert len(await living.attempts()) == 30


@pytest.mark.postgres  # on SQLite one process serves
async def test_living_node_takes_over_when_told_of_a_death(migrated_postgres_url: str) -> None:
    clock = ManualClock()
    async with receiving() as receiver, running_node(migrated_postgres_url, clock) as living:
        dead = make_node(migrated_postgres_url, clock)
        await dead.start()
        owner = caller(await dead.account())
        await dead.append(message_event(owner.account_id, status_url=receiver.url))
        assert [row.owner for row in await dead.deliveries()] == [dead.leases.node]
        await dead.crash()
        clock.advance(seconds=11)
        await living.leases.renew()
        await living.webhooks.node_died(dead.leases.node)
        await receiver.take()


async def test_clean_stop_gives_everything_back(migrated_url: str) -> None:
    async with receiving(is_held=True) as receiver:
        async with running_node(migrated_url, webhook_in_flight_max=2) as node:
            owner = caller(await node.account())
            await node.endpoint(owner, receiver.url)
            drafts = [message_event(owner.account_id, resource_id=f"msg_{n}") for n in range(5)]
            await node.append(*drafts)
            await receiver.take(2)
            receiver.gate.set()
            await node.webhooks.stop()
            rows = await node.deliveries()
        assert {row.owner for row in rows} == {None}
        assert sorted(row.status for row in rows) == ["delivered"] * 2 + ["pending"] * 3
        async with running_node(migrated_url) as next_one:
            await receiver.take(3)
            await next_one.quiet()


@pytest.mark.postgres  # on SQLite one process serves
async def test_two_nodes_share_one_endpoint_without_doubling(migrated_postgres_url: str) -> None:
    async with (
        receiving() as receiver,
        running_node(migrated_postgres_url) as one,
        running_node(migrated_postgres_url) as other,
    ):
        owner = caller(await one.account())
        await one.endpoint(owner, receiver.url)
        for number in range(20):
            for node in (one, other):
                draft = message_event(owner.account_id, resource_id=f"msg_{number}_{id(node)}")
                await node.append(draft)
        bodies = {body for _, body in await receiver.take(40)}
        await one.quiet()
        await other.quiet()
        assert len(bodies) == 40
        assert len(await one.attempts()) == 40
        held = await one.store.read(select(leases).where(leases.c.name.like("endpoint:%")))
        assert len(held) == 1


async def test_what_does_not_fit_into_memory_waits_in_the_database(
    migrated_url: str,
) -> None:
    async with (
        receiving(is_held=True) as receiver,
        running_node(migrated_url, webhook_queue_max=20) as node,
    ):
        owner = caller(await node.account())
        await node.endpoint(owner, receiver.url)
        for start in range(0, 100, 10):
            drafts = [
                message_event(owner.account_id, resource_id=f"msg_{n}")
                for n in range(start, start + 10)
            ]
            await node.append(*drafts)
        assert node.webhooks.held <= 20
        receiver.gate.set()
        bodies = {body for _, body in await receiver.take(100)}
        await node.quiet()
        assert len(bodies) == 100


async def test_status_urls_that_do_not_fit_wait_in_the_database(migrated_url: str) -> None:
    async with (
        receiving(is_held=True) as receiver,
        running_node(migrated_url, webhook_queue_max=20) as node,
    ):
        account_id = await node.account()
        drafts = [
            message_event(account_id, resource_id=f"msg_{n}", status_url=receiver.url)
            for n in range(60)
        ]
        await node.append(*drafts)
        assert node.webhooks.held <= 20
        receiver.gate.set()
        bodies = {body for _, body in await receiver.take(60)}
        await node.quiet()
        assert len(bodies) == 60


@pytest.mark.postgres  # on SQLite one process serves
async def test_lost_endpoint_lease_gives_its_queue_back(migrated_postgres_url: str) -> None:
    clock = ManualClock()
    async with (
        receiving(answer(500)) as receiver,
        running_node(migrated_postgres_url, clock) as node,
    ):
        owner = caller(await node.account())
        made, _ = await node.endpoint(owner, receiver.url)
        await node.append(message_event(owner.account_id))
        await receiver.take()

        async def waits() -> bool:
            return [row.attempts for row in await node.deliveries()] == [1]

        await node.until(waits)
        async with running_node(migrated_postgres_url, clock, delivers=False) as thief:
            clock.advance(seconds=6)
            await node.leases.renew()
            await thief.leases.renew()
            await node.leases.release([f"endpoint:{made.id}"])
            node.leases._held.add(f"endpoint:{made.id}")  # it does not know yet
            assert await thief.leases.claim(f"endpoint:{made.id}")
            await node.leases.renew()

            async def is_given_back() -> bool:
                return [row.owner for row in await node.deliveries()] == [None]

            await node.until(is_given_back)
            assert not node.webhooks.holds(made.id)


async def test_late_result_of_a_robbed_node_loses(migrated_url: str) -> None:
    async with receiving(is_held=True) as receiver, running_node(migrated_url) as node:
        owner = caller(await node.account())
        await node.endpoint(owner, receiver.url)
        await node.append(message_event(owner.account_id))
        await receiver.take()
        row = (await node.deliveries())[0]
        await _deliver_elsewhere(node, row.id)
        receiver.gate.set()
        await node.quiet()
        assert len(await node.attempts()) == 0
        assert [row.attempts for row in await node.deliveries()] == [1]


async def _deliver_elsewhere(node: Node, delivery_id: str) -> None:
    await node.store.commit(
        lambda tx: tx.changed(
            update(deliveries)
            .where(deliveries.c.id == delivery_id)
            .values(status="delivered", attempts=1, owner=None)
        )
    )
