"""A program that places calls over the sandbox until it is killed.

`python -m tests.calls.crashing URL ACCOUNT FOLDER` reads a prefix a line and forks a victim for each.
It prints the victim's process id, `!id` once a call is acknowledged, and `end` when the victim is gone.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hookline.accounts.countries import AccountCountries
from hookline.audit.append import AuditTrail
from hookline.calls.exchange import Exchange
from hookline.calls.permission import Permission
from hookline.calls.schemas import CallCreate
from hookline.clock import Clock, SystemClock
from hookline.events.append import EventLog
from hookline.ids import AccountId, IdSource
from hookline.numbers.book import NumberBook
from hookline.settings import Settings
from hookline.storage.database import open_database
from hookline.storage.leases import Leases
from hookline.storage.store import Store
from hookline.storage.wakeups import Wakeups
from hookline.storage.writer import Writer
from hookline.voice.speech import open_speech
from tests.calls.room import credential
from tests.messages.room import SignalingFanOut

TASKS = 10
NUMBER = "+12025550100"
RECIPIENTS = (
    "+15005550006",
    "+447700900123",
    "+15005550007",
    "+15005550009",
    "+15005550011",
    "+12025550110",
)
"""Some answer, some do not, a virtual phone rings for ever."""


@dataclass
class Node:
    """A process that runs calls."""

    store: Store
    exchange: Exchange
    account_id: AccountId
    fan_out: SignalingFanOut

    async def place(self, number: int) -> str:
        """Place a call; each seventh is recorded."""
        body = {
            "from": NUMBER,
            "to": RECIPIENTS[number % len(RECIPIENTS)],
            "actions": [{"pause": {"seconds": 1}}],
            "record": "none" if number % 7 else "mono",
        }
        placement = self.exchange.placement
        wanted = CallCreate.model_validate(body)
        prepared = await placement.prepare(credential(self.account_id), wanted)
        return (await self.store.commit(lambda tx: placement.accept(tx, prepared))).id


@asynccontextmanager
async def node(
    url: str, account_id: AccountId, folder: Path, clock: Clock | None = None, **changes: Any
) -> AsyncIterator[Node]:
    """A node on this database, wired as `app.py` does it."""
    clock = clock or SystemClock()
    settings = Settings(database_url=url, data_dir=folder, lease_ttl_s=1, **changes)
    ids, fan_out = IdSource(clock), SignalingFanOut()
    writer = Writer(database := open_database(settings), settings)
    writer.add_finisher(EventLog(ids, fan_out))
    writer.add_finisher(AuditTrail(clock))
    await writer.start()
    store = Store(database, writer, ids, clock, settings)
    wakeups = Wakeups(database, writer)
    leases = Leases(database, writer, clock, settings)
    await leases.start(alone=False)
    book = NumberBook(store, wakeups)

    async def no_secrets(_: AccountId) -> list[str]:
        return []

    speech = open_speech(settings)
    permission = Permission(store, AccountCountries(store, wakeups))
    exchange = Exchange(store, leases, book, speech, no_secrets, permission)
    exchange.listen(wakeups)
    try:
        yield Node(store, exchange, account_id, fan_out)
    finally:
        await exchange.stop()
        await speech.close()
        await writer.stop()
        await database.close()


async def main(url: str, account_id: AccountId, folder: Path) -> None:
    async with node(url, account_id, folder) as victim:
        await victim.exchange.recover()

        async def place(task: int) -> None:
            for number in range(1_000_000):
                call_id = await victim.place(TASKS * number + task)
                os.write(1, f"!{call_id}\n".encode())
                await asyncio.sleep(0.02)

        await asyncio.gather(victim.exchange.run(), *(place(task) for task in range(TASKS)))


def run_victims(url: str, account_id: AccountId, folder: Path) -> None:
    for _ in sys.stdin:
        victim = os.fork()
        if victim == 0:
            asyncio.run(main(url, account_id, folder))
        os.write(1, f"{victim}\n".encode())
        os.waitpid(victim, 0)
        os.write(1, b"end\n")


if __name__ == "__main__":
    run_victims(sys.argv[1], AccountId(sys.argv[2]), Path(sys.argv[3]))
