"""Commits units until it is killed, and prints the id of each once it is acknowledged.

Run as a program: `python -m tests.storage.crashing URL PREFIX`.
"""

import asyncio
import os
import sys

from hookline.events.append import EventLog, append
from hookline.ids import AccountId, IdSource
from hookline.storage.database import open_database
from hookline.storage.transaction import Transaction
from tests.storage.databases import running_writer, settings_for
from tests.storage.rows import adding
from tests.storage.streams import FanOutLog, draft

ACCOUNT = AccountId("acc_crash")
TASKS = 20


async def main(url: str, prefix: str) -> None:
    settings = settings_for(url)
    database = open_database(settings)
    async with running_writer(database, settings, EventLog(IdSource(), FanOutLog())) as writer:

        async def commit(task: int) -> None:
            for number in range(1_000_000):
                name = f"{prefix}-{task}-{number}"

                async def use_case(tx: Transaction, name: str = name) -> None:
                    await adding(name)(tx)
                    append(tx, draft(ACCOUNT, name, sequence=1))

                await writer.run(use_case)
                os.write(1, f"{name}\n".encode())

        await asyncio.gather(*(commit(task) for task in range(TASKS)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
