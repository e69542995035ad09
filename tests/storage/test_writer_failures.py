"""A unit that fails, fails alone; nothing of it stays, and everything of the others does."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from hookline.errors import HooklineError
from hookline.settings import Settings
from hookline.storage.database import Database
from hookline.storage.schema import leases
from hookline.storage.transaction import Transaction
from hookline.storage.writer import Writer
from tests.storage.databases import running_writer
from tests.storage.rows import ADD, Claim, Step, Taken, UseCase, adding, held_up, names, queued


class Notebook:
    """A finisher that writes down what was deferred to it, as rows and in memory."""

    name = "notebook"

    def __init__(self) -> None:
        self.finished: list[str] = []

    async def finish(self, tx: Transaction, items: Sequence[str]) -> None:
        self.finished = list(items)
        await tx.insert(ADD, [(f"note {item}", "notebook", 0) for item in items])


class Refused(HooklineError):
    """The use case says no."""


def doing_everything(name: str, heard: list[str], *, then: Exception | None = None) -> UseCase:
    async def use_case(tx: Transaction) -> str:
        await adding(name)(tx)
        tx.defer("notebook", name)
        tx.after_commit(lambda: heard.append(name))
        tx.notify(f"topic {name}")
        if then is not None:
            raise then
        return name

    return use_case


@pytest.mark.parametrize("alone", [True, False])
async def test_refusal_takes_back_all_that_its_use_case_did(
    database: Database, settings: Settings, *, alone: bool
) -> None:
    heard: list[str] = []
    topics: set[str] = set()
    neighbours = [] if alone else ["a", "z"]
    async with running_writer(database, settings, Notebook()) as writer:
        writer.on_topics(topics.update)
        async with held_up(writer):
            work = [doing_everything(name, heard) for name in neighbours]
            work.insert(1, doing_everything("refused", heard, then=Refused()))
            tasks = await queued(writer, *(writer.run(use_case) for use_case in work))
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [o for o in outcomes if not isinstance(o, Refused)] == neighbours == heard
    assert topics == {f"topic {name}" for name in neighbours}
    assert await names(database) == sorted(neighbours + [f"note {name}" for name in neighbours])


async def test_violation_fails_its_unit_and_commits_the_others_once(
    database: Database, settings: Settings
) -> None:
    heard: list[str] = []
    work = ["a", "b", "taken", "c", "d", "e"]
    async with running_writer(database, settings, Notebook()) as writer:
        await writer.run(adding("taken"))
        async with held_up(writer):
            tasks = await queued(writer, *(writer.run(doing_everything(n, heard)) for n in work))
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    others = [name for name in work if name != "taken"]
    assert [outcome for outcome in outcomes if isinstance(outcome, str)] == others
    assert isinstance(outcomes[2], Exception)
    assert sorted(heard) == others
    assert await names(database) == sorted([*others, "taken", *(f"note {n}" for n in others)])


async def test_failure_inside_a_set_is_found_among_hundreds(
    writer: Writer, database: Database
) -> None:
    class Careless(Claim):
        name = "careless"

        async def apply(self, tx: Transaction, items: Sequence[str]) -> list[Any]:
            self.batches.append(list(items))
            await tx.insert(ADD, [(name, "careless", 0) for name in items])
            return list(items)

    careless = Careless()
    await writer.run(adding("137"))
    async with held_up(writer):
        work = [f"{i:03}" for i in range(200)]
        tasks = await queued(writer, *(writer.submit(careless, name) for name in work))
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [name for name, got in zip(work, outcomes, strict=True) if got != name] == ["137"]
    assert await names(database) == work
    assert len(careless.batches) < 20  # halves, not two hundred commits
    assert sorted(name for name, _ in careless.heard) == [name for name in work if name != "137"]


async def test_inner_work_that_fails_is_dropped_and_the_rest_goes_on(
    writer: Writer, database: Database
) -> None:
    class Broken(Claim):
        name = "broken"

        async def apply(self, tx: Transaction, items: Sequence[str]) -> list[Any]:
            raise RuntimeError("broken operation")

    async with held_up(writer):
        writer.post(Broken(), ["lost"])
        writer.post(Claim(), ["kept"])
    await writer.submit(Claim(), "later")
    assert await names(database) == ["kept", "later"]


async def test_operation_that_miscounts_commits_nothing(writer: Writer, database: Database) -> None:
    class Miscounting(Claim):
        async def apply(self, tx: Transaction, items: Sequence[str]) -> list[Any]:
            return (await super().apply(tx, items))[1:]

    with pytest.raises(ValueError, match="0 outcomes of 1"):
        await writer.submit(Miscounting(), "a")
    assert await names(database) == []


async def test_item_without_a_key_is_refused_before_it_waits(writer: Writer) -> None:
    with pytest.raises(IndexError):
        await writer.submit(Step(), ())
    assert await writer.submit(Claim(), "a") == "a"


async def test_work_deferred_to_nobody_fails(writer: Writer, database: Database) -> None:
    async def use_case(tx: Transaction) -> None:
        await adding("a")(tx)
        tx.defer("nobody", "an audit row")

    with pytest.raises(LookupError, match="nobody"):
        await writer.run(use_case)
    assert await names(database) == []


async def test_use_case_that_was_canceled_from_inside_fails_alone(
    writer: Writer, database: Database
) -> None:
    async def use_case(_tx: Transaction) -> None:
        raise asyncio.CancelledError

    async with held_up(writer):
        tasks = await queued(writer, writer.run(use_case), writer.run(adding("a")))
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [RuntimeError, str]
    assert await names(database) == ["a"]


async def test_failure_that_an_operation_hides_is_not_acknowledged(
    writer: Writer, database: Database
) -> None:
    """PostgreSQL ends such a transaction; SQLite would commit the rest of it."""

    class Hiding(Claim):
        name = "hiding"

        async def apply(self, tx: Transaction, items: Sequence[str]) -> list[Any]:
            with pytest.raises(Exception, match=r"(?i)unique"):
                await tx.insert(ADD, [("taken", "hiding", 0)])
            return list(items)

    await writer.run(adding("taken"))
    outcome = (await asyncio.gather(writer.submit(Hiding(), "a"), return_exceptions=True))[0]
    assert (outcome == "a") == (database.dialect == "sqlite")
    assert isinstance(await writer.submit(Claim(), "b"), str)


async def test_savepoint_of_a_use_case_takes_back_its_block_only(
    writer: Writer, database: Database
) -> None:
    async def use_case(tx: Transaction) -> None:
        await adding("before")(tx)
        try:
            async with tx.isolated("inner"):
                await adding("inside")(tx)
                await tx.flush()
                raise Taken
        except Taken:
            await adding("after")(tx)

    await writer.run(use_case)
    assert await names(database) == ["after", "before"]


async def test_error_of_a_statement_does_not_show_its_values(writer: Writer) -> None:
    async def use_case(tx: Transaction) -> None:
        for _ in range(2):
            await tx.execute(insert(leases).values(name="a", owner="a text", expires_at=0))

    with pytest.raises(IntegrityError) as caught:
        await writer.run(use_case)
    assert "a text" not in str(caught.value)
