"""Whatever units run at once, on one writer or two: no event is lost, doubled or out of order."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, suppress

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from hookline.errors import Conflict
from hookline.events.append import EventLog, append
from hookline.ids import AccountId, IdSource
from hookline.settings import Settings
from hookline.storage.database import Database, open_database
from hookline.storage.schema import account_streams, leases
from hookline.storage.transaction import Transaction
from hookline.storage.writer import Writer
from tests.storage.databases import running_writer
from tests.storage.rows import COUNT, Claim, Step, Taken, adding
from tests.storage.streams import FanOutLog, draft, open_streams, stored

ROWS = 3
units = st.one_of(
    st.tuples(st.just("event"), st.integers(0, 1)),
    st.tuples(st.just("move"), st.integers(0, ROWS - 1)),
    st.tuples(st.just("step"), st.integers(0, ROWS - 1)),
    st.tuples(st.just("claim"), st.integers(0, 4)),
    st.tuples(st.just("refuse"), st.integers(0, 1)),
    st.tuples(st.just("violate"), st.integers(0, 1)),
)
plans = st.lists(st.lists(units, min_size=1, max_size=6), min_size=1, max_size=12)


@pytest.fixture
async def writers(database: Database, settings: Settings) -> AsyncIterator[list[Writer]]:
    """Two nodes on PostgreSQL; the embedded database has but one."""
    nodes = 1 if settings.is_sqlite else 2
    async with AsyncExitStack() as stack:
        running = []
        for _ in range(nodes):
            node = open_database(settings)
            stack.push_async_callback(node.close)
            log = EventLog(IdSource(), FanOutLog())
            running.append(await stack.enter_async_context(running_writer(node, settings, log)))
        yield running


@pytest.fixture
def numbers() -> Iterator[int]:
    return itertools.count()


class Play:
    """One example: its accounts and rows are its own."""

    def __init__(self, number: int) -> None:
        self.accounts = [AccountId(f"acc_{number}_{i}") for i in range(2)]
        self.rows = [f"{number} row {i}" for i in range(ROWS)]
        self.told: list[tuple[AccountId, bytes]] = []
        self.moved: Counter[str] = Counter()
        self.claimed: Counter[str] = Counter()
        self._marks = itertools.count()
        self._prefix = f"{number} claim "
        self._claim, self._step = Claim(), Step()

    async def set_up(self, writer: Writer) -> None:
        await open_streams(writer, *self.accounts)
        for row in self.rows:
            await writer.run(adding(row))

    async def run(self, writer: Writer, plan: list[tuple[str, int]]) -> None:
        for kind, which in plan:
            await getattr(self, f"_{kind}_unit")(writer, which)

    async def _event_unit(self, writer: Writer, which: int) -> None:
        account, mark = self.accounts[which], str(next(self._marks)).encode()

        async def use_case(tx: Transaction) -> None:
            append(tx, draft(account, f"{account} resource {which}", mark))

        await writer.run(use_case)
        self.told.append((account, mark))

    async def _move_unit(self, writer: Writer, which: int) -> None:
        """A transition and its event, in both accounts so that streams are crossed."""
        row, mark = self.rows[which], str(next(self._marks)).encode()

        async def use_case(tx: Transaction) -> bool:
            [seen] = await tx.execute(select(leases.c.expires_at).where(leases.c.name == row))
            [won] = await tx.update(COUNT, [(row, seen.expires_at)])
            if won is None:
                return False
            for account in self.accounts:
                append(tx, draft(account, f"{account} {row}", mark))
            return True

        if await writer.run(use_case):
            self.moved[row] += 1
            self.told += [(account, mark) for account in self.accounts]

    async def _step_unit(self, writer: Writer, which: int) -> None:
        row = self.rows[which]
        if await writer.submit(self._step, (row, self.moved[row])):
            self.moved[row] += 1

    async def _claim_unit(self, writer: Writer, which: int) -> None:
        name = f"{self._prefix}{which}"
        with suppress(Taken):
            self.claimed[await writer.submit(self._claim, name)] += 1

    async def _refuse_unit(self, writer: Writer, which: int) -> None:
        async def use_case(tx: Transaction) -> None:
            append(tx, draft(self.accounts[which], "refused", b'"refused"'))
            raise Conflict

        with pytest.raises(Conflict):
            await writer.run(use_case)

    async def _violate_unit(self, writer: Writer, which: int) -> None:
        async def use_case(tx: Transaction) -> None:
            append(tx, draft(self.accounts[which], "violated", b'"violated"'))
            await adding(self.rows[0])(tx)

        with pytest.raises(Exception, match=r"(?i)unique"):
            await writer.run(use_case)


async def follow(database: Database, account: AccountId, done: asyncio.Event) -> int:
    """Read on from the last position, as a client does; the last one, when there was no gap."""
    last = 0
    while True:
        is_final = done.is_set()
        for row in await stored(database, account, after=last):
            assert row.position == last + 1, "a position became visible late"
            last = row.position
        if is_final:
            return last


@given(plans=plans)
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_events_are_neither_lost_nor_doubled_nor_late(
    writers: list[Writer],
    database: Database,
    numbers: Iterator[int],
    plans: list[list[tuple[str, int]]],
) -> None:
    play, done = Play(next(numbers)), asyncio.Event()
    await play.set_up(writers[0])
    readers = [asyncio.create_task(follow(database, a, done)) for a in play.accounts]
    await asyncio.gather(
        *(play.run(writers[i % len(writers)], plan) for i, plan in enumerate(plans))
    )
    done.set()
    assert await asyncio.gather(*readers) == await heads(database, play)
    await check(database, play)


async def heads(database: Database, play: Play) -> list[int]:
    rows = await database.read(
        select(account_streams.c.position)
        .where(account_streams.c.account_id.in_(play.accounts))
        .order_by(account_streams.c.account_id)
    )
    return [row.position for row in rows]


async def check(database: Database, play: Play) -> None:
    told = []
    for account in play.accounts:
        rows = await stored(database, account)
        told += [(account, bytes(row.body).rpartition(b'"data":')[2][:-1]) for row in rows]
        assert [row.position for row in rows] == list(range(1, len(rows) + 1))
        sequences: dict[str, list[int]] = {}
        for row in rows:
            sequences.setdefault(row.resource_id, []).append(row.sequence)
        assert all(found == list(range(1, len(found) + 1)) for found in sequences.values())
    assert sorted(told) == sorted(play.told)
    counted = await database.read(
        select(leases.c.name, leases.c.expires_at).where(leases.c.name.in_(play.rows))
    )
    assert {row.name: row.expires_at for row in counted} == {r: play.moved[r] for r in play.rows}
    assert set(play.claimed.values()) <= {1}
