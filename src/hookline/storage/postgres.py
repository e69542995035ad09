"""Set statements on PostgreSQL: one statement a set, the rows as one array a column (`unnest`).

The text never depends on how many rows there are, so that asyncpg prepares it once a connection,
and the 32,767-parameter limit is never met.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import asyncpg
from sqlalchemy import BigInteger, Float, Integer, LargeBinary, Table

from hookline.storage.sets import Insert, Row, Select, Update, Values

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection


BY_KEY = (
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off"
)
"""For connections that run set statements: their rows are found by key, one by one.

A prepared statement keeps its plan for minutes, until the table is analyzed. The best plan for a
table that is empty, as at the first start, reads all of it; a few thousand rows later that is slow.
`jit` would compile what looks expensive once sequential scans have their prohibitive cost. They are
set after connecting, as a pooler in between may refuse settings that come with the start.
"""


async def insert(connection: Connection, statement: Insert, rows: Sequence[Values]) -> list[bool]:
    if not rows:
        return []
    arrays = _arrays(rows)
    if not statement.conflict:
        await connection.execute(_insert_sql(statement), *arrays)
        return [True] * len(rows)
    places = [statement.columns.index(name) for name in statement.conflict]
    keys = [tuple(row[place] for place in places) for row in rows]
    won = {tuple(record) for record in await connection.fetch(_insert_sql(statement), *arrays)}
    first: set[tuple[object, ...]] = set()
    outcome = []
    for key in keys:  # of two equal keys in one set, the first has won
        outcome.append(key in won and (key not in first or None in key))
        first.add(key)
    return outcome


async def update(
    connection: Connection, statement: Update, rows: Sequence[Values]
) -> list[Row | None]:
    if not rows:
        return []
    width = len(statement.key)
    arrays = _arrays(rows)
    records = await connection.fetch(_update_sql(statement), *arrays)
    changed: dict[Row, Row] = {}
    for record in records:
        values = tuple(record)
        changed[values[:width]] = values[width:]
    return [changed.get(tuple(row[:width])) for row in rows]


async def select(
    connection: Connection, statement: Select, keys: Sequence[Values]
) -> list[list[Row]]:
    if not keys:
        return []
    width = len(statement.key)
    records = await connection.fetch(
        _select_sql(statement), *_arrays(list(dict.fromkeys(map(tuple, keys))))
    )
    found: dict[Row, list[Row]] = {}
    for record in records:
        values = tuple(record)
        found.setdefault(values[:width], []).append(values[width:])
    return [found.get(tuple(key), []) for key in keys]


def _arrays(rows: Sequence[Values]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _array_type(table: Table, column: str) -> str:
    kind = table.c[column].type
    if isinstance(kind, Float):
        return "double precision[]"
    if isinstance(kind, BigInteger):
        return "bigint[]"
    if isinstance(kind, Integer):
        return "integer[]"
    if isinstance(kind, Float):
        return "double precision[]"
    if isinstance(kind, LargeBinary):
        return "bytea[]"
    return "text[]"


def _unnest(table: Table, columns: Sequence[str], types: dict[str, str]) -> str:
    arrays = ", ".join(
        f"${place}::{_array_type(table, types.get(name, name))}"
        for place, name in enumerate(columns, start=1)
    )
    names = ", ".join(columns)
    return f"unnest({arrays}) AS v({names})"


def _judged(guard: str) -> str:
    """The guard, kept from the planner: it judges rows found by key and must find none itself.

    The index over a status holds every row that has had it until the next vacuum.
    """
    return f"CASE WHEN {guard} THEN TRUE ELSE FALSE END"


@cache
def _insert_sql(statement: Insert) -> str:
    columns = ", ".join(statement.columns)
    source = _unnest(statement.table, statement.columns, {})
    order = f" ORDER BY {', '.join(statement.conflict)}" if statement.conflict else ""
    sql = (
        f"INSERT INTO {statement.table.name} ({columns}) "  # noqa: S608 - our own names
        f"SELECT {columns} FROM {source}{order}"
    )
    if statement.conflict:
        keys = ", ".join(statement.conflict)
        sql += f" ON CONFLICT ({keys}) DO NOTHING RETURNING {keys}"
    return sql


@cache
def _update_sql(statement: Update) -> str:
    inputs = {name: f"v.{name}" for name in statement.inputs}
    changes = ", ".join(f"{name} = {to.format(**inputs)}" for name, to in statement.changes.items())
    where = " AND ".join(f"t.{name} = v.{name}" for name in statement.key)
    if statement.guard:
        where += f" AND {_judged(statement.guard.format(**inputs))}"
    source = _unnest(statement.table, statement.inputs, dict(statement.value_types))
    returned = ", ".join(f"t.{name}" for name in (*statement.key, *statement.returning))
    lock = ""
    if statement.ordered:  # a plain UPDATE locks in whatever order its plan meets the rows
        keys = ", ".join(f"l.{name}" for name in statement.key)
        match = " AND ".join(f"l.{name} = v.{name}" for name in statement.key)
        lock = (
            f"WITH v AS MATERIALIZED (SELECT v.* FROM {source} "  # noqa: S608 - our own names
            f"JOIN {statement.table.name} AS l ON {match} ORDER BY {keys} FOR UPDATE OF l) "
        )
        source = "v"
    return (
        f"{lock}UPDATE {statement.table.name} AS t SET {changes} "  # noqa: S608 - our own names
        f"FROM {source} WHERE {where} RETURNING {returned}"
    )


@cache
def _select_sql(statement: Select) -> str:
    keys = ", ".join(f"v.{name}" for name in statement.key)
    columns = ", ".join(f"t.{name}" for name in statement.columns)
    match = " AND ".join(f"t.{name} = v.{name}" for name in statement.key)
    if statement.guard:
        match += f" AND {_judged(statement.guard)}"
    source = _unnest(statement.table, statement.key, {})
    return f"SELECT {keys}, {columns} FROM {source} JOIN {statement.table.name} AS t ON {match}"  # noqa: S608
