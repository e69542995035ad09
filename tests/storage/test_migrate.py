import asyncio
import sqlite3
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from hookline.ids import is_id
from hookline.storage import schema
from hookline.storage.errors import DatabaseUnavailable
from hookline.storage.migrate import _config, head_revision, migrate
from tests.storage.databases import settings_for

MIGRATE = """
import asyncio, sys
from hookline.settings import Settings
from hookline.storage.migrate import migrate
print("ready", flush=True)
sys.stdin.readline()
print(asyncio.run(migrate(Settings(database_url=sys.argv[1]))))
"""


def engine_of(url: str) -> AsyncEngine:
    driver = "sqlite+aiosqlite" if url.startswith("sqlite") else "postgresql+asyncpg"
    return create_async_engine(f"{driver}://{url.split('://', 1)[1]}", poolclass=NullPool)


async def test_schema_equals_migrations(migrated_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        # Alembic takes an empty text as default on SQLite for another one.
        defaults = connection.dialect.name == "postgresql"
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": defaults}
        )
        return compare_metadata(context, schema.metadata)

    async with engine_of(migrated_url).connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_checks_and_partial_indexes_are_migrated(migrated_url: str) -> None:
    """What Alembic does not compare."""

    def named(connection: Connection) -> tuple[set[str | None], set[str | None]]:
        inspector = inspect(connection)
        checks = {
            c["name"]
            for t in inspector.get_table_names()
            for c in inspector.get_check_constraints(t)
        }
        partial = {
            i["name"]
            for t in inspector.get_table_names()
            for i in inspector.get_indexes(t)
            if i["dialect_options"].get(f"{connection.dialect.name}_where") is not None
        }
        return checks, partial

    async with engine_of(migrated_url).connect() as connection:
        checks, partial = await connection.run_sync(named)
    constraints = {c.name for t in schema.metadata.tables.values() for c in t.constraints}
    assert checks == {name for name in constraints if name and str(name).startswith("ck_")}
    assert partial == {
        i.name
        for t in schema.metadata.tables.values()
        for i in t.indexes
        if i.dialect_options["sqlite"]["where"] is not None
    }


async def test_unknown_status_is_refused_by_the_database(migrated_url: str) -> None:
    row = {"kind": "pigeon", "id": "1", "account_id": "a", "number": "1", "carrier_id": "c"}
    async with engine_of(migrated_url).connect() as connection:
        with pytest.raises(IntegrityError):
            await connection.execute(insert(schema.numbers).values(created_at=1, **row))


async def test_second_migration_changes_nothing(database_url: str) -> None:
    settings = settings_for(database_url)
    assert await migrate(settings) == (None, head_revision())
    assert await migrate(settings) == (head_revision(), head_revision())


async def test_processes_that_migrate_at_once_take_turns(database_url: str) -> None:
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", MIGRATE, database_url, stdin=pipe, stdout=pipe
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout
        assert await process.stdout.readline() == b"ready\n"
    said = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    head = head_revision()
    assert sorted(out.decode().strip() for out, _ in said) == sorted(
        [str((None, head)), str((head, head))]
    )


def test_migration_that_fails_halfway_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "hookline.db"
    with sqlite3.connect(path) as connection:  # the first migration stumbles over it
        connection.execute("CREATE TABLE messages (id TEXT)")
    connection.close()
    with pytest.raises(Exception, match="messages"):
        asyncio.run(migrate(settings_for(f"sqlite:///{path}")))
    with sqlite3.connect(path) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall()
    connection.close()
    assert tables == [("messages",)]


async def test_unreachable_database_is_said_to_be_so(unused_tcp_port: int) -> None:
    with pytest.raises(DatabaseUnavailable):
        await migrate(settings_for(f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/none"))


async def test_people_who_are_signed_in_stay_so_and_their_sessions_get_names(
    database_url: str,
) -> None:
    """0008 gives an id to each session that is there."""

    def before_people(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        scripts = ScriptDirectory.from_config(config)
        command.upgrade(config, str(scripts.get_revision("0008").down_revision))
        for row in (
            "accounts (id, name, signing_secret, created_at) VALUES ('a', 'A', 's', 1)",
            (
                "users (id, email, password_hash, created_at, password_changed_at) "
                "VALUES ('u', 'e', 'h', 1, 1)"
            ),
        ):
            connection.execute(text(f"INSERT INTO {row}"))
        for digest in (b"one", b"two"):
            names = "digest, user_id, account_id, csrf_token, created_at, authenticated_at"
            connection.execute(
                text(
                    f"INSERT INTO sessions ({names}, last_seen_at, expires_at)"
                    " VALUES (:digest, 'u', 'a', 'c', 1, 1, 1, 9)"
                ),
                {"digest": digest},
            )

    async with engine_of(database_url).begin() as connection:
        await connection.run_sync(before_people)
    await migrate(settings_for(database_url))
    async with engine_of(database_url).connect() as connection:
        rows = (await connection.execute(select(schema.sessions))).all()
    assert {bytes(row.digest) for row in rows} == {b"one", b"two"}
    assert len({row.id for row in rows}) == 2
    assert all(is_id("ses", row.id) for row in rows)


async def test_opt_outs_stay_and_messages_that_are_there_become_conversations(
    database_url: str,
) -> None:
    """0015 makes the sender a part of the key, and a thread of each pair that has an answer."""
    first, second = ("msg_01ksr49200e0w8jtefzgb6gn21", "msg_01ksr49200e0w8jtefzhypaxh6")
    columns = "id, direction, sender, recipient, created_at, account_id, mode, encoding, segments"

    def before_conversations(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        scripts = ScriptDirectory.from_config(config)
        command.upgrade(config, str(scripts.get_revision("0015").down_revision))
        opt_out = "'a', 'live', '+4477', 'manual', 5"
        connection.execute(
            text(
                "INSERT INTO opt_outs (account_id, mode, recipient, source, created_at)"
                f" VALUES ({opt_out})"
            )
        )
        for message in (
            f"'{first}', 'inbound', '+4477', '+1202', 1",
            f"'{second}', 'inbound', '+4477', '+1202', 2",
            f"'{second[:-1]}7', 'outbound', '+1202', '+4478', 3",
            f"'{second[:-1]}8', 'inbound', 'erased', '+1202', 4",
        ):
            connection.execute(
                text(
                    f"INSERT INTO messages ({columns}, status, updated_at)"
                    f" VALUES ({message}, 'a', 'live', 'gsm7', 1, 'received', 1)"
                )
            )

    async with engine_of(database_url).begin() as connection:
        await connection.run_sync(before_conversations)
    await migrate(settings_for(database_url))
    async with engine_of(database_url).connect() as connection:
        (kept,) = (await connection.execute(select(schema.opt_outs))).all()
        (begun,) = (await connection.execute(select(schema.conversations))).all()
    assert (kept.recipient, kept.sender, kept.source, kept.created_at) == ("+4477", "", "manual", 5)
    assert is_id("conv", begun.id)
    assert (begun.number, begun.party, begun.last_inbound_id, begun.unread, begun.created_at) == (
        "+1202", "+4477", second, 0, 1,
    )  # fmt: skip


def test_the_newest_file_is_the_one_that_nothing_follows() -> None:
    assert head_revision() == ScriptDirectory.from_config(_config()).get_current_head()
