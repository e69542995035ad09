"""After kill -9 every acknowledged message comes to its end, with its events, and none is invented."""

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

from hookline.clock import HOUR_MS, SystemClock, UnixMs
from hookline.messages.model import EVENT_OF, FINAL, Status
from hookline.storage.schema import events, messages
from hookline.storage.transaction import Rows
from tests.messages.crashing import RECIPIENTS
from tests.messages.room import Room, another_node

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("TEST_KILLS", "3"))


class LaterClock(SystemClock):
    """By it every lease of a victim has run out."""

    def now_ms(self) -> UnixMs:
        return UnixMs(super().now_ms() + HOUR_MS)


@pytest.fixture
async def victims(room: Room, migrated_url: str) -> AsyncIterator[Process]:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "tests.messages.crashing", migrated_url, room.account_id)
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdin=pipe, stdout=pipe, start_new_session=True
    )
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    await process.communicate()


async def run_and_kill(victims: Process, prefix: str, answers: int) -> tuple[set[str], set[str]]:
    """What a victim submitted, and what was acknowledged, until it was killed at that many."""
    assert victims.stdin
    assert victims.stdout
    victims.stdin.write(f"{prefix}\n".encode())
    pid, submitted, acknowledged = 0, set[str](), set[str]()
    while (line := (await victims.stdout.readline()).decode().strip()) != "end":
        if line.startswith("?"):
            submitted.add(line[1:])
        elif line.startswith("!"):
            acknowledged.add(line[1:])
        elif line.isdigit():
            pid = int(line)
        if pid > 0 and len(acknowledged) >= answers:
            os.kill(pid, signal.SIGKILL)
            pid = -1
    return submitted, acknowledged


async def stored(room: Room) -> Rows:
    return await room.store.read(select(messages).order_by(messages.c.id))


async def test_nothing_is_lost_or_invented(room: Room, victims: Process) -> None:
    chance = random.Random()
    submitted, acknowledged = set[str](), set[str]()
    for kill in range(KILLS):
        tried, answered = await run_and_kill(victims, f"run{kill}-", chance.randint(1, 500))
        submitted |= tried
        acknowledged |= answered
    async with another_node(room, clock=LaterClock()) as heir:
        await heir.upkeep.recover()

        async def all_ended() -> bool:
            await heir.dispatcher.claim_everything()
            return all(row.status in FINAL for row in await stored(room))

        await heir.until(all_ended)
    found = await stored(room)
    names = Counter(row.text.split()[0] for row in found)
    assert acknowledged <= set(names) <= submitted
    assert set(names.values()) == {1}
    assert {(row.recipient, row.status) for row in found} <= RECIPIENTS.items()
    await check_events(room, found)
    for row in chance.sample(found, min(len(found), 50)):
        await room.check_history(row.id)


async def check_events(room: Room, found: Rows) -> None:
    """Positions without gaps, and one final event a message."""
    log = await room.store.read(select(events).order_by(events.c.position))
    assert [row.position for row in log] == list(range(1, len(log) + 1))
    ends = Counter(row.resource_id for row in log if is_final(row.body))
    assert ends == Counter(row.id for row in found)


def is_final(body: bytes) -> bool:
    event = msgspec.json.decode(body)
    status = Status(event["data"]["status"])
    assert event["type"] == EVENT_OF[status]
    return status in FINAL
