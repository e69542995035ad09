"""Both databases do with sets of rows what a dictionary would."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hookline.storage import schema
from hookline.storage.database import Database
from hookline.storage.sets import Insert, Select, Update
from hookline.storage.transaction import Transaction

COLUMNS = ("digest", "request_digest", "status", "body", "sealed", "created_at")
INSERT = Insert(schema.idempotency, COLUMNS, conflict=("digest",))
SETTLE = Update(
    schema.idempotency,
    key=("digest",),
    values=("seen", "status", "body"),
    changes={"status": "{status}", "body": "{body}", "sealed": "t.sealed + 1"},
    guard="t.status = {seen}",
    returning=("status", "sealed", "body"),
    value_types={"seen": "status"},
)
SELECT = Select(schema.idempotency, ("digest",), COLUMNS[1:])

keys = st.binary(max_size=2) | st.sampled_from([b"", b"a", b"\x00"])
statuses = st.integers(0, 2)
bodies = st.none() | st.binary(max_size=4)
instants = st.integers(-(2**63), 2**63 - 1)
inserts = st.lists(
    st.tuples(keys, st.binary(max_size=3), statuses, bodies, st.just(0), instants), max_size=6
)
updates = st.lists(
    st.tuples(keys, statuses, statuses, bodies), max_size=6, unique_by=lambda row: row[0]
)
selects = st.lists(st.tuples(keys), max_size=6)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), inserts),
        st.tuples(st.just("update"), updates),
        st.tuples(st.just("select"), selects),
    ),
    max_size=12,
)

Model = dict[bytes, list[Any]]


@given(steps=steps)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_sets_do_what_a_dictionary_does(
    database: Database, steps: list[tuple[str, list[tuple[Any, ...]]]]
) -> None:
    connection = await database.open_writer()
    try:
        tx = await connection.begin()
        model: Model = {}
        for kind, rows in steps:
            assert await run(tx, kind, rows) == expect(model, kind, rows)
    finally:
        await connection.roll_back()
        await connection.close()


async def run(tx: Transaction, kind: str, rows: list[tuple[Any, ...]]) -> object:
    if kind == "insert":
        return await tx.insert(INSERT, rows)
    if kind == "update":
        return await tx.update(SETTLE, rows)
    return await tx.select(SELECT, rows)


def expect(model: Model, kind: str, rows: list[tuple[Any, ...]]) -> object:
    if kind == "insert":
        return [insert(model, row) for row in rows]
    if kind == "update":
        return [update(model, *row) for row in rows]
    return [[tuple(model[key])] if key in model else [] for (key,) in rows]


def insert(model: Model, row: tuple[Any, ...]) -> bool:
    if row[0] in model:
        return False
    model[row[0]] = list(row[1:])
    return True


def update(model: Model, key: bytes, seen: int, status: int, body: bytes | None) -> object:
    row = model.get(key)
    if row is None or row[1] != seen:
        return None
    row[1:4] = [status, body, row[3] + 1]
    return (row[1], row[3], row[2])
