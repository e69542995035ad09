"""The transaction of one batch, as operations and use cases see it.

Nobody here commits: the writer does. What must happen at the end of the batch, once and for all of
it (events, audit rows), is deferred to a finisher; what must happen only if it is committed is an
`after_commit` callback.
"""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Executable
from sqlalchemy.engine import Connection, Row
from sqlalchemy.ext.asyncio import AsyncConnection

from hookline.storage import postgres, sqlite
from hookline.storage.errors import DatabaseUnavailable
from hookline.storage.failures import answering
from hookline.storage.sets import Insert, Select, Update, Values
from hookline.storage.sets import Row as SetRow

if TYPE_CHECKING:
    from hookline.storage.postgres import Connection as PostgresConnection

Rows = Sequence[Row[Any]]  # Any: the columns are those of the statement


class Finisher(Protocol):
    """Writes at the end of a batch what was deferred to it during the batch."""

    name: str

    async def finish(self, tx: "Transaction", items: Sequence[Any]) -> None:  # Any: its own items
        ...


class Transaction(ABC):
    """What a unit of work may do."""

    def __init__(self) -> None:
        self.is_single = False
        """Whether the batch is one unit, which may then fail the whole transaction."""
        self.deferred: dict[str, list[Any]] = {}  # Any: each finisher knows its own items
        self._added: dict[Insert, list[Values]] = {}
        self.callbacks: list[Callable[[], None]] = []
        self.topics: set[str] = set()

    @abstractmethod
    async def execute(self, statement: Executable) -> Rows:
        """Run an ordinary SQLAlchemy statement and fetch what it returns."""

    @abstractmethod
    async def changed(self, statement: Executable) -> int:
        """Run an UPDATE or DELETE without RETURNING: how many rows it changed."""

    @abstractmethod
    async def insert(self, statement: Insert, rows: Sequence[Values]) -> list[bool]:
        """Insert now; says of each row whether it won."""

    @abstractmethod
    async def update(self, statement: Update, rows: Sequence[Values]) -> list[SetRow | None]:
        """Compare-and-set now; the returned columns of each winner, None for a loser."""

    @abstractmethod
    async def select(self, statement: Select, keys: Sequence[Values]) -> list[list[SetRow]]:
        """Read by key inside the transaction."""

    @abstractmethod
    async def savepoint(self, name: str) -> None: ...

    @abstractmethod
    async def release(self, name: str) -> None: ...

    @abstractmethod
    async def roll_back_to(self, name: str) -> None: ...

    def add(self, statement: Insert, row: Values) -> None:
        """Insert with the rest of the batch: rows of one statement go in together."""
        self._added.setdefault(statement, []).append(row)

    def defer(self, finisher: str, item: object) -> None:
        """Hand the item to a finisher at the end of the batch."""
        self.deferred.setdefault(finisher, []).append(item)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call back once the batch is durable; never when it is not."""
        self.callbacks.append(callback)

    def notify(self, topic: str) -> None:
        """Wake whoever waits for the topic, here and on other nodes, once the batch is durable."""
        self.topics.add(topic)

    async def flush(self) -> None:
        """Insert the added rows; called by the writer, and before reading what was added."""
        while self._added:
            added, self._added = self._added, {}
            for statement, rows in added.items():
                await self.insert(statement, rows)

    @asynccontextmanager
    async def isolated(self, name: str) -> AsyncIterator[None]:
        """A savepoint: when the block fails, nothing of it stays, and the error goes on."""
        await self.flush()
        deferred = {key: len(items) for key, items in self.deferred.items()}
        callbacks, topics = len(self.callbacks), set(self.topics)
        await self.savepoint(name)
        try:
            yield
            await self.flush()
        except BaseException as error:
            self._added.clear()
            for key, items in self.deferred.items():
                del items[deferred.get(key, 0) :]
            del self.callbacks[callbacks:]
            self.topics = topics
            if not isinstance(error, DatabaseUnavailable):  # which has ended the transaction
                await self.roll_back_to(name)
            raise
        await self.release(name)


class SqliteTransaction(Transaction):
    """On SQLite statements run at once, inside this process."""

    def __init__(self, connection: Connection, raw: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection
        self._raw = raw

    async def execute(self, statement: Executable) -> Rows:
        with answering:
            result = self._connection.execute(statement)
            return result.all() if result.returns_rows else []

    async def changed(self, statement: Executable) -> int:
        with answering:
            return self._connection.execute(statement).rowcount

    async def insert(self, statement: Insert, rows: Sequence[Values]) -> list[bool]:
        with answering:
            return sqlite.insert(self._raw, statement, rows)

    async def update(self, statement: Update, rows: Sequence[Values]) -> list[SetRow | None]:
        with answering:
            return sqlite.update(self._raw, statement, rows)

    async def select(self, statement: Select, keys: Sequence[Values]) -> list[list[SetRow]]:
        with answering:
            return sqlite.select(self._raw, statement, keys)

    async def savepoint(self, name: str) -> None:
        with answering:
            self._raw.execute(f'SAVEPOINT "{name}"')

    async def release(self, name: str) -> None:
        with answering:
            self._raw.execute(f'RELEASE "{name}"')

    async def roll_back_to(self, name: str) -> None:
        with answering:
            self._raw.execute(f'ROLLBACK TO "{name}"')
            self._raw.execute(f'RELEASE "{name}"')


class PostgresTransaction(Transaction):
    """On PostgreSQL a statement is one round trip."""

    def __init__(self, connection: AsyncConnection, raw: "PostgresConnection") -> None:
        super().__init__()
        self._connection = connection
        self._raw = raw

    async def execute(self, statement: Executable) -> Rows:
        with answering:
            result = await self._connection.execute(statement)
            return result.all() if result.returns_rows else []

    async def changed(self, statement: Executable) -> int:
        with answering:
            return (await self._connection.execute(statement)).rowcount

    async def insert(self, statement: Insert, rows: Sequence[Values]) -> list[bool]:
        with answering:
            return await postgres.insert(self._raw, statement, rows)

    async def update(self, statement: Update, rows: Sequence[Values]) -> list[SetRow | None]:
        with answering:
            return await postgres.update(self._raw, statement, rows)

    async def select(self, statement: Select, keys: Sequence[Values]) -> list[list[SetRow]]:
        with answering:
            return await postgres.select(self._raw, statement, keys)

    async def savepoint(self, name: str) -> None:
        with answering:
            await self._raw.execute(f'SAVEPOINT "{name}"')

    async def release(self, name: str) -> None:
        with answering:
            await self._raw.execute(f'RELEASE SAVEPOINT "{name}"')

    async def roll_back_to(self, name: str) -> None:
        with answering:
            await self._raw.execute(f'ROLLBACK TO SAVEPOINT "{name}"')
            await self._raw.execute(f'RELEASE SAVEPOINT "{name}"')
