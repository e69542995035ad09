"""`make bench ARGS="--tokens"`: what the verification of a token costs, besides HTTP.

Ten thousand credentials on SQLite and on PostgreSQL; tokens of which no two in a row are the same are
verified one at a time, and as many at once as requests come in. The CPU is that of this process; the
floor beside it is what the text of a token must cost: its checksum and its digest.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import uvloop
from rich.table import Table

from bench.report import console
from hookline.accounts.tenancy import create_account
from hookline.api.context import RequestContext
from hookline.audit.append import AuditTrail
from hookline.cli.processes import spare_the_collector
from hookline.clock import SystemClock
from hookline.credentials.authentication import CredentialAuthenticator
from hookline.credentials.last_use import LastUses
from hookline.credentials.tokens import parse_token
from hookline.events.append import EventLog
from hookline.ids import IdSource
from hookline.outbound.sealing import SecretBox
from hookline.storage.database import open_database
from hookline.storage.migrate import migrate
from hookline.storage.store import Store
from tests.credentials.issued import issue
from tests.services.postgres import PostgresServer, postgres_server
from tests.services.store import RecordingFanOut, owner_of
from tests.storage.databases import running_writer, settings_for

_AT_ONCE = (1, 32)
_ISSUED_AT_ONCE = 200
_CONTEXT = RequestContext("req_bench", "192.0.2.7", "bench", "POST /v1/messages")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one verification, microseconds."""

    cpu: float
    wall: float


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog='make bench ARGS="--tokens"', description=__doc__)
    parser.add_argument("--credentials", type=int, default=10_000)
    parser.add_argument("--verifications", type=int, default=50_000)
    options = parser.parse_args(arguments)
    table = Table(title=f"Verification of a token, {options.credentials:,} credentials; µs each")
    for column in ("database", "at once", "CPU", "time", "of it, checksum and digest"):
        table.add_column(column, justify="left" if column == "database" else "right")
    for name in ("SQLite", "PostgreSQL"):
        with _database(name) as url, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            floor, costs = runner.run(_measure(url, options.credentials, options.verifications))
        for at_once, cost in costs.items():
            figures = (f"{one:.1f}" for one in (cost.cpu, cost.wall, floor.cpu))
            table.add_row(name, f"{at_once}", *figures)
    console.print(table)


@contextmanager
def _database(name: str) -> Iterator[str]:
    server = postgres_server() if name == "PostgreSQL" else nullcontext(None)
    with tempfile.TemporaryDirectory() as folder, server as running:
        if isinstance(running, PostgresServer):
            yield running.create_database()
        else:
            yield f"sqlite:///{Path(folder) / 'hookline.db'}"


async def _measure(url: str, credentials: int, count: int) -> tuple[Cost, dict[int, Cost]]:
    settings = settings_for(url, poll_interval_s=1.0)
    await migrate(settings)
    database, clock = open_database(settings), SystemClock()
    ids = IdSource(clock)
    finishers = (AuditTrail(clock), EventLog(ids, RecordingFanOut()))
    async with running_writer(database, settings, *finishers) as writer:
        store = Store(database, writer, ids, clock, settings)
        tokens = await _issue_many(store, credentials)
        authenticator = CredentialAuthenticator(database, LastUses(writer, clock))
        order = random.Random(0).choices(tokens, k=count)
        spare_the_collector()  # as the server does
        costs = {
            at_once: await _cost_of(
                lambda token: authenticator.authenticate(token, _CONTEXT), order, at_once
            )
            for at_once in _AT_ONCE
        }
    await database.close()
    return _floor(order), costs


async def _issue_many(store: Store, count: int) -> list[str]:
    box = SecretBox(["a key that only the benchmark uses, 32"])
    account = await store.commit(lambda tx: create_account(tx, store, box, name="Bench"))
    owner, tokens = owner_of(account), list[str]()
    while len(tokens) < count:
        wanted = min(_ISSUED_AT_ONCE, count - len(tokens))
        made = await asyncio.gather(*(issue(store, owner) for _ in range(wanted)))
        tokens.extend(one.token for one in made)
    return tokens


async def _cost_of(
    verify: Callable[[str], Awaitable[object]], order: list[str], at_once: int
) -> Cost:
    async def take(place: int) -> None:
        for token in order[place::at_once]:
            await verify(token)

    await verify(order[0])
    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(take(place) for place in range(at_once)))
    return _since(cpu, wall, len(order))


def _floor(order: list[str]) -> Cost:
    cpu, wall = time.process_time(), time.perf_counter()
    for token in order:
        parse_token(token)
    return _since(cpu, wall, len(order))


def _since(cpu: float, wall: float, count: int) -> Cost:
    each = 1e6 / count
    return Cost((time.process_time() - cpu) * each, (time.perf_counter() - wall) * each)
