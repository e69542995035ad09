"""What was acknowledged is there after kill -9, whole, and nothing is there by halves."""

import asyncio
import random
import sys
from pathlib import Path

from sqlalchemy import select

from hookline.storage.database import Database
from hookline.storage.schema import events, leases
from hookline.storage.transaction import Rows
from hookline.storage.writer import Writer
from tests.storage.crashing import ACCOUNT
from tests.storage.streams import open_streams, stored

ROOT = Path(__file__).parents[2]
KILLS = 5


async def run_and_kill(url: str, prefix: str, acknowledgements: int) -> set[str]:
    """The acknowledged ids; killed once so many of them have been read."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.storage.crashing", url, prefix,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    lines = [await process.stdout.readline() for _ in range(acknowledgements)]
    process.kill()
    rest = await process.stdout.read()
    await process.wait()
    whole, _, _cut = rest.rpartition(b"\n")
    return set(b"".join(lines).decode().split()) | set(whole.decode().split())


async def test_acknowledged_work_survives_kill(
    writer: Writer, database: Database, migrated_url: str
) -> None:
    await open_streams(writer, ACCOUNT)
    chance = random.Random()
    acknowledged: set[str] = set()
    for kill in range(KILLS):
        acknowledged |= await run_and_kill(migrated_url, f"run{kill}", chance.randint(1, 600))
        rows = await stored(database, ACCOUNT)
        assert [row.position for row in rows] == list(range(1, len(rows) + 1))
        assert acknowledged <= {row.resource_id for row in rows}
        assert await halves(database) == []


async def halves(database: Database) -> Rows:
    """Rows without their event, and events without their row."""
    told, made = select(events.c.resource_id), select(leases.c.name)
    return await database.read(
        made.where(leases.c.name.not_in(told)).union(told.where(events.c.resource_id.not_in(made)))
    )
