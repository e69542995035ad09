"""A query outside any batch, and a caller who does not wait for its end."""

import asyncio

from sqlalchemy import event, text

from hookline.settings import Settings
from hookline.storage.database import open_database

LONG = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
    " SELECT count(*) FROM n"
)


async def test_a_torn_read_keeps_its_connection(settings: Settings) -> None:
    database = open_database(settings)
    lost: list[object] = []
    event.listen(database.engine.sync_engine, "invalidate", lambda *what: lost.append(what))
    await database.read(LONG)
    for rounds in range(12):
        reading = asyncio.create_task(database.read(LONG))
        for _ in range(rounds):
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading])
    assert (await database.read(LONG))[0][0] == 20_000
    await database.close()
    assert not lost
