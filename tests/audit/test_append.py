"""Every act is a row, chained to the one before it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Executable, delete, select, text, update
from sqlalchemy.exc import DBAPIError

from hookline.audit.append import AuditTrail, record, row_hash
from hookline.clock import ManualClock
from hookline.errors import Conflict
from hookline.ids import AccountId
from hookline.principal import Principal, PrincipalKind, system
from hookline.settings import Settings
from hookline.storage.database import Database, open_database
from hookline.storage.schema import account_streams, audit
from hookline.storage.transaction import Rows, Transaction
from hookline.storage.writer import Writer
from tests.audit.tampering import tamper
from tests.storage.databases import running_writer
from tests.storage.streams import open_streams

A, B = AccountId("acc_a"), AccountId("acc_b")
OWNER = Principal(
    A, PrincipalKind.USER, "usr_1", frozenset(), label="owner@example.com", ip="192.0.2.7",
    user_agent="ümläut/1", request_id="req_1",
)  # fmt: skip


@pytest.fixture
async def writer(database: Database, settings: Settings) -> AsyncIterator[Writer]:
    async with running_writer(database, settings, AuditTrail(ManualClock())) as running:
        await open_streams(running, A, B)
        yield running


async def act(writer: Writer, *actions: str, who: Principal = OWNER) -> None:
    async def use_case(tx: Transaction) -> None:
        for action in actions:
            record(tx, who, action, "crd_1", before={"b": 1, "a": "ü"}, after=None)

    await writer.run(use_case)


async def trail(database: Database, account: AccountId) -> Rows:
    return await database.read(
        select(audit).where(audit.c.account_id == account).order_by(audit.c.number)
    )


def broken_links(rows: Rows) -> list[int]:
    """The numbers of the rows that do not follow from the one before, as `verify` would say."""
    broken, previous, columns = [], "", [c.name for c in audit.c][:-2]
    for number, row in enumerate(rows, start=1):
        content = [getattr(row, name) for name in columns]
        if (row.number, row.previous_hash) != (number, previous) or row.hash != row_hash(
            content, previous
        ):
            broken.append(row.number)
        previous = row.hash
    return broken


async def test_act_says_who_did_what_from_where(writer: Writer, database: Database) -> None:
    await act(writer, "credential.create")
    [row] = await trail(database, A)
    assert row.number == 1
    assert (row.actor_kind, row.actor_id, row.actor_label) == ("user", "usr_1", OWNER.label)
    assert (row.ip, row.user_agent, row.request_id) == ("192.0.2.7", "ümläut/1", "req_1")
    assert (row.action, row.resource_id) == ("credential.create", "crd_1")
    assert (row.before, row.after) == ('{"a":"ü","b":1}', None)


async def test_chain_runs_through_batches_and_accounts(writer: Writer, database: Database) -> None:
    await act(writer, "one", "two")
    await act(writer, "other", who=system(B, "bootstrap"))
    await act(writer, "three")
    rows = await trail(database, A)
    assert [row.action for row in rows] == ["one", "two", "three"]
    assert broken_links(rows) == broken_links(await trail(database, B)) == []
    head = (await database.read(select(account_streams).where(account_streams.c.account_id == A)))[
        0
    ]
    assert (head.audit_number, head.audit_hash) == (3, rows[-1].hash)


@pytest.mark.parametrize("column", ["action", "actor_id", "before", "at"])
async def test_changed_row_breaks_the_chain(
    writer: Writer, database: Database, column: str
) -> None:
    await act(writer, "one", "two", "three")

    value = "7" if column == "at" else "'changed'"
    await tamper(writer, database, f"UPDATE audit SET {column} = {value} WHERE number = 2")
    assert broken_links(await trail(database, A)) == [2]


async def test_refused_act_leaves_no_row(writer: Writer, database: Database) -> None:
    async def refuse(tx: Transaction) -> None:
        record(tx, OWNER, "refused", "crd_1")
        raise Conflict

    with pytest.raises(Conflict):
        await writer.run(refuse)
    await act(writer, "one")
    assert [(row.number, row.action) for row in await trail(database, A)] == [(1, "one")]


async def test_concurrent_acts_keep_one_chain(
    writer: Writer, database: Database, settings: Settings
) -> None:
    """Two nodes on PostgreSQL; SQLite has one writer, which many use."""
    node = open_database(settings)
    async with running_writer(node, settings, AuditTrail(ManualClock())) as second:
        others = [writer] if settings.is_sqlite else [writer, second]
        await asyncio.gather(*(act(others[i % len(others)], f"{i} a", f"{i} b") for i in range(60)))
    await node.close()
    rows = await trail(database, A)
    assert len(rows) == 120
    assert broken_links(rows) == []
    assert sorted(row.action for row in rows) == sorted(f"{i} {c}" for i in range(60) for c in "ab")


async def test_the_database_refuses_to_change_the_trail(writer: Writer, database: Database) -> None:
    """Whatever the program does: only who may change the schema can take the guard away."""
    await act(writer, "one")
    forbidden = [update(audit).values(action="other"), delete(audit)]
    if database.dialect == "postgresql":
        forbidden.append(text("TRUNCATE audit"))
    for statement in forbidden:

        async def use_case(tx: Transaction, forbidden: Executable = statement) -> None:
            await tx.changed(forbidden)

        with pytest.raises(DBAPIError, match="append-only"):
            await writer.run(use_case)
    assert [row.action for row in await trail(database, A)] == ["one"]
