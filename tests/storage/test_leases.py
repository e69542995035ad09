"""Leases: one owner at a time, and nothing that a dead node worked on is forgotten."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest
from sqlalchemy import select

from hookline.clock import ManualClock
from hookline.errors import Unavailable
from hookline.settings import Settings
from hookline.storage.database import Database
from hookline.storage.leases import Leases
from hookline.storage.schema import leases
from hookline.storage.writer import Writer

NewNode = Callable[[], Leases]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"lease_ttl_s": 0.03})  # renewed every 10 ms


@pytest.fixture
def new_node(database: Database, writer: Writer, clock: ManualClock, settings: Settings) -> NewNode:
    return lambda: Leases(database, writer, clock, settings)


@pytest.fixture
async def first(new_node: NewNode) -> Leases:
    node = new_node()
    await node.start(alone=True)
    return node


@pytest.fixture
async def second(new_node: NewNode, first: Leases) -> Leases:
    node = new_node()
    await node.start(alone=False)
    return node


async def test_owner_keeps_others_out(first: Leases, second: Leases) -> None:
    assert await first.claim("link")
    assert not await second.claim("link")
    assert await first.claim("link")  # again: harmless
    assert "link" in first.held
    assert "link" not in second.held


async def test_one_of_many_that_claim_at_once_wins(new_node: NewNode) -> None:
    nodes = [new_node() for _ in range(8)]
    assert sum(await asyncio.gather(*(node.claim("link") for node in nodes))) == 1


async def test_expired_lease_is_taken_over_and_its_owner_hears_of_it(
    first: Leases, second: Leases, clock: ManualClock
) -> None:
    lost: list[str] = []
    first.on_lost(lost.append)
    await first.claim("link")
    clock.advance(seconds=0.03)
    assert await second.claim("link")
    await first.renew()
    assert lost == ["link"]
    assert "link" not in first.held


async def test_renewed_lease_outlives_its_first_term(
    first: Leases, second: Leases, clock: ManualClock
) -> None:
    await first.claim("link")
    clock.advance(seconds=0.02)
    await first.renew()
    clock.advance(seconds=0.02)
    assert not await second.claim("link")


async def test_released_lease_is_free_at_once(first: Leases, second: Leases) -> None:
    await first.claim("link")
    await second.release(["link"])  # not theirs: no effect
    assert not await second.claim("link")
    await first.release(["link"])
    assert await second.claim("link")


async def test_clean_stop_leaves_only_the_node_to_be_buried(
    first: Leases, database: Database
) -> None:
    await first.claim("link")
    await first.release_all()
    assert [row.name for row in await database.read(select(leases))] == [f"node:{first.node}"]
    assert first.held == frozenset()
    assert await first.living_nodes() == set()


async def test_claim_during_a_renewal_is_not_reported_lost(first: Leases) -> None:
    lost: list[str] = []
    first.on_lost(lost.append)
    for number in range(20):
        await asyncio.gather(first.renew(), first.claim(f"link {number}"), first.renew())
    assert lost == []
    assert len(first.held) == 21


async def test_failing_listener_does_not_keep_the_news_from_others(
    first: Leases, second: Leases, clock: ManualClock
) -> None:
    lost: list[str] = []

    def fall(name: str) -> None:
        raise RuntimeError(name)

    first.on_lost(fall)
    first.on_lost(lost.append)
    await first.claim("link")
    clock.advance(seconds=0.03)
    await second.claim("link")
    await first.renew()
    assert lost == ["link"]


async def test_lonely_start_forgets_every_older_lease(first: Leases, new_node: NewNode) -> None:
    await first.claim("link")
    restarted = new_node()
    await restarted.start(alone=True)
    assert await restarted.living_nodes() == {restarted.node}
    assert await restarted.claim("link")


async def test_living_nodes_are_those_that_renew(
    first: Leases, second: Leases, clock: ManualClock
) -> None:
    assert await first.living_nodes() == {first.node, second.node}
    clock.advance(seconds=0.02)
    await second.renew()
    clock.advance(seconds=0.02)
    assert await first.living_nodes() == {second.node}


class Undertaker:
    """Hears of dead nodes; fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.calls: list[str] = []
        self.done = asyncio.Event()
        self._failures = failures

    async def __call__(self, node: str) -> None:
        self.calls.append(node)
        if len(self.calls) <= self._failures:
            raise Unavailable
        self.done.set()


@pytest.fixture
async def run_node() -> AsyncIterator[Callable[[Leases, Undertaker], None]]:
    tasks: list[asyncio.Task[None]] = []

    def run(node: Leases, undertaker: Undertaker) -> None:
        tasks.append(asyncio.create_task(node.run(undertaker)))

    yield run
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("failures", [0, 2])
async def test_dead_node_is_buried_once_its_work_is_taken_over(
    first: Leases,
    second: Leases,
    clock: ManualClock,
    run_node: Callable[[Leases, Undertaker], None],
    failures: int,
) -> None:
    clock.advance(seconds=0.02)
    await second.renew()
    clock.advance(seconds=0.02)
    undertaker = Undertaker(failures)
    run_node(second, undertaker)
    await undertaker.done.wait()
    assert undertaker.calls == [first.node] * (failures + 1)
    while second.held != {f"node:{second.node}"}:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


async def test_work_of_a_node_that_stopped_is_taken_over(
    first: Leases,
    second: Leases,
    run_node: Callable[[Leases, Undertaker], None],
) -> None:
    undertaker = Undertaker()
    run_node(second, undertaker)
    await first.release_all()
    await undertaker.done.wait()
    assert undertaker.calls == [first.node]


async def test_node_that_is_being_buried_cannot_come_back(
    first: Leases,
    second: Leases,
    clock: ManualClock,
    run_node: Callable[[Leases, Undertaker], None],
) -> None:
    lost: list[str] = []
    first.on_lost(lost.append)
    clock.advance(seconds=0.02)
    await second.renew()
    clock.advance(seconds=0.02)
    undertaker = Undertaker(failures=1)
    run_node(second, undertaker)
    while not undertaker.calls:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    await first.renew()
    assert lost == [f"node:{first.node}"]
    assert await first.living_nodes() == {second.node}


async def test_burial_of_a_node_that_dies_too_falls_to_another(
    first: Leases,
    second: Leases,
    new_node: NewNode,
    clock: ManualClock,
    run_node: Callable[[Leases, Undertaker], None],
) -> None:
    clock.advance(seconds=0.03)
    assert await second.claim(f"node:{first.node}")  # and then it dies
    clock.advance(seconds=0.03)
    third, undertaker = new_node(), Undertaker()
    await third.start(alone=False)
    run_node(third, undertaker)
    while len(undertaker.calls) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    assert sorted(undertaker.calls) == sorted([first.node, second.node])
