"""An event is a row of the transaction that it tells of, numbered without a gap."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest
from sqlalchemy import update

from hookline.errors import Conflict
from hookline.events.append import EventLog, append, topic
from hookline.events.model import Event
from hookline.ids import AccountId, IdSource
from hookline.settings import Settings
from hookline.storage.database import Database
from hookline.storage.schema import account_streams
from hookline.storage.transaction import Transaction
from hookline.storage.writer import Writer
from tests.storage.databases import running_writer
from tests.storage.rows import held_up, queued
from tests.storage.streams import FanOutLog, append_all, draft, open_streams, stored

A, B = AccountId("acc_a"), AccountId("acc_b")


@pytest.fixture
def fan_out() -> FanOutLog:
    return FanOutLog()


@pytest.fixture
async def writer(
    database: Database, settings: Settings, fan_out: FanOutLog
) -> AsyncIterator[Writer]:
    async with running_writer(database, settings, EventLog(IdSource(), fan_out)) as running:
        await open_streams(running, A, B)
        yield running


async def test_positions_count_up_for_each_account(writer: Writer, database: Database) -> None:
    await append_all(writer, draft(A, "r1"), draft(B, "r2"), draft(A, "r3"))
    await append_all(writer, draft(A, "r4"))
    rows = await stored(database, A)
    assert [(row.position, row.resource_id) for row in rows] == [(1, "r1"), (2, "r3"), (3, "r4")]
    assert [row.position for row in await stored(database, B)] == [1]


async def test_sequence_counts_what_is_told_of_a_resource(
    writer: Writer, database: Database
) -> None:
    await append_all(writer, draft(A, "r1"), draft(A, "r2"), draft(A, "r1"))
    await append_all(writer, draft(A, "r1"), draft(A, "r2"))
    rows = await stored(database, A)
    assert [(row.resource_id, row.sequence) for row in rows] == [
        ("r1", 1), ("r2", 1), ("r1", 2), ("r1", 3), ("r2", 2),
    ]  # fmt: skip


async def test_sequence_that_the_resource_keeps_is_taken_as_it_is(
    writer: Writer, database: Database
) -> None:
    await append_all(writer, draft(A, "r1", sequence=7))
    assert [row.sequence for row in await stored(database, A)] == [7]


async def test_body_is_the_json_that_receivers_get(writer: Writer, database: Database) -> None:
    await append_all(writer, draft(A, "crd_1", '{"description":"größer \\" 🎈"}'.encode()))
    [row] = await stored(database, A)
    assert json.loads(row.body) == {
        "id": row.id,
        "type": "credential.updated",
        "timestamp": "2026-05-28T20:26:40.000Z",
        "account_id": A,
        "sequence": 1,
        "data": {"description": 'größer " 🎈'},
    }


async def test_events_are_fanned_out_with_the_endpoints_version_of_their_batch(
    writer: Writer, database: Database, fan_out: FanOutLog
) -> None:
    async def use_case(tx: Transaction) -> None:
        stream = update(account_streams).where(account_streams.c.account_id == A)
        await tx.changed(stream.values(endpoints_version=5))
        append(tx, draft(A, "r1"))
        append(tx, draft(B, "r2"))

    await writer.run(use_case)
    assert fan_out.versions == {A: 5, B: 0}
    [row] = await stored(database, A)
    assert [(e.id, e.position, e.body) for e in fan_out.events if e.draft.account_id == A] == [
        (row.id, row.position, row.body)
    ]


async def test_readers_of_the_account_are_woken(writer: Writer) -> None:
    heard: set[str] = set()
    writer.on_topics(heard.update)
    await append_all(writer, draft(A, "r1"))
    assert heard == {topic(A)}


async def test_refused_use_case_leaves_no_event_and_no_gap(
    writer: Writer, database: Database
) -> None:
    async def refuse(tx: Transaction) -> None:
        append(tx, draft(A, "refused"))
        raise Conflict

    async with held_up(writer):
        before, refused, after = await queued(
            writer,
            append_all(writer, draft(A, "before")),
            writer.run(refuse),
            append_all(writer, draft(A, "after")),
        )
    await before
    await after
    with pytest.raises(Conflict):
        await refused
    rows = await stored(database, A)
    assert [(row.position, row.resource_id) for row in rows] == [(1, "before"), (2, "after")]


async def test_account_without_a_stream_fails_alone(writer: Writer, database: Database) -> None:
    async with held_up(writer):
        good, bad = await queued(
            writer,
            append_all(writer, draft(A, "good")),
            append_all(writer, draft(AccountId("acc_none"), "bad")),
        )
    with pytest.raises(LookupError, match="acc_none"):
        await bad
    await good
    assert [row.position for row in await stored(database, A)] == [1]


async def test_event_whose_fan_out_fails_is_not_appended(
    database: Database, settings: Settings
) -> None:
    class Failing:
        async def fan_out(
            self,
            tx: Transaction,
            events: Sequence[Event],
            endpoint_versions: Mapping[AccountId, int],
        ) -> None:
            raise RuntimeError("no deliveries")

    async with running_writer(database, settings, EventLog(IdSource(), Failing())) as writer:
        await open_streams(writer, A)
        with pytest.raises(RuntimeError, match="no deliveries"):
            await append_all(writer, draft(A, "r1"))
    assert await stored(database, A) == []
