"""What was acknowledged is there after kill -9, whole, and nothing is there by halves."""

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from hookline.storage.database import Database
from hookline.storage.schema import events, leases
from hookline.storage.transaction import Rows
from hookline.storage.writer import Writer
from tests.storage.crashing import ACCOUNT
from tests.storage.streams import open_streams, stored

ROOT = Path(__file__).parents[2]
KILLS = 5


@pytest.fixture
async def victims(migrated_url: str) -> AsyncIterator[Process]:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "tests.storage.crashing", migrated_url)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe)
    yield process
    await process.communicate(b"")


async def run_and_kill(victims: Process, prefix: str, acknowledgements: int) -> set[str]:
    """The acknowledged ids of a victim that was killed once so many of them had been read."""
    assert victims.stdin
    assert victims.stdout
    victims.stdin.write(f"{prefix}\n".encode())
    pid, killed, acknowledged = 0, False, set[str]()
    while (line := (await victims.stdout.readline()).decode().strip()) != "end":
        if line.startswith(prefix):
            acknowledged.add(line)
        else:
            pid = int(line)
        if pid and not killed and len(acknowledged) >= acknowledgements:
            os.kill(pid, signal.SIGKILL)
            killed = True
    return acknowledged


async def test_acknowledged_work_survives_kill(
    writer: Writer, database: Database, victims: Process
) -> None:
    await open_streams(writer, ACCOUNT)
    chance = random.Random()
    acknowledged: set[str] = set()
    for kill in range(KILLS):
        acknowledged |= await run_and_kill(victims, f"run{kill}-", chance.randint(1, 600))
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
