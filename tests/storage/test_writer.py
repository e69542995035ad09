"""What the writer promises to those who hand it work."""

import asyncio

import pytest
from sqlalchemy.exc import DBAPIError

from hookline.settings import Settings
from hookline.storage.database import Database
from hookline.storage.errors import ShuttingDown, WriterBusy
from hookline.storage.transaction import Transaction
from hookline.storage.writer import Writer
from tests.storage.databases import running_writer, settings_for
from tests.storage.rows import Claim, Step, Taken, adding, held_up, names, queued


async def test_acknowledged_work_can_be_read_by_others(writer: Writer, database: Database) -> None:
    async def commit_then_read(name: str) -> bool:
        await writer.run(adding(name))
        return name in await names(database)

    assert all(await asyncio.gather(*(commit_then_read(f"row {i}") for i in range(30))))


async def test_nothing_can_be_read_before_the_commit(writer: Writer, database: Database) -> None:
    added, go_on = asyncio.Event(), asyncio.Event()

    async def dawdle(tx: Transaction) -> None:
        await adding("slow")(tx)
        await tx.flush()
        added.set()
        await go_on.wait()

    task = asyncio.create_task(writer.run(dawdle))
    await added.wait()
    assert await names(database) == []
    go_on.set()
    await task
    assert await names(database) == ["slow"]


async def test_what_arrives_during_a_commit_is_the_next_batch(writer: Writer) -> None:
    claim = Claim()
    async with held_up(writer):
        tasks = await queued(writer, *(writer.submit(claim, f"{i:02}") for i in range(20)))
    assert await asyncio.gather(*tasks) == [f"{i:02}" for i in range(20)]
    assert claim.batches == [[f"{i:02}" for i in range(20)]]


async def test_batch_has_a_bound(database: Database, settings: Settings) -> None:
    claim = Claim()
    bounded = settings.model_copy(update={"writer_batch_max": 8})
    async with running_writer(database, bounded) as writer:
        async with held_up(writer):
            tasks = await queued(writer, *(writer.submit(claim, f"{i:02}") for i in range(20)))
        await asyncio.gather(*tasks)
    assert [len(batch) for batch in claim.batches] == [8, 8, 4]


async def test_refused_item_fails_and_the_others_are_committed(
    writer: Writer, database: Database
) -> None:
    claim = Claim()
    await writer.submit(claim, "b")
    async with held_up(writer):
        tasks = await queued(writer, *(writer.submit(claim, name) for name in "abc"))
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [str, Taken, str]
    assert await names(database) == ["a", "b", "c"]
    assert [name for name, _ in claim.heard] == ["b", "a", "b", "c"]


async def test_one_key_has_one_item_a_batch_and_keeps_its_order(writer: Writer) -> None:
    step = Step()
    await writer.run(adding("x"))
    await writer.run(adding("y"))
    async with held_up(writer):
        work = [("x", 0), ("x", 1), ("y", 0), ("x", 2), ("y", 1)]
        tasks = await queued(writer, *(writer.submit(step, item) for item in work))
    assert all(await asyncio.gather(*tasks))
    assert step.batches == [[("x", 0), ("y", 0)], [("x", 1), ("y", 1)], [("x", 2)]]


async def test_operations_of_a_batch_run_by_rank(writer: Writer) -> None:
    step, claim = Step(), Claim()
    async with held_up(writer):
        tasks = await queued(writer, writer.submit(step, ("x", 0)), writer.submit(claim, "x"))
    assert await asyncio.gather(*tasks) == [True, "x"]


async def test_full_queue_refuses_callers_but_never_inner_work(
    database: Database, migrated_url: str
) -> None:
    claim = Claim()
    async with running_writer(database, settings_for(migrated_url, writer_queue_max=2)) as writer:
        async with held_up(writer):
            tasks = await queued(writer, *(writer.submit(claim, name) for name in "ab"))
            with pytest.raises(WriterBusy):
                await writer.submit(claim, "c")
            writer.post(claim, ["d", "e", "f"])
        await asyncio.gather(*tasks)
    assert await names(database) == ["a", "b", "d", "e", "f"]


async def test_callbacks_that_raise_do_not_stop_the_writer(
    writer: Writer, database: Database
) -> None:
    class Clumsy(Claim):
        def committed(self, items: object, outcomes: object) -> None:
            raise RuntimeError("clumsy operation")

    def fall(*_: object) -> None:
        raise RuntimeError("clumsy callback")

    async def use_case(tx: Transaction) -> None:
        tx.after_commit(fall)
        tx.notify("topic")

    writer.on_topics(fall)
    await writer.run(use_case)
    await writer.submit(Clumsy(), "a")
    assert await writer.submit(Claim(), "b") == "b"
    assert await names(database) == ["a", "b"]


async def test_waiter_that_went_away_does_not_disturb_the_batch(
    writer: Writer, database: Database
) -> None:
    claim = Claim()
    async with held_up(writer):
        tasks = await queued(writer, *(writer.submit(claim, name) for name in "abc"))
        tasks[1].cancel()
    assert await asyncio.gather(tasks[0], tasks[2]) == ["a", "c"]
    assert await names(database) == ["a", "b", "c"]


async def test_stop_commits_what_waits_and_refuses_what_comes(
    database: Database, settings: Settings
) -> None:
    writer, claim = Writer(database, settings), Claim()
    await writer.start()
    async with held_up(writer):
        tasks = await queued(writer, writer.submit(claim, "waited"))
        writer.post(claim, ["inner"])
        stopping = asyncio.create_task(writer.stop())
        await asyncio.sleep(0)
        with pytest.raises(ShuttingDown):
            await writer.submit(claim, "late")
    await stopping
    assert await tasks[0] == "waited"
    assert await names(database) == ["inner", "waited"]
    await writer.stop()  # a second time is harmless


async def test_writer_that_is_canceled_leaves_nobody_waiting(
    database: Database, settings: Settings
) -> None:
    writer = Writer(database, settings)
    await writer.start()
    under_way = asyncio.Event()

    async def dawdle(_tx: Transaction) -> None:
        under_way.set()
        await asyncio.Event().wait()

    current = asyncio.create_task(writer.run(dawdle))
    await under_way.wait()
    waiting = await queued(writer, writer.submit(Claim(), "waits"))
    assert writer._task
    writer._task.cancel()
    outcomes = await asyncio.gather(current, *waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ShuttingDown, ShuttingDown]
    with pytest.raises(asyncio.CancelledError):
        await writer.stop()


async def test_statement_error_reaches_its_caller(writer: Writer) -> None:
    await writer.run(adding("a"))
    with pytest.raises(Exception, match=r"(?i)unique") as caught:
        await writer.run(adding("a"))
    assert not isinstance(caught.value, DBAPIError)  # the set statements speak to the driver
