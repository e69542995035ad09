"""A node with a producer of events in it: `python -m bench.webhooks.node`.

The node is the whole server as the program composes it, without its listening socket. The producer hands
events to the writer as messages and calls do, each a unit of its own; they are delivered once they are durable.
Orders come by lines on stdin, answers go to stdout. Settings come from the environment.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
import uvloop

from bench.webhooks.orders import serve_orders
from bench.webhooks.statements import Statements
from hookline.accounts.tenancy import create_account
from hookline.app import Server
from hookline.events.append import append
from hookline.events.catalogue import EXAMPLES
from hookline.events.model import Draft, EventType
from hookline.ids import AccountId
from hookline.principal import Mode, Principal, PrincipalKind, Scope
from hookline.settings import Settings
from hookline.storage.migrate import migrate
from hookline.storage.transaction import Transaction
from hookline.telemetry import metrics
from hookline.telemetry.logs import configure_logs
from hookline.webhooks.endpoints import NewEndpoint, create_endpoint

_CREATED_AT_ONCE = 200
_LOOK_EVERY_S = 0.004
_PATIENCE_S = 60.0
_EVENT = EventType.MESSAGE_DELIVERED
_DATA = msgspec.json.encode(EXAMPLES[_EVENT])[1:]
_DELIVERED = metrics.DELIVERIES.labels("delivered")


@dataclass(frozen=True, slots=True)
class Item:
    """An event to append."""

    place: int
    account_id: AccountId


class Produce:
    """The operation: append an event for each item, and note when it was durable."""

    name = "bench_events"
    rank = 0

    def __init__(self, server: Server) -> None:
        self._clock = server.core.clock
        self.committed_ns: dict[int, int] = {}

    def key(self, item: Item) -> str | None:
        return None

    async def apply(self, tx: Transaction, items: Sequence[Item]) -> list[None]:
        now = self._clock.now_ms()
        # The first callback: before anything is handed over in memory.
        tx.after_commit(lambda: self._note(items))
        for item in items:
            data = b'{"bench":%d,%b' % (item.place, _DATA)
            draft = Draft(
                item.account_id, _EVENT, Mode.LIVE, f"msg_{item.place}", data, now, sequence=1
            )
            append(tx, draft)
        return [None] * len(items)

    def committed(self, items: Sequence[Item], outcomes: Sequence[Any]) -> None:
        """Noted already."""

    def _note(self, items: Sequence[Item]) -> None:
        now = time.monotonic_ns()
        for item in items:
            self.committed_ns[item.place] = now


class Producer:
    """Carries out what the bench orders."""

    def __init__(self, server: Server, statements: Statements) -> None:
        self._server = server
        self._store = server.core.store
        self._writer = server.core.writer
        self._produce = Produce(server)
        self._statements = statements
        self._groups: dict[str, list[AccountId]] = {}
        self._next_place = 0

    async def prepare(
        self, group: str, accounts: int, endpoints: int, url: str
    ) -> dict[str, object]:
        """Accounts with this many endpoints in all, each of which gets every event of its account."""
        made = self._groups[group] = []
        for _ in range(accounts):
            account = await self._store.commit(
                lambda tx: create_account(tx, self._store, self._server.core.box, name=group)
            )
            made.append(account.id)
        for start in range(0, endpoints, _CREATED_AT_ONCE):
            places = range(start, min(endpoints, start + _CREATED_AT_ONCE))
            await self._store.commit(partial(self._add, group=group, url=url, places=places))
        return {"fan_out": endpoints / accounts}

    async def _add(self, tx: Transaction, *, group: str, url: str, places: range) -> None:
        accounts = self._groups[group]
        for place in places:
            owner = Principal(
                accounts[place % len(accounts)], PrincipalKind.SYSTEM, "bench", frozenset(Scope)
            )
            new = NewEndpoint(url=f"{url}/{place}", events=("message.*",))
            await create_endpoint(tx, self._store, self._server.core.box, owner, new)

    async def produce(self, group: str, count: int, fan_out: int, window: int) -> dict[str, object]:
        """Append as fast as deliveries are recorded, with at most `window` of them open.

        Answers with the recorded deliveries a second, of all and between a tenth and nine tenths.
        """
        accounts, first = self._groups[group], self._next_place
        self._next_place += count
        before, delivered = dict(self._statements.counts), _count()
        goal, began, appended = delivered + count * fan_out, time.monotonic(), 0
        marks = [(began, delivered)]
        while marks[-1][1] < goal and time.monotonic() - marks[-1][0] < _PATIENCE_S:
            room = (window - appended * fan_out + int(_count() - delivered)) // fan_out
            wanted = range(first + appended, first + min(count, appended + max(room, 0)))
            items = [Item(place, accounts[place % len(accounts)]) for place in wanted]
            if items:
                self._writer.post(self._produce, items)
                appended += len(items)
            await asyncio.sleep(_LOOK_EVERY_S)
            if _count() > marks[-1][1]:
                marks.append((time.monotonic(), _count()))
        asked = self._statements.counts
        return {
            "first": first,
            "seconds": marks[-1][0] - began,
            "recorded": marks[-1][1] - delivered,
            "sustained_per_s": _sustained(marks),
            "statements": {
                name: number - before.get(name, 0)
                for name, number in asked.most_common()
                if number > before.get(name, 0)
            },
        }

    async def pace(self, streams: dict[str, float], seconds: float) -> dict[str, object]:
        """Append to each group so many events a second; when each event was durable, by group."""
        asked: dict[str, tuple[int, int]] = {}
        async with asyncio.TaskGroup() as tasks:
            for group, rate in streams.items():
                count = int(rate * seconds)
                asked[group] = self._next_place, count
                self._next_place += count
                tasks.create_task(self._pace_one(group, rate, *asked[group]))
        committed = self._produce.committed_ns
        return {
            group: {
                "first": first,
                "committed_ns": [committed.get(place, 0) for place in range(first, first + count)],
            }
            for group, (first, count) in asked.items()
        }

    async def _pace_one(self, group: str, rate: float, first: int, count: int) -> None:
        accounts, start = self._groups[group], time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for step in range(count):
                wait_s = start + step / rate - time.monotonic()
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
                item = Item(first + step, accounts[(first + step) % len(accounts)])
                tasks.create_task(self._writer.submit(self._produce, item))

    async def settle(self, patience_s: float) -> dict[str, object]:
        """Until nothing is held here."""
        deadline = time.monotonic() + patience_s
        while self._server.webhooks.held and time.monotonic() < deadline:  # noqa: ASYNC110 - likewise
            await asyncio.sleep(_LOOK_EVERY_S)
        gc.collect()
        return {"held": self._server.webhooks.held}


def _count() -> float:
    return float(_DELIVERED._value.get())  # noqa: SLF001 - the metric of this very process


def _sustained(marks: Sequence[tuple[float, float]]) -> float:
    low = marks[0][1] + (marks[-1][1] - marks[0][1]) * 0.1
    high = marks[0][1] + (marks[-1][1] - marks[0][1]) * 0.9
    inner = [mark for mark in marks if low <= mark[1] <= high]
    if len(inner) < 2:
        return 0.0
    return (inner[-1][1] - inner[0][1]) / (inner[-1][0] - inner[0][0])


async def main() -> None:
    settings = Settings()
    configure_logs(level="error", as_json=True)
    await migrate(settings)
    statements, server = Statements(), Server(settings)
    await server.start()
    await server.core.bootstrap()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # as serving processes have it
    producer = Producer(server, statements)
    print(json.dumps("ready"), flush=True)
    acts = {name: getattr(producer, name) for name in ("prepare", "produce", "pace", "settle")}
    try:
        await serve_orders(acts, sys.stdin)
    finally:
        await server.stop()


if __name__ == "__main__":
    uvloop.run(main())
