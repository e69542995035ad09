"""Set statements on SQLite: one prepared statement run a row at a time inside the process.

A row costs 2–6 µs this way, no more than multi-row VALUES or json_each (ADR-0002), and the text of
the statement never changes, so that it is compiled once.
"""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from hookline.storage.sets import Insert, Row, Select, Update, Values

_STATEMENTS_CACHED = 400
_WRITER_CACHE_KIB = 8_000
READER_CACHE_KIB = 2_000
_LOOKUP_CACHE_KIB = 16_000  # one connection: all tokens of a large account stay in it
"""Less than the writer's: a commit of another connection makes a reader's pages worthless."""
_SWITCH_RETRY_S = 0.01


def connect(path: Path, *, timeout_s: float, read_only: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode, with full durability, that any thread may use in turn."""
    connection = sqlite3.connect(
        path,
        timeout=timeout_s,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_STATEMENTS_CACHED,
    )
    _switch_to_wal(connection, timeout_s)
    _configure(connection)
    if read_only:
        connection.execute("PRAGMA query_only=ON")
    cache_kib = _LOOKUP_CACHE_KIB if read_only else _WRITER_CACHE_KIB
    connection.execute(f"PRAGMA cache_size=-{cache_kib}")
    return connection


def _configure(connection: sqlite3.Connection) -> None:
    """What every connection needs: an fsync at each commit, foreign keys, sorting in memory."""
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("PRAGMA journal_size_limit=67108864")


def _switch_to_wal(connection: sqlite3.Connection, timeout_s: float) -> None:
    """The file keeps the mode; SQLite does not wait by itself for others that switch it as well."""
    deadline_s = time.monotonic() + timeout_s
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        if time.monotonic() >= deadline_s:
            raise sqlite3.OperationalError("the file system lets SQLite keep no write-ahead log")
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            time.sleep(_SWITCH_RETRY_S)


@contextmanager
def busy_wait(connection: sqlite3.Connection, timeout_s: float) -> Iterator[None]:
    """Wait at most this long for another process's lock inside the block."""
    before = connection.execute("PRAGMA busy_timeout").fetchone()[0]
    connection.execute(f"PRAGMA busy_timeout={int(timeout_s * 1_000)}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA busy_timeout={before}")


def insert(connection: sqlite3.Connection, statement: Insert, rows: Sequence[Values]) -> list[bool]:
    sql = _insert_sql(statement)
    if not statement.conflict:
        connection.executemany(sql, rows)
        return [True] * len(rows)
    return [connection.execute(sql, row).rowcount == 1 for row in rows]


def update(
    connection: sqlite3.Connection, statement: Update, rows: Sequence[Values]
) -> list[Row | None]:
    sql = _update_sql(statement)
    if statement.returning:
        found = [connection.execute(sql, row).fetchall() for row in rows]
        return [result[0] if result else None for result in found]
    return [() if connection.execute(sql, row).rowcount > 0 else None for row in rows]


def select(
    connection: sqlite3.Connection, statement: Select, keys: Sequence[Values]
) -> list[list[Row]]:
    sql = _select_sql(statement)
    return [connection.execute(sql, key).fetchall() for key in keys]


@cache
def _insert_sql(statement: Insert) -> str:
    columns = ", ".join(statement.columns)
    marks = ", ".join("?" * len(statement.columns))
    sql = f"INSERT INTO {statement.table.name} ({columns}) VALUES ({marks})"  # noqa: S608 - our names
    if statement.conflict:
        sql += f" ON CONFLICT ({', '.join(statement.conflict)}) DO NOTHING"
    return sql


@cache
def _update_sql(statement: Update) -> str:
    marks = {name: f"?{place}" for place, name in enumerate(statement.inputs, start=1)}
    changes = ", ".join(f"{name} = {to.format(**marks)}" for name, to in statement.changes.items())
    where = " AND ".join(f"t.{name} = {marks[name]}" for name in statement.key)
    if statement.guard:
        where += f" AND ({statement.guard.format(**marks)})"
    sql = f"UPDATE {statement.table.name} AS t SET {changes} WHERE {where}"  # noqa: S608 - our names
    if statement.returning:
        sql += f" RETURNING {', '.join(statement.returning)}"
    return sql


@cache
def _select_sql(statement: Select) -> str:
    where = " AND ".join(f"t.{name} = ?" for name in statement.key)
    if statement.guard:
        where += f" AND ({statement.guard})"
    columns = ", ".join(f"t.{name}" for name in statement.columns)
    return f"SELECT {columns} FROM {statement.table.name} AS t WHERE {where}"  # noqa: S608 - our names
