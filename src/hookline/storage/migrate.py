"""Brings the database's schema up to date, and tells how far it is.

Alembic is imported by whoever migrates only: it takes a third of a second, and memory that a server keeps.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from hookline.settings import Settings
from hookline.storage import sqlite
from hookline.storage.failures import answering

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent / "migrations"
_POSTGRES_LOCK = 4_801_570  # any number, the same in every node


async def migrate(settings: Settings) -> tuple[str | None, str]:
    """Run what is missing. Returns the revision before and after. Processes take turns.

    All of it or nothing. Raises DatabaseUnavailable.
    """
    if settings.is_sqlite:
        settings.sqlite_path.parent.mkdir(parents=True, exist_ok=True)
        with answering:
            return await asyncio.to_thread(_migrate_sqlite, settings)
    with answering:
        async with _postgres_engine(settings).begin() as connection:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_POSTGRES_LOCK})"))
            return await connection.run_sync(_upgrade)


async def is_current(settings: Settings) -> bool:
    """Whether the database exists and has the schema of this program. Raises DatabaseUnavailable."""
    if settings.is_sqlite:
        if not settings.sqlite_path.exists():
            return False
        with answering, _sqlite_engine(settings).connect() as connection:
            return _revision(connection) == head_revision()
    with answering:
        async with _postgres_engine(settings).connect() as connection:
            return await connection.run_sync(_revision) == head_revision()


def head_revision() -> str:
    """The revision that this program needs: files are named after theirs, one after the other."""
    return max(path.name.partition("_")[0] for path in (_FOLDER / "versions").glob("[0-9]*.py"))


def _sqlite_engine(settings: Settings) -> Engine:
    path = settings.sqlite_path
    return create_engine(
        "sqlite://",
        creator=lambda: sqlite.connect(path, timeout_s=settings.database_timeout_s),
        poolclass=NullPool,
    )


def _postgres_engine(settings: Settings) -> AsyncEngine:
    return create_async_engine(
        "postgresql+asyncpg://" + settings.database_url.split("://", 1)[1],
        poolclass=NullPool,
        connect_args={"timeout": settings.database_timeout_s},
    )


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _migrate_sqlite(settings: Settings) -> tuple[str | None, str]:
    with _sqlite_engine(settings).begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver would begin none before DDL
        return _upgrade(connection)


def _upgrade(connection: Connection) -> tuple[str | None, str]:
    before = _revision(connection)
    head = head_revision()
    if before != head:
        from alembic import command

        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, head


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    return config
