"""The embedded database beside another process: its lock, its commits, its full disk."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hookline.settings import Settings
from hookline.storage.database import SqliteDatabase, SqliteWriterConnection
from hookline.storage.errors import DatabaseUnavailable
from hookline.storage.writer import Writer
from tests.storage.databases import running_writer, settings_for
from tests.storage.rows import Claim, adding, held_up, names


@pytest.fixture
def migrated_url(migrated_sqlite_url: str) -> str:
    return migrated_sqlite_url


@contextmanager
def locked(settings: Settings) -> Iterator[sqlite3.Connection]:
    """Inside the block somebody else is writing."""
    connection = sqlite3.connect(settings.sqlite_path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    finally:
        if connection.in_transaction:
            connection.execute("COMMIT")
        connection.close()


async def test_foreign_lock_only_delays(writer: Writer, settings: Settings) -> None:
    with locked(settings):
        task = asyncio.create_task(writer.run(adding("a")))
        await until_waiting_in_a_thread()
        turns = [await asyncio.sleep(0, turn) for turn in range(1_000)]  # the loop is free
        assert len(turns) == 1_000
        assert not task.done()
    assert await task == "a"


async def test_lock_that_is_never_let_go_is_an_unavailable_database(migrated_url: str) -> None:
    settings = settings_for(migrated_url, database_timeout_s=0.05)
    database = SqliteDatabase(settings)
    async with running_writer(database, settings) as writer:
        with locked(settings):
            with pytest.raises(DatabaseUnavailable):
                await writer.run(adding("a"))
            writer.post(Claim(), ["kept"])
        await writer.run(adding("b"))
    assert await names(database) == ["b", "kept"]
    await database.close()


async def until_waiting_in_a_thread() -> None:
    while not any(t.name.startswith("commit") for t in threading.enumerate()):  # noqa: ASYNC110
        await asyncio.sleep(0)


async def test_commit_of_another_process_is_heard_of(writer: Writer, settings: Settings) -> None:
    heard = asyncio.Event()
    writer.on_foreign_commit(heard.set)
    commit_elsewhere(settings)
    await asyncio.wait_for(heard.wait(), 10)


async def test_own_commits_are_not_taken_for_foreign_ones(
    writer: Writer, settings: Settings
) -> None:
    heard: list[int] = []
    written = 0
    writer.on_foreign_commit(lambda: heard.append(written))
    for written in range(1, 30):
        await writer.run(adding(f"row {written}"))
    assert heard == []


async def test_foreign_commit_is_heard_of_by_a_busy_writer(
    writer: Writer, settings: Settings
) -> None:
    heard = asyncio.Event()
    writer.on_foreign_commit(heard.set)
    commit_elsewhere(settings)
    written = 0
    while not heard.is_set():
        claim, written = Claim(), written + 1
        async with held_up(writer):  # there is always the next unit
            writer.post(claim, [f"row {written}"])


def commit_elsewhere(settings: Settings) -> None:
    with locked(settings) as connection:
        connection.execute("INSERT INTO leases VALUES ('foreign', 'x', 0)")


async def test_full_disk_keeps_inner_work_until_there_is_room(
    writer: Writer, database: SqliteDatabase
) -> None:
    connection = writer._connection
    assert isinstance(connection, SqliteWriterConnection)
    raw = connection._raw
    raw.execute("PRAGMA max_page_count=1")  # no page may be added
    with pytest.raises(DatabaseUnavailable):
        await writer.run(adding("x" * 100_000))
    claim = Claim()
    writer.post(claim, ["kept", "y" * 100_000])
    while len(claim.batches) < 2:  # noqa: ASYNC110 - it is tried again
        await asyncio.sleep(0.01)
    raw.execute("PRAGMA max_page_count=1000000")
    while not claim.heard:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert await names(database) == ["kept", "y" * 100_000]
