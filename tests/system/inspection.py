"""Looks into an installation's database, as nothing but a test may."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import asyncpg

from tests.system.installation import Installation

SETTLE_S = 90
_LOOK_EVERY_S = 0.1


async def query(installation: Installation, statement: str) -> list[tuple[Any, ...]]:
    """The rows that a statement reads, which must be the same for both databases."""
    if installation.database_url:
        connection = await asyncpg.connect(installation.database_url)
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()
    database = sqlite3.connect(f"file:{installation.data / 'hookline.db'}?mode=ro", uri=True)
    try:
        return database.execute(statement).fetchall()
    finally:
        database.close()


async def settle(installation: Installation) -> None:
    """Until every message is final and every delivery made. Fails with what is left."""
    deadline = time.monotonic() + SETTLE_S
    while left := await _unsettled(installation):
        assert time.monotonic() < deadline, f"still not settled: {left}"
        await asyncio.sleep(_LOOK_EVERY_S)


async def _unsettled(installation: Installation) -> list[tuple[Any, ...]]:
    return await query(
        installation,
        "SELECT 'messages', status, count(*) FROM messages"
        " WHERE status IN ('scheduled', 'queued', 'sending', 'sent') GROUP BY status"
        " UNION ALL SELECT 'deliveries', status, count(*) FROM deliveries"
        " WHERE status = 'pending' GROUP BY status",
    )


def wait_for(is_so: Callable[[], bool]) -> None:
    """Until it is so; for what another process does."""
    deadline = time.monotonic() + SETTLE_S
    while not is_so():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(_LOOK_EVERY_S / 2)
