"""What the set statements promise, row by row, on both databases."""

from collections.abc import AsyncIterator
from enum import StrEnum

import asyncpg
import pytest
from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, Table, select

from hookline.storage import schema
from hookline.storage.database import Database, WriterConnection
from hookline.storage.sets import Insert, Select, Update
from hookline.storage.transaction import Transaction

LEASE = Insert(schema.leases, ("name", "owner", "expires_at"))
GUARD = Insert(schema.leases, ("name", "owner", "expires_at"), conflict=("name",))
TAKE_OVER = Update(
    schema.leases,
    key=("name",),
    values=("owner", "now"),
    changes={"owner": "{owner}", "expires_at": "t.expires_at + 1"},
    guard="t.expires_at <= {now}",
    returning=("owner", "expires_at"),
    value_types={"now": "expires_at"},
)
BY_NAME = Select(schema.leases, key=("name",), columns=("owner", "expires_at"))
BY_OWNER = Select(schema.leases, key=("owner",), columns=("name",))
ATTEMPT = Insert(
    schema.attempts,
    ("delivery_id", "number", "attempted_at", "url", "status", "elapsed_ms", "response_body"),
)
ATTEMPTS = Select(
    schema.attempts,
    key=("delivery_id", "number"),
    columns=("attempted_at", "url", "status", "response_body"),
)


class Word(StrEnum):
    SENT = "sent"


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[WriterConnection]:
    opened = await database.open_writer()
    yield opened
    await opened.roll_back()
    await opened.close()


@pytest.fixture
async def tx(connection: WriterConnection) -> Transaction:
    return await connection.begin()


async def test_insert_keeps_every_row(tx: Transaction) -> None:
    assert await tx.insert(LEASE, [("a", "n1", 1), ("b", "n2", 2)]) == [True, True]
    assert await tx.select(BY_NAME, [("a",), ("b",)]) == [[("n1", 1)], [("n2", 2)]]


async def test_insert_takes_five_thousand_rows(tx: Transaction) -> None:
    rows = [(f"name {i}", "owner", i) for i in range(5_000)]
    assert await tx.insert(LEASE, rows) == [True] * 5_000
    assert await tx.insert(GUARD, [*rows, ("new", "owner", 1)]) == [False] * 5_000 + [True]
    found = await tx.select(BY_NAME, [(name,) for name, _, _ in rows])
    assert found == [[("owner", i)] for i in range(5_000)]


async def test_existing_key_loses_and_stays_as_it_was(tx: Transaction) -> None:
    await tx.insert(LEASE, [("taken", "first", 1)])
    assert await tx.insert(GUARD, [("free", "n", 2), ("taken", "second", 2)]) == [True, False]
    assert await tx.select(BY_NAME, [("taken",)]) == [[("first", 1)]]


async def test_first_of_two_equal_keys_wins(tx: Transaction) -> None:
    rows = [("b", "first", 1), ("a", "only", 2), ("b", "second", 3)]
    assert await tx.insert(GUARD, rows) == [True, True, False]
    assert await tx.select(BY_NAME, [("b",)]) == [[("first", 1)]]


async def test_conflict_on_two_columns(tx: Transaction) -> None:
    guard = Insert(
        schema.virtual_phones, ("account_id", "number", "created_at"), ("account_id", "number")
    )
    await tx.insert(guard, [("a", "1", 0)])
    assert await tx.insert(guard, [("b", "1", 0), ("a", "1", 0), ("a", "2", 0)]) == [
        True,
        False,
        True,
    ]


async def test_nulls_do_not_conflict(tx: Transaction) -> None:
    columns = (
        "id",
        "account_id",
        "mode",
        "channel",
        "url",
        "events",
        "format",
        "secret",
        "status",
        "created_at",
        "updated_at",
    )
    guard = Insert(schema.endpoints, columns, conflict=("account_id", "mode", "channel"))

    def row(endpoint_id: str, channel: str | None) -> tuple[object, ...]:
        return (endpoint_id, "a", "live", channel, "u", "[]", "v3", "s", "enabled", 0, 0)

    rows = [row("1", None), row("2", None), row("3", "sms"), row("4", "sms")]
    assert await tx.insert(guard, rows) == [True, True, True, False]
    assert await tx.insert(guard, [row("5", None), row("6", "sms")]) == [True, False]


async def test_compare_and_set_says_who_won_in_order(tx: Transaction) -> None:
    await tx.insert(LEASE, [("a", "x", 5), ("b", "x", 50), ("c", "x", 10)])
    outcome = await tx.update(TAKE_OVER, [(name, "me", 10) for name in ("c", "b", "missing", "a")])
    assert outcome == [("me", 11), None, None, ("me", 6)]
    assert await tx.select(BY_NAME, [("b",)]) == [[("x", 50)]]


async def test_update_without_returning_tells_winners_by_an_empty_row(tx: Transaction) -> None:
    await tx.insert(LEASE, [("a", "x", 5)])
    touch = Update(schema.leases, ("name",), (), {"expires_at": "t.expires_at * 2"})
    assert await tx.update(touch, [("b",), ("a",)]) == [None, ()]
    assert await tx.select(BY_NAME, [("a",)]) == [[("x", 10)]]


async def test_update_appends_to_what_is_stored(tx: Transaction) -> None:
    append = Update(
        schema.leases,
        ("name",),
        ("line",),
        {"owner": "t.owner || {line}"},
        value_types={"line": "owner"},
    )
    await tx.insert(LEASE, [("a", "one\n", 1), ("b", "", 1)])
    await tx.update(append, [("a", "two\n"), ("b", "größer {} '")])
    assert await tx.select(BY_NAME, [("a",), ("b",)]) == [[("one\ntwo\n", 1)], [("größer {} '", 1)]]


@pytest.mark.parametrize("ordered", [False, True])
async def test_update_may_be_ordered(tx: Transaction, *, ordered: bool) -> None:
    advance = Update(
        schema.leases, ("name",), ("added",), {"expires_at": "t.expires_at + {added}"},
        guard="t.expires_at < 100", returning=("expires_at",), value_types={"added": "expires_at"},
        ordered=ordered,
    )  # fmt: skip
    await tx.insert(LEASE, [(f"{i:03}", "x", i) for i in range(200)])
    outcome = await tx.update(advance, [(f"{i:03}", 1_000) for i in reversed(range(201))])
    assert outcome == [None] * 101 + [(1_000 + i,) for i in reversed(range(100))]


async def test_values_come_back_as_they_went_in(tx: Transaction) -> None:
    texts = [
        "",
        "ascii",
        "ünïcødé 🎈 汉字",
        'it\'s "quoted" \\ {0} %s $1',
        "line\nbreak\t",
        Word.SENT,
    ]
    blobs = [None, b"", bytes(range(256)), b"\x00" * 3, b"{}", b"\xff\xfe"]
    instants = [0, -1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63)]
    numbers = [None, 0, -1, 2**31 - 1, -(2**31), 404]
    rows = list(zip(instants, texts, numbers, blobs, strict=True))
    await tx.insert(
        ATTEMPT, [("d", i, at, text, n, 0, blob) for i, (at, text, n, blob) in enumerate(rows)]
    )
    found = await tx.select(ATTEMPTS, [("d", i) for i in range(len(rows))])
    assert found == [[row] for row in rows]


async def test_bytes_may_be_the_key(tx: Transaction) -> None:
    table = schema.idempotency
    columns = ("digest", "request_digest", "status", "sealed", "created_at")
    guard = Insert(table, columns, conflict=("digest",))
    rows = [(bytes([i]) * 32, b"", 0, 0, i) for i in range(3)]
    await tx.insert(guard, rows[1:2])
    assert await tx.insert(guard, rows) == [True, False, True]
    update = Update(table, ("digest",), ("body",), {"body": "{body}"}, returning=("body",))
    assert await tx.update(update, [(rows[2][0], b"x"), (rows[0][0], None)]) == [(b"x",), (None,)]


async def test_select_answers_each_key_in_its_place(tx: Transaction) -> None:
    await tx.insert(LEASE, [("a", "n1", 1), ("b", "n1", 2), ("c", "n2", 3)])
    found = await tx.select(BY_OWNER, [("n2",), ("none",), ("n1",), ("n2",)])
    assert [sorted(rows) for rows in found] == [[("c",)], [], [("a",), ("b",)], [("c",)]]


async def test_select_guard_leaves_out_rows(tx: Transaction) -> None:
    await tx.insert(LEASE, [("a", "n1", 1), ("b", "n2", 20)])
    alive = Select(schema.leases, ("name",), ("owner",), guard="t.expires_at > 10")
    assert await tx.select(alive, [("a",), ("b",)]) == [[], [("n2",)]]


async def test_nothing_in_nothing_out(tx: Transaction) -> None:
    assert await tx.insert(LEASE, []) == []
    assert await tx.insert(GUARD, []) == []
    assert await tx.update(TAKE_OVER, []) == []
    assert await tx.select(BY_NAME, []) == []


async def test_text_for_a_number_is_refused(tx: Transaction) -> None:
    if isinstance(tx._raw, asyncpg.Connection):  # SQLite keeps what it is given
        with pytest.raises(asyncpg.DataError):
            await tx.insert(LEASE, [("a", "b", "c")])


async def test_every_column_of_every_table_is_written_and_read(tx: Transaction) -> None:
    """No column's name or type is in the way of the generated text."""
    for table in schema.metadata.sorted_tables:
        await write_and_read(tx, table)


async def write_and_read(tx: Transaction, table: Table) -> None:
    names = tuple(table.c.keys())
    row = tuple(example(table, column) for column in table.c)
    key = tuple(column.name for column in table.primary_key)
    rest = tuple(column for column in names if column not in key)
    key_values = tuple(row[names.index(column)] for column in key)
    assert await tx.insert(Insert(table, names, conflict=key), [row, row]) == [True, False]
    change = Update(table, key, rest, {c: f"{{{c}}}" for c in rest}, returning=names)
    rest_values = tuple(row[names.index(column)] for column in rest)
    if rest and table is not schema.audit:  # whose rows stay as they are
        assert await tx.update(change, [(*key_values, *rest_values)]) == [row]
    assert await tx.select(Select(table, key, names), [key_values]) == [[row]]
    assert [tuple(found) for found in await tx.execute(select(table))] == [row]


def example(table: Table, column: Column[object]) -> object:
    for constraint in table.constraints:
        listed = str(getattr(constraint, "sqltext", "")).split(" IN ")
        if listed[0] == column.name:
            return listed[1].split("'")[1]
    if isinstance(column.type, Float):
        return 2.5
    if isinstance(column.type, LargeBinary):
        return b"\x00\x01"
    if isinstance(column.type, BigInteger):
        return 2**40
    if isinstance(column.type, Integer):
        return 7
    return "an id" if column.foreign_keys or column.name == "id" else f"a {column.name}"
