"""Migrated databases of both kinds, and writers on them, for the rooms that test what they store."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hookline.settings import Settings
from hookline.storage.database import Database, open_database
from hookline.storage.migrate import migrate
from hookline.storage.schema import metadata
from hookline.storage.transaction import Finisher
from hookline.storage.writer import Writer
from tests.services.postgres import PostgresServer


def settings_for(url: str, **changes: Any) -> Settings:
    values: dict[str, Any] = {"poll_interval_s": 0.01, **changes}
    return Settings(database_url=url, **values)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "hookline.db"
    asyncio.run(migrate(settings_for(f"sqlite:///{path}")))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> Iterator[str]:
    url = postgres.create_database()
    asyncio.run(migrate(settings_for(url)))
    yield url.rpartition("/")[2]
    postgres.drop_database(url)


@pytest.fixture
def migrated_sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "hookline.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def fresh_postgres_url(postgres: PostgresServer, postgres_template: str) -> Iterator[str]:
    """A database that no other test has seen: its statistics and its plans are its own."""
    url = postgres.create_database(template=postgres_template)
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="session")
def kept_postgres_url(postgres: PostgresServer, postgres_template: str) -> Iterator[str]:
    url = postgres.create_database(template=postgres_template)
    yield url
    postgres.drop_database(url)


@pytest.fixture
def migrated_postgres_url(kept_postgres_url: str) -> Iterator[str]:
    """One database for all tests, emptied after each: to make and drop one costs checkpoints."""
    yield kept_postgres_url
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(_empty(kept_postgres_url))).result()


async def _empty(url: str) -> None:
    """Whoever is still connected, such as a process that a test has killed, lets go first."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    tables = reversed(metadata.sorted_tables)
    emptying = "; ".join(f"DELETE FROM {table.name}" for table in tables)
    await connection.execute(f"SET session_replication_role = replica; {emptying}")  # no triggers
    await connection.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def migrated_url(request: pytest.FixtureRequest) -> str:
    """A database with every table and no row, of each kind in turn."""
    kind = "sqlite" if request.param == "sqlite" else "postgres"
    url: str = request.getfixturevalue(f"migrated_{kind}_url")
    return url


@pytest.fixture
def settings(migrated_url: str) -> Settings:
    return settings_for(migrated_url)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    opened = open_database(settings)
    yield opened
    await opened.close()


@asynccontextmanager
async def running_writer(
    database: Database, settings: Settings, *finishers: Finisher
) -> AsyncIterator[Writer]:
    writer = Writer(database, settings)
    for finisher in finishers:
        writer.add_finisher(finisher)
    await writer.start()
    try:
        yield writer
    finally:
        await writer.stop()


@pytest.fixture
async def writer(database: Database, settings: Settings) -> AsyncIterator[Writer]:
    async with running_writer(database, settings) as running:
        yield running
