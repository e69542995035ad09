"""Look-ups by key on the hot path, without a cache: always the committed truth, on every node.

On SQLite a look-up is one statement in this process. On PostgreSQL all that are asked for while
one query is under way go into the next, so that the round trip is shared.
"""

import asyncio
from collections.abc import Sequence

from hookline.storage.database import Database
from hookline.storage.sets import Row, Select, Values

_BATCH_MAX = 500


class Lookup:
    """Reads rows of one Select by key."""

    def __init__(self, database: Database, statement: Select) -> None:
        self._database = database
        self._statement = statement
        self._immediate = database.dialect == "sqlite"
        self._waiting: list[tuple[Values, asyncio.Future[list[Row]]]] = []
        self._task: asyncio.Task[None] | None = None

    async def find(self, *key: object) -> list[Row]:
        """The rows with this key. Raises DatabaseUnavailable."""
        if self._immediate:
            return (await self._database.lookup(self._statement, [key]))[0]
        waiter: asyncio.Future[list[Row]] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, waiter))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return await waiter

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_BATCH_MAX], self._waiting[_BATCH_MAX:]
            await self._answer(batch)

    async def _answer(self, batch: Sequence[tuple[Values, asyncio.Future[list[Row]]]]) -> None:
        try:
            found = await self._database.lookup(self._statement, [key for key, _ in batch])
        except Exception as error:  # noqa: BLE001 - each caller gets it
            for _, waiter in batch:
                if not waiter.done():
                    waiter.set_exception(error)
            return
        for (_, waiter), rows in zip(batch, found, strict=True):
            if not waiter.done():
                waiter.set_result(rows)
