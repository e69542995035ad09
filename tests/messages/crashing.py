"""A program that sends messages over the sandbox until it is killed.

`python -m tests.messages.crashing URL ACCOUNT` reads a prefix a line and forks a victim for each,
so that the imports are paid once. It prints the victim's process id, `?name` before each message is
submitted, `!name` once it is acknowledged, and `end` when the victim is gone.
"""

import asyncio
import os
import sys

from hookline.audit.append import AuditTrail
from hookline.clock import SystemClock
from hookline.events.append import EventLog
from hookline.ids import AccountId, CarrierId, IdSource
from hookline.settings import Settings
from hookline.storage.database import open_database
from hookline.storage.store import Store
from hookline.storage.writer import Writer
from tests.messages.room import Room, SignalingFanOut

TASKS = 20
RECIPIENTS = {
    "+447700900123": "delivered",
    "+15005550001": "undelivered",
    "+15005550002": "failed",
    "+15005550003": "expired",
    "+15005550004": "delivered",
    "+12025550110": "delivered",
}
"""And how messages to them end."""


def wanted(name: str) -> tuple[str, str]:
    """The recipient and the text of the message with this name; some have several segments."""
    number = int(name.rpartition("-")[2])
    special = number if number % 3 == 0 else 0
    to = list(RECIPIENTS)[special // 3 % len(RECIPIENTS)]
    return to, f"{name} {'long ' * 70 if number % 7 == 0 else ''}"


async def main(url: str, account_id: AccountId, prefix: str) -> None:
    settings = Settings(database_url=url, sandbox_receipt_delay_s=0.02, lease_ttl_s=1)
    clock = SystemClock()
    ids = IdSource(clock)
    writer = Writer(database := open_database(settings), settings)
    fan_out = SignalingFanOut()
    writer.add_finisher(EventLog(ids, fan_out))
    writer.add_finisher(AuditTrail(clock))
    await writer.start()
    store = Store(database, writer, ids, clock, settings)
    room = Room(store, fan_out, account_id, CarrierId("none"))
    await room.start()
    await room.upkeep.recover()

    async def send(task: int) -> None:
        for number in range(1_000_000):
            name = f"{prefix}{task}-{number}"
            os.write(1, f"?{name}\n".encode())
            await room.send(*wanted(name))
            os.write(1, f"!{name}\n".encode())

    await asyncio.gather(room.upkeep.run(), *(send(task) for task in range(TASKS)))


def run_victims(url: str, account_id: AccountId) -> None:
    for line in sys.stdin:
        victim = os.fork()
        if victim == 0:
            asyncio.run(main(url, account_id, line.strip()))
        os.write(1, f"{victim}\n".encode())
        os.waitpid(victim, 0)
        os.write(1, b"end\n")


if __name__ == "__main__":
    run_victims(sys.argv[1], AccountId(sys.argv[2]))
