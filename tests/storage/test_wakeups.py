"""Who waits for a topic hears of its commits, here and on other nodes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg
import pytest

from hookline.settings import Settings
from hookline.storage.database import Database, PostgresDatabase
from hookline.storage.transaction import Transaction
from hookline.storage.wakeups import Wakeups
from hookline.storage.writer import Writer
from tests.storage.databases import running_writer


async def notify(writer: Writer, *topics: str) -> None:
    async def use_case(tx: Transaction) -> None:
        for topic in topics:
            tx.notify(topic)

    await writer.run(use_case)


async def test_subscriber_hears_its_topic_only(writer: Writer, database: Database) -> None:
    heard: list[str] = []
    wakeups = Wakeups(database, writer)
    stop = wakeups.subscribe("events:a", lambda: heard.append("a"))
    wakeups.subscribe("events:b", lambda: heard.append("b"))
    await notify(writer, "events:a", "other")
    stop()
    stop()  # a second time is harmless
    await notify(writer, "events:a")
    assert heard == ["a"]


async def test_every_subscriber_of_a_prefix_hears_what_follows_it(
    writer: Writer, database: Database
) -> None:
    heard: list[tuple[int, str]] = []
    wakeups = Wakeups(database, writer)
    wakeups.subscribe_prefix("numbers:", lambda rest: heard.append((1, rest)))
    wakeups.subscribe_prefix("numbers:", lambda rest: heard.append((2, rest)))
    await notify(writer, "numbers:acc", "events:acc")
    assert heard == [(1, "acc"), (2, "acc")]


async def test_failing_listener_does_not_keep_others_asleep(
    writer: Writer, database: Database
) -> None:
    heard: list[str] = []
    wakeups = Wakeups(database, writer)

    def fall() -> None:
        raise RuntimeError("clumsy listener")

    wakeups.subscribe("t", fall)
    wakeups.subscribe("t", lambda: heard.append("t"))
    wakeups.subscribe_prefix("t", heard.append)
    await notify(writer, "t")
    assert heard == ["t", ""]


@asynccontextmanager
async def other_node(
    settings: Settings, heard: "asyncio.Queue[str]"
) -> AsyncIterator[PostgresDatabase]:
    """A node that commits nothing and listens; it says `""` once it does."""
    database = PostgresDatabase(settings)
    async with running_writer(database, settings) as writer:
        wakeups = Wakeups(database, writer)
        wakeups.subscribe_prefix("t:", heard.put_nowait)
        task = asyncio.create_task(wakeups.run())
        try:
            assert await heard.get() == ""
            yield database
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    await database.close()


class TestPostgres:
    pytestmark = pytest.mark.postgres

    @pytest.fixture
    def migrated_url(self, migrated_postgres_url: str) -> str:
        return migrated_postgres_url

    async def test_other_nodes_hear_of_a_commit(self, writer: Writer, settings: Settings) -> None:
        heard: asyncio.Queue[str] = asyncio.Queue()
        async with other_node(settings, heard):
            await notify(writer, "t:it's", "t:acc", "u:acc")
            assert {await heard.get(), await heard.get()} == {"it's", "acc"}

    async def test_more_topics_than_fit_wake_everybody(
        self, writer: Writer, settings: Settings
    ) -> None:
        heard: asyncio.Queue[str] = asyncio.Queue()
        async with other_node(settings, heard):
            await notify(writer, *(f"u:{i:0100}" for i in range(100)))
            assert await heard.get() == ""

    async def test_listener_that_was_cut_off_comes_back_and_wakes_everybody(
        self, writer: Writer, settings: Settings, migrated_url: str
    ) -> None:
        heard: asyncio.Queue[str] = asyncio.Queue()
        async with other_node(settings, heard):
            admin = await asyncpg.connect(migrated_url)
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query ILIKE 'LISTEN%' AND datname = current_database()"
            )
            await admin.close()
            assert await heard.get() == ""
            await notify(writer, "t:after")
            assert await heard.get() == "after"
