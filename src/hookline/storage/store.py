"""What every use case needs: a way to read, a way to commit, ids, the time, the settings."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Executable

from hookline.clock import Clock, UnixMs
from hookline.ids import IdSource
from hookline.settings import Settings
from hookline.storage.database import Database
from hookline.storage.transaction import Rows, Transaction
from hookline.storage.writer import Writer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Store:
    """Handed to use cases by the composition root."""

    database: Database
    writer: Writer
    ids: IdSource
    clock: Clock
    settings: Settings

    async def read(self, statement: Executable) -> Rows:
        """Query committed rows. Raises DatabaseUnavailable."""
        return await self.database.read(statement)

    async def commit(self, use_case: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run the use case in the next batch; returns when it is durable."""
        return await self.writer.run(use_case)

    def now(self) -> UnixMs:
        return self.clock.now_ms()
