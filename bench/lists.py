"""`python -m bench.lists`: how long lists take at 100,000 logged requests and 10,000 credentials.

Each list is asked for through the whole application, in one process, on both databases; the time is
the shortest and the median of some repetitions, after one that is not counted: on a machine that does other
things, too, the shortest says what a list takes. With `--deliveries 1000000` there are so many old deliveries
besides, and claims are timed as well.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from bench.old_deliveries import OldDeliveries
from hookline.app import Server
from hookline.clock import DAY_MS
from hookline.credentials.issuing import Issue, issue_credential
from hookline.credentials.usage_store import COUNT_REQUESTS, OPEN_DAY
from hookline.ids import IdSource
from hookline.principal import Principal, PrincipalKind, Scope
from hookline.requests.store import INSERT
from hookline.settings import Settings
from hookline.storage.database import PostgresDatabase
from hookline.storage.migrate import migrate
from hookline.storage.schema import accounts
from hookline.telemetry.logs import configure_logs
from tests.services.postgres import postgres_server

_PATHS = ("/v1/messages", "/v1/calls", "/v1/events", "/v1/credentials/self", "/v1/webhooks")
_DAYS = 28
_CHUNK = 1_000
_AGENT = "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)"
_BODY = '{"from":"+12025550100","to":"+12025550110","text":"[40 characters]","metadata":{"a":"b"}}'


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.lists", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--credentials", type=int, default=10_000)
    parser.add_argument("--deliveries", type=int, default=0, help="old ones, for their lists")
    parser.add_argument("--repeat", type=int, default=9)
    options = parser.parse_args()
    configure_logs(level="error", as_json=True)
    with tempfile.TemporaryDirectory(prefix="hookline-bench-") as folder, postgres_server() as db:
        for name, url in (("SQLite", ""), ("PostgreSQL", db.create_database())):
            print(name)
            asyncio.run(_measure(Path(folder) / name, url, options))


async def _measure(folder: Path, url: str, options: argparse.Namespace) -> None:
    folder.mkdir()  # noqa: ASYNC240 - before anything runs
    settings = Settings(data_dir=folder, database_url=url, admin_password="of no use here at all")
    await migrate(settings)
    server = Server(settings)
    await server.start()
    await server.core.bootstrap()
    filled = Filling(server, options)
    await filled.fill()
    old = OldDeliveries(server, options.deliveries) if options.deliveries else None
    if old is not None:
        await old.fill(filled.account_id)
    await _settle(server)
    transport = httpx.ASGITransport(server.asgi)
    headers = {"Authorization": f"Bearer {filled.token}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost", headers=headers, timeout=60
    ) as client:
        for place in [*filled.lists(), *(old.lists() if old else [])]:
            times = []
            for _ in range(options.repeat + 1):
                began = time.perf_counter()
                answer = await client.get(place)
                times.append((time.perf_counter() - began) * 1_000)
                answer.raise_for_status()
            found = answer.json().get("data", [])
            shown = place if len(place) < 90 else place[:87] + "…"
            print(
                f"  {min(times[1:]):6.1f} ms, median {statistics.median(times[1:]):6.1f}, "
                f"{len(found):3d} rows  {shown}"
            )
    if old is not None:
        await old.time_claims(options.repeat)
    await server.stop()


async def _settle(server: Server) -> None:
    """On PostgreSQL what autovacuum does within a minute or two of such a filling."""
    database = server.core.database
    if isinstance(database, PostgresDatabase):
        connection = await asyncpg.connect(database.dsn)
        await connection.execute("VACUUM ANALYZE")
        await connection.close()


class Filling:
    """Puts the rows in."""

    def __init__(self, server: Server, options: argparse.Namespace) -> None:
        self._store = server.core.store
        self._options = options
        self._chance = random.Random(1)
        self._made: list[Any] = []  # Any: credentials as they were issued
        self.token = ""
        self.account_id = ""
        self._some_id = ""

    async def fill(self) -> None:
        account_id = self.account_id = (await self._store.read(accounts.select()))[0].id
        owner = Principal(account_id, PrincipalKind.SYSTEM, "bench", frozenset(Scope))
        command = Issue("bench", frozenset(Scope))
        for start in range(0, self._options.credentials, _CHUNK):
            count = min(_CHUNK, self._options.credentials - start)

            async def some(tx: Any, count: int = count) -> None:  # Any: a transaction
                for _ in range(count):
                    self._made.append(await issue_credential(tx, self._store, owner, command))

            await self._store.commit(some)
        self.token = self._made[0].token
        rows = list(self._requests(account_id))
        self._some_id = str(rows[len(rows) // 2][0])
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            await self._store.commit(lambda tx, chunk=chunk: tx.insert(INSERT, chunk))
        today = self._store.now() // DAY_MS
        days = [(one.credential.id, today - day) for one in self._made[:100] for day in range(90)]
        await self._store.commit(
            lambda tx: tx.insert(OPEN_DAY, [(*day, account_id) for day in days])
        )
        await self._store.commit(
            lambda tx: tx.update(COUNT_REQUESTS, [(*day, 100, 3, 0) for day in days])
        )

    def _requests(self, account_id: str) -> Iterator[tuple[object, ...]]:
        ids = IdSource(_Past(self._store.now(), self._options.requests))
        for number in range(self._options.requests):
            made = self._made[min(int(self._chance.expovariate(0.02)), len(self._made) - 1)]
            credential = made.credential
            status = 202 if number % 40 else self._chance.choice((401, 404, 422, 500))
            path = self._chance.choice(_PATHS)
            yield (
                ids.new("req"), account_id, credential.mode.value, credential.id,
                credential.prefix, credential.last4, self._chance.choice(("GET", "POST")), path,
                path, "", status, None, 2_000, f"192.0.2.{number % 200}", _AGENT, 0, "[]",
                '{"host":"localhost","accept":"*/*","content-type":"application/json"}', _BODY, 90,
            )  # fmt: skip

    def lists(self) -> list[str]:
        """What is asked for."""
        busy, quiet = self._made[0].credential, self._made[-1].credential
        base = "/v1/requests"
        since = "2020-01-01T00:00:00Z"
        return [
            base, f"{base}?limit=100", f"{base}?limit=100&cursor={self._some_id}",
            f"{base}?limit=100&order=asc", f"{base}?limit=100&mode=live",
            f"{base}?limit=100&mode=test", f"{base}?limit=100&status=4xx",
            f"{base}?limit=100&status=503", f"{base}?limit=100&status=2xx&method=POST",
            f"{base}?limit=100&path=/v1/messages", f"{base}?limit=100&path=/v1/nothing",
            f"{base}?limit=100&ip=192.0.2.7", f"{base}?limit=100&ip=198.51.100.1",
            f"{base}?limit=100&token={busy.last4}", f"{base}?limit=100&token=0000",
            f"{base}?limit=100&credential={busy.id}", f"{base}?limit=100&credential={quiet.id}",
            f"{base}?limit=100&credential={busy.id}&status=5xx&path=/v1/calls",
            f"{base}?limit=100&credential={busy.id}&ip=198.51.100.1",
            f"{base}?limit=100&since={since}&status=5xx", f"{base}?limit=100&until={since}",
            f"{base}?request_id={self._some_id}", f"{base}/{self._some_id}",
            "/v1/credentials", "/v1/credentials?limit=100", "/v1/credentials?limit=100&q=nothing",
            "/v1/credentials?limit=100&status=rotating", f"/v1/credentials/{busy.id}",
        ]  # fmt: skip


class _Past:
    """A clock that spreads so many instants over the last weeks."""

    def __init__(self, now: int, count: int) -> None:
        self._at = float(now - _DAYS * DAY_MS)
        self._step = _DAYS * DAY_MS / count

    def now_ms(self) -> Any:  # Any: an instant
        self._at += self._step
        return int(self._at)

    def monotonic_s(self) -> float:
        return self._at / 1_000


if __name__ == "__main__":
    main()
