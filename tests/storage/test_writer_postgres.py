"""PostgreSQL that goes away and comes back, and transactions that stand in each other's way."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select, update

from hookline.settings import Settings
from hookline.storage.database import Database, PostgresDatabase, PostgresWriterConnection
from hookline.storage.errors import CommitUncertain, DatabaseUnavailable
from hookline.storage.schema import leases
from hookline.storage.transaction import Transaction
from hookline.storage.writer import Writer
from tests.services.postgres import PostgresServer
from tests.storage.databases import running_writer
from tests.storage.rows import ADD, Claim, adding, held_up, names, queued

pytestmark = pytest.mark.postgres


@pytest.fixture
def migrated_url(migrated_postgres_url: str) -> str:
    return migrated_postgres_url


@pytest.fixture
async def admin(
    postgres: PostgresServer, migrated_url: str
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(postgres.url())
    yield connection
    await connection.close()


async def kill_all(admin: "asyncpg.Connection[asyncpg.Record]", url: str) -> None:
    await admin.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1",
        url.rpartition("/")[2],
    )


@pytest.mark.parametrize("when", ["idle", "inside"])
async def test_writer_recovers_from_a_killed_connection(
    writer: Writer, database: Database, admin: Any, migrated_url: str, when: str
) -> None:
    claim = Claim()

    async def kill_inside(tx: Transaction) -> None:
        await kill_all(admin, migrated_url)
        await tx.insert(ADD, [("never", "x", 0)])

    if when == "idle":
        await kill_all(admin, migrated_url)
        caller = asyncio.create_task(writer.run(adding("x")))
        writer.post(claim, ["kept"])
    else:
        async with held_up(writer):
            [caller] = await queued(writer, writer.run(kill_inside))
            writer.post(claim, ["kept"])
    await asyncio.gather(caller, return_exceptions=True)
    assert await writer.submit(claim, "after") == "after"
    assert [name for name, _ in claim.heard] == ["kept", "after"]
    assert set(await names(database)) - {"x"} == {"after", "kept"}
    if when == "inside":
        assert isinstance(caller.exception(), DatabaseUnavailable)


async def test_lonely_inner_unit_survives_a_killed_connection(
    writer: Writer, admin: Any, migrated_url: str
) -> None:
    done = asyncio.Event()

    class Killing(Claim):
        async def apply(self, tx: Transaction, items: Any) -> Any:
            if not self.batches:
                self.batches.append(["killed"])
                await kill_all(admin, migrated_url)
            return await super().apply(tx, items)

        def committed(self, items: Any, outcomes: Any) -> None:
            super().committed(items, outcomes)
            done.set()

    killing = Killing()
    writer.post(killing, ["kept"])
    await done.wait()
    assert killing.heard == [("kept", "kept")]
    assert killing.batches == [["killed"], ["kept"], ["kept"]]


async def test_callers_hear_at_once_while_the_database_is_away(
    writer: Writer, database: Database, admin: Any, migrated_url: str
) -> None:
    name = migrated_url.rpartition("/")[2]
    claim = Claim()
    await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await kill_all(admin, migrated_url)
    writer.post(claim, ["kept"])
    while not writer._is_cut_off:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            await writer.run(adding("refused"))
    with pytest.raises(DatabaseUnavailable):
        await names(database)
    await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    while not claim.heard:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert await names(database) == ["kept"]


async def test_stop_does_not_wait_for_a_database_that_is_away(
    database: Database, settings: Settings, admin: Any, migrated_url: str
) -> None:
    name = migrated_url.rpartition("/")[2]
    hasty = settings.model_copy(update={"shutdown_timeout_s": 0.1})
    async with running_writer(database, hasty) as writer:
        await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await kill_all(admin, migrated_url)
        writer.post(Claim(), ["abandoned"])
    assert writer.depth == 0


async def test_killed_reader_and_look_up_recover(
    database: Database, admin: Any, migrated_url: str
) -> None:
    assert await names(database) == []
    await kill_all(admin, migrated_url)
    assert await names(database) == []


async def test_arguments_that_do_not_fit_are_no_outage(writer: Writer, database: Database) -> None:
    async def too_large(tx: Transaction) -> None:
        await tx.insert(ADD, [("a", "b", 2**70)])

    with pytest.raises(asyncpg.DataError):
        await writer.run(too_large)
    with pytest.raises(Exception, match="out of") as caught:
        await database.read(select(leases).where(leases.c.expires_at == 2**70))
    assert not isinstance(caught.value, DatabaseUnavailable)
    assert await writer.run(adding("a")) == "a"


async def test_deadlock_is_resolved_and_both_are_committed(
    writer: Writer, database: Database, settings: Settings
) -> None:
    def touching(first: str, second: str, wait: Callable[[], Any]) -> Any:
        async def use_case(tx: Transaction) -> None:
            for name in (first, second):
                row = update(leases).where(leases.c.name == name)
                assert await tx.changed(row.values(expires_at=leases.c.expires_at + 1)) == 1
                await wait()

        return use_case

    async with running_writer(database, settings) as other:
        await writer.run(adding("a"))
        await writer.run(adding("b"))
        both = Meeting()
        await asyncio.gather(
            writer.run(touching("a", "b", both.wait)), other.run(touching("b", "a", both.wait))
        )
    rows = await database.read(select(leases.c.expires_at))
    assert [row.expires_at for row in rows] == [2, 2]


class Meeting:
    """The first two wait for each other; everyone later passes."""

    def __init__(self) -> None:
        self._came = 0
        self._met = asyncio.Event()

    async def wait(self) -> None:
        self._came += 1
        if self._came >= 2:
            self._met.set()
        await self._met.wait()


async def test_commits_are_durable_whatever_the_server_defaults_to(
    admin: Any, migrated_url: str, settings: Settings
) -> None:
    name = migrated_url.rpartition("/")[2]
    await admin.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    database = PostgresDatabase(settings)
    connection = await database.open_writer()
    assert isinstance(connection, PostgresWriterConnection)
    assert connection._raw
    assert await connection._raw.fetchval("SHOW synchronous_commit") == "on"
    await connection.close()
    await database.close()


async def test_requests_do_not_wait_for_the_rest_of_their_batch(writer: Writer) -> None:
    release = asyncio.Event()

    async def slow(tx: Transaction) -> None:
        await release.wait()
        await tx.insert(ADD, [("slow", "x", 0)])

    async with held_up(writer):
        rest, request = await queued(writer, writer.run(slow), writer.submit(Claim(), "quick"))
    assert await request == "quick"
    assert not rest.done()
    release.set()
    await rest


class CutOff:
    """A finisher after which nothing but COMMIT is left to do."""

    name = "cut off"

    def __init__(self, admin: "asyncpg.Connection[asyncpg.Record]", url: str) -> None:
        self._admin = admin
        self._url = url

    async def finish(self, tx: Transaction, items: object) -> None:
        await kill_all(self._admin, self._url)


async def test_a_commit_whose_answer_is_lost_is_reported(
    writer: Writer, admin: Any, migrated_url: str
) -> None:
    heard: list[str] = []
    writer.on_uncertain_commit(lambda: heard.append("uncertain"))
    writer.add_finisher(CutOff(admin, migrated_url))

    async def cut(tx: Transaction) -> None:
        await tx.insert(ADD, [("x", "x", 0)])
        tx.defer(CutOff.name, None)

    with pytest.raises(CommitUncertain):
        await writer.run(cut)
    assert heard == ["uncertain"]
    await writer.run(adding("y"))
