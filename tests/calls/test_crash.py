"""After kill -9 every acknowledged call ends exactly once, with its legs and its recordings."""

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from hookline.accounts.model import Account
from hookline.calls.model import EVENT_OF, FINAL, RecordingStatus, Status
from hookline.clock import HOUR_MS, SystemClock, UnixMs
from hookline.storage.schema import calls, events, legs, recordings
from hookline.storage.store import Store
from tests.calls.crashing import Node, node
from tests.calls.room import furnish

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("TEST_KILLS", "2"))


class LaterClock(SystemClock):
    """By it every lease of a victim has run out."""

    def now_ms(self) -> UnixMs:
        return UnixMs(super().now_ms() + HOUR_MS)


@pytest.fixture
async def victims(
    store: Store, account: Account, migrated_url: str, tmp_path: Path
) -> AsyncIterator[Process]:
    await furnish(store, account.id)
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "tests.calls.crashing", migrated_url, account.id)
    process = await asyncio.create_subprocess_exec(
        *command, str(tmp_path), cwd=ROOT, stdin=pipe, stdout=pipe, start_new_session=True
    )
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    await process.communicate()


async def run_and_kill(victims: Process, answers: int) -> set[str]:
    """The calls that a victim acknowledged until it was killed at that many."""
    assert victims.stdin
    assert victims.stdout
    victims.stdin.write(b"go\n")
    pid, acknowledged = 0, set[str]()
    while (line := (await victims.stdout.readline()).decode().strip()) != "end":
        if line.startswith("!"):
            acknowledged.add(line[1:])
        elif line.isdigit():
            pid = int(line)
        if pid > 0 and len(acknowledged) >= answers:
            os.kill(pid, signal.SIGKILL)
            pid = -1
    return acknowledged


async def test_every_call_ends_exactly_once(
    store: Store, victims: Process, migrated_url: str, account: Account, tmp_path: Path
) -> None:
    chance = random.Random()
    acknowledged = set[str]()
    for _ in range(KILLS):
        acknowledged |= await run_and_kill(victims, chance.randint(20, 150))
    async with node(migrated_url, account.id, tmp_path, LaterClock()) as heir:
        await heir.exchange.recover()
        await hang_up_rest(heir)
    found = {row.id: row.status for row in await store.read(select(calls))}
    assert acknowledged <= found.keys()
    assert set(found.values()) <= FINAL
    await check_rest(store, found)


async def hang_up_rest(heir: Node) -> None:
    """What was queued goes on, and a virtual phone rings for ever: a clean stop ends that."""
    await heir.exchange.conductor.stop()


async def check_rest(store: Store, found: dict[str, str]) -> None:
    assert {row.status for row in await store.read(select(legs.c.status))} <= FINAL
    kept = {row.status for row in await store.read(select(recordings.c.status))}
    assert RecordingStatus.IN_PROGRESS not in kept
    log = await store.read(select(events).order_by(events.c.position))
    assert [row.position for row in log] == list(range(1, len(log) + 1))
    told = [row for row in log if row.type.startswith("call.")]
    ends = Counter(row.resource_id for row in told if row.type == final_type(row.body))
    assert ends == dict.fromkeys(found, 1)
    for call_id, status in found.items():
        mine = [row for row in told if row.resource_id == call_id]
        assert mine[-1].type == EVENT_OF[Status(status)]


def final_type(body: bytes) -> str | None:
    status = Status(msgspec.json.decode(body)["data"]["status"])
    return EVENT_OF[status].value if status in FINAL else None
