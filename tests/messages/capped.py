"""A program that sends messages of a capped credential until it is killed.

`python -m tests.messages.capped URL ACCOUNT` prints a line for each that is acknowledged.
"""

import asyncio
import os
import sys
from dataclasses import replace

from hookline.audit.append import AuditTrail
from hookline.clock import ManualClock
from hookline.events.append import EventLog
from hookline.ids import AccountId, CarrierId, IdSource
from hookline.restrictions import Restrictions
from hookline.settings import Settings
from hookline.storage.database import open_database
from hookline.storage.store import Store
from hookline.storage.writer import Writer
from tests.messages.room import PHONE, Room, SignalingFanOut

TASKS = 20
CAP = 1_000_000


async def main(url: str, account_id: AccountId) -> None:
    settings, clock = Settings(database_url=url), ManualClock()
    ids, fan_out = IdSource(clock), SignalingFanOut()
    writer = Writer(database := open_database(settings), settings)
    writer.add_finisher(EventLog(ids, fan_out))
    writer.add_finisher(AuditTrail(clock))
    await writer.start()
    room = Room(Store(database, writer, ids, clock, settings), fan_out, account_id, CarrierId(""))
    await room.start()
    bound = replace(room.live, id="crd_capped", restrictions=Restrictions(daily_message_cap=CAP))

    async def send() -> None:
        while True:
            await room.send(PHONE, by=bound)
            os.write(1, b"sent\n")

    await asyncio.gather(*(send() for _ in range(TASKS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], AccountId(sys.argv[2])))
