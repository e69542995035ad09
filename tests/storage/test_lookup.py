"""Look-ups tell the committed truth, and share their round trips."""

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from hookline.settings import Settings
from hookline.storage.database import Database, PostgresDatabase
from hookline.storage.errors import DatabaseUnavailable
from hookline.storage.lookup import Lookup
from hookline.storage.schema import leases
from hookline.storage.sets import Row, Select, Values
from hookline.storage.writer import Writer
from tests.storage.databases import settings_for
from tests.storage.rows import adding

BY_NAME = Select(leases, ("name",), ("owner", "expires_at"))


async def test_commit_is_found_at_once(writer: Writer, database: Database) -> None:
    lookup = Lookup(database, BY_NAME)
    assert await lookup.find("a") == []
    await writer.run(adding("a", "me"))
    assert await lookup.find("a") == [("me", 0)]


async def test_each_caller_gets_its_own_rows(writer: Writer, database: Database) -> None:
    for i in range(5):
        await writer.run(adding(f"{i}", f"owner {i}"))
    lookup = Lookup(database, BY_NAME)
    found = await asyncio.gather(*(lookup.find(f"{i % 7}") for i in range(70)))
    assert found == [[(f"owner {i % 7}", 0)] if i % 7 < 5 else [] for i in range(70)]


async def test_caller_that_goes_away_does_not_disturb_the_others(database: Database) -> None:
    lookup = Lookup(database, BY_NAME)
    tasks = [asyncio.create_task(lookup.find(name)) for name in "abc"]
    await asyncio.sleep(0)
    tasks[1].cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [found[0], found[2]] == [[], []]


class Counting(PostgresDatabase):
    """Counts the queries of its look-ups."""

    queries = 0

    async def lookup(self, statement: Select, keys: Sequence[Values]) -> list[list[Row]]:
        self.queries += 1
        return await super().lookup(statement, keys)


@pytest.mark.postgres
async def test_concurrent_look_ups_share_queries(migrated_postgres_url: str) -> None:
    database = Counting(settings_for(migrated_postgres_url))
    lookup = Lookup(database, BY_NAME)
    await asyncio.gather(*(lookup.find(f"{i}") for i in range(400)))
    assert database.queries <= 2
    await database.close()


@pytest.mark.postgres
async def test_failure_reaches_every_caller_and_the_next_works(
    migrated_postgres_url: str, settings: Settings
) -> None:
    database = PostgresDatabase(settings_for(migrated_postgres_url))
    wrong = Lookup(database, Select(leases, ("name",), ("no_such_column",)))
    outcomes = await asyncio.gather(*(wrong.find(n) for n in "abc"), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncpg.UndefinedColumnError] * 3
    assert await Lookup(database, BY_NAME).find("a") == []
    await database.close()


@pytest.mark.postgres
async def test_killed_connection_is_replaced(migrated_postgres_url: str) -> None:
    database = PostgresDatabase(settings_for(migrated_postgres_url))
    lookup = Lookup(database, BY_NAME)
    await lookup.find("a")
    admin = await asyncpg.connect(migrated_postgres_url)
    await admin.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await admin.close()
    assert await lookup.find("a") == []
    await database.close()


async def test_unreachable_database_is_said_to_be_so(unused_tcp_port: int) -> None:
    database = PostgresDatabase(settings_for(f"postgresql://x@127.0.0.1:{unused_tcp_port}/none"))
    lookup = Lookup(database, BY_NAME)
    outcomes = await asyncio.gather(lookup.find("a"), lookup.find("b"), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [DatabaseUnavailable] * 2
    await database.close()
