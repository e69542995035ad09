"""A program that commits units until it is killed, and prints each once it is acknowledged.

`python -m tests.storage.crashing URL` reads a prefix a line, runs a victim for each, prints the
victim's process id first and `end` last: the imports are paid once.
"""

import asyncio
import os
import sys

from hookline.events.append import EventLog, append
from hookline.ids import AccountId, IdSource
from hookline.settings import Settings
from hookline.storage.database import open_database
from hookline.storage.transaction import Transaction
from hookline.storage.writer import Writer
from tests.storage.rows import adding
from tests.storage.streams import FanOutLog, draft

ACCOUNT = AccountId("acc_crash")
TASKS = 20


async def main(url: str, prefix: str) -> None:
    settings = Settings(database_url=url)
    writer = Writer(open_database(settings), settings)
    writer.add_finisher(EventLog(IdSource(), FanOutLog()))
    await writer.start()

    async def commit(task: int) -> None:
        for number in range(1_000_000):
            name = f"{prefix}{task}-{number}"

            async def use_case(tx: Transaction, name: str = name) -> None:
                await adding(name)(tx)
                append(tx, draft(ACCOUNT, name, sequence=1))

            await writer.run(use_case)
            os.write(1, f"{name}\n".encode())

    await asyncio.gather(*(commit(task) for task in range(TASKS)))


def run_victims(url: str) -> None:
    for line in sys.stdin:
        victim = os.fork()
        if victim == 0:
            asyncio.run(main(url, line.strip()))
        os.write(1, f"{victim}\n".encode())
        os.waitpid(victim, 0)
        os.write(1, b"end\n")


if __name__ == "__main__":
    run_victims(sys.argv[1])
