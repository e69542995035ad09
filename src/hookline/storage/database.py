"""The database of one process: readers for queries, and the connection that only the writer uses."""

import asyncio
import contextlib
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import asyncpg
from sqlalchemy import Engine, Executable, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from hookline.settings import Settings
from hookline.storage import postgres, sqlite
from hookline.storage.errors import CommitUncertain, DatabaseUnavailable
from hookline.storage.failures import answering
from hookline.storage.sets import Row as SetRow
from hookline.storage.sets import Select, Values
from hookline.storage.transaction import (
    PostgresTransaction,
    Rows,
    SqliteTransaction,
    Transaction,
)

if TYPE_CHECKING:
    from hookline.storage.postgres import Connection as PostgresConnection

Dialect = Literal["sqlite", "postgresql"]
CHANNEL = "hookline"
EVERYTHING = "*"
_PAYLOAD_MAX = 7_900  # PostgreSQL takes less than 8,000 bytes
_LOCK_TRY_MS = 2  # longer would hold up the event loop
_CLOSE_TIMEOUT_S = 2.0
_DRIVER = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, SQLAlchemyError)


class WriterConnection(ABC):
    """The one connection that writes. `begin`, work, then `commit` or `roll_back`."""

    @abstractmethod
    async def begin(self) -> Transaction: ...

    @abstractmethod
    async def commit(self, tx: Transaction) -> None: ...

    @abstractmethod
    async def roll_back(self) -> None: ...

    @abstractmethod
    async def foreign_commit(self) -> bool:
        """Whether another process has committed since the last call (SQLite only)."""

    @abstractmethod
    async def close(self) -> None: ...

    @abstractmethod
    async def reopen(self) -> None:
        """After the connection was lost."""


class Database(ABC):
    """One database; open with `open_database`."""

    dialect: Dialect
    url: str

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._reads: set[asyncio.Task[Rows]] = set()

    async def read(self, statement: Executable) -> Rows:
        """Run a query outside any batch. Raises DatabaseUnavailable.

        It is finished even when nobody waits any more: a connection that a task is torn from is lost.
        """
        reading = asyncio.create_task(self._read(statement))
        self._reads.add(reading)
        reading.add_done_callback(self._reads.discard)
        with answering:
            return await asyncio.shield(reading)

    async def _read(self, statement: Executable) -> Rows:
        async with self.engine.connect() as connection:
            return (await connection.execute(statement)).all()

    @abstractmethod
    async def lookup(self, statement: Select, keys: Sequence[Values]) -> list[list[SetRow]]:
        """Read committed rows by key, by the leanest way that the database has."""

    @abstractmethod
    async def open_writer(self) -> WriterConnection: ...

    async def close(self) -> None:
        if self._reads:
            await asyncio.wait(self._reads, timeout=_CLOSE_TIMEOUT_S)
        await self.engine.dispose()


def open_database(settings: Settings) -> Database:
    """The configured database. Nothing is connected to yet on PostgreSQL."""
    if settings.is_sqlite:
        settings.sqlite_path.parent.mkdir(parents=True, exist_ok=True)
        return SqliteDatabase(settings)
    return PostgresDatabase(settings)


def _payload(topics: set[str]) -> str:
    payload = " ".join(sorted(topics))
    return payload if len(payload.encode()) <= _PAYLOAD_MAX else EVERYTHING


class SqliteDatabase(Database):
    """The embedded database: one file, read in threads, looked up and written in this process."""

    dialect: Dialect = "sqlite"

    def __init__(self, settings: Settings) -> None:
        self.path = settings.sqlite_path
        self.url = f"sqlite:///{self.path}"
        self._timeout_s = settings.database_timeout_s
        engine = create_async_engine(
            f"sqlite+aiosqlite:///{self.path}",
            pool_size=settings.database_pool_size,
            max_overflow=0,
            hide_parameters=True,
            pool_timeout=settings.database_timeout_s,
            connect_args={"timeout": settings.database_timeout_s},
        )
        event.listen(engine.sync_engine, "connect", _configure)
        super().__init__(engine)
        self._lookups: sqlite3.Connection | None = None

    async def lookup(self, statement: Select, keys: Sequence[Values]) -> list[list[SetRow]]:
        with answering:
            if self._lookups is None:
                self._lookups = sqlite.connect(self.path, timeout_s=self._timeout_s, read_only=True)
            return sqlite.select(self._lookups, statement, keys)

    async def open_writer(self) -> WriterConnection:
        with answering:
            return SqliteWriterConnection(self.path, self._timeout_s)

    async def close(self) -> None:
        if self._lookups is not None:
            self._lookups.close()
        await super().close()


def _configure(connection: Any, _record: object) -> None:  # Any: SQLAlchemy's driver wrapper
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only=ON")
    cursor.execute(f"PRAGMA cache_size=-{sqlite.READER_CACHE_KIB}")
    cursor.close()


class SqliteWriterConnection(WriterConnection):
    """Statements run on the event loop, COMMIT in a thread, so that the loop runs during the fsync."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        self._raw = sqlite.connect(path, timeout_s=timeout_s)
        self._raw.execute(f"PRAGMA busy_timeout={_LOCK_TRY_MS}")
        self._timeout_s = timeout_s
        self._busy: Future[object] | None = None
        self._engine: Engine = create_engine(
            "sqlite://", creator=lambda: self._raw, poolclass=StaticPool, hide_parameters=True
        )
        self._connection: Connection = self._engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        )
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._seen_version = self._data_version()

    async def begin(self) -> Transaction:
        try:
            self._raw.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:  # another process writes: wait for it off the loop
            await self._in_thread(self._wait_for_lock)
        return SqliteTransaction(self._connection, self._raw)

    async def commit(self, tx: Transaction) -> None:
        await self._in_thread(self._commit)

    async def roll_back(self) -> None:
        if self._busy is not None and not self._busy.done():  # we were canceled meanwhile
            await asyncio.wait([asyncio.wrap_future(self._busy)])
        if self._raw.in_transaction:
            with answering:
                self._raw.execute("ROLLBACK")

    async def foreign_commit(self) -> bool:
        with answering:
            before, self._seen_version = self._seen_version, self._data_version()
        return before != self._seen_version

    async def reopen(self) -> None:
        await self.roll_back()

    async def close(self) -> None:
        self._connection.close()
        self._engine.dispose()
        self._thread.shutdown()
        self._raw.close()

    def _commit(self) -> None:
        self._raw.execute("COMMIT")

    def _wait_for_lock(self) -> None:
        with sqlite.busy_wait(self._raw, self._timeout_s):
            self._raw.execute("BEGIN IMMEDIATE")

    def _data_version(self) -> int:
        return int(self._raw.execute("PRAGMA data_version").fetchone()[0])

    async def _in_thread(self, work: Callable[[], None]) -> None:
        """Whoever waits may be canceled; the work goes on, and `roll_back` waits for it."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._busy = self._thread.submit(_work_and_tell, work, loop, done)
        with answering:
            await done


def _work_and_tell(
    work: Callable[[], None], loop: asyncio.AbstractEventLoop, done: "asyncio.Future[None]"
) -> None:
    """In the thread: one wake-up of the loop, and none of the futures between that asyncio offers."""
    failure: BaseException | None = None
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - whoever waits gets it
        failure = error
    with contextlib.suppress(RuntimeError):  # the loop has been closed: nobody waits
        loop.call_soon_threadsafe(_tell, done, failure)


def _tell(done: "asyncio.Future[None]", failure: BaseException | None) -> None:
    if done.done():
        return
    if failure is None:
        done.set_result(None)
    else:
        done.set_exception(failure)


class PostgresDatabase(Database):
    """PostgreSQL, shared by any number of nodes."""

    dialect: Dialect = "postgresql"

    def __init__(self, settings: Settings) -> None:
        self.url = settings.database_url
        self.dsn = "postgresql://" + settings.database_url.split("://", 1)[1]
        self._timeout_s = settings.database_timeout_s
        super().__init__(
            create_async_engine(
                "postgresql+asyncpg://" + settings.database_url.split("://", 1)[1],
                pool_size=settings.database_pool_size,
                max_overflow=0,
                hide_parameters=True,
                pool_timeout=settings.database_timeout_s,
                pool_pre_ping=True,
                connect_args={
                    "timeout": settings.database_timeout_s,
                    "command_timeout": settings.database_timeout_s,
                },
            )
        )
        self._lookups: PostgresConnection | None = None
        self._lookup_lock = asyncio.Lock()

    async def lookup(self, statement: Select, keys: Sequence[Values]) -> list[list[SetRow]]:
        async with self._lookup_lock:
            with answering:
                if self._lookups is None or self._lookups.is_closed():
                    self._lookups = await asyncpg.connect(
                        self.dsn,
                        timeout=self._timeout_s,
                        command_timeout=self._timeout_s,
                    )
                    await self._lookups.execute(postgres.BY_KEY)
                return await postgres.select(self._lookups, statement, keys)

    async def open_writer(self) -> WriterConnection:
        engine = create_async_engine(
            "postgresql+asyncpg://" + self.url.split("://", 1)[1],
            poolclass=StaticPool,
            hide_parameters=True,
            isolation_level="AUTOCOMMIT",
            connect_args={"timeout": self._timeout_s, "command_timeout": self._timeout_s},
        )
        writer = PostgresWriterConnection(engine)
        await writer.reopen()
        return writer

    async def close(self) -> None:
        if self._lookups is not None and not self._lookups.is_closed():
            with contextlib.suppress(*_DRIVER):  # it is being given up in any case
                await self._lookups.close(timeout=_CLOSE_TIMEOUT_S)
        await super().close()


class PostgresWriterConnection(WriterConnection):
    """One connection; SQLAlchemy runs in autocommit on it, so that BEGIN and COMMIT are ours."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._raw: PostgresConnection | None = None

    async def begin(self) -> Transaction:
        if self._connection is None or self._raw is None:
            raise DatabaseUnavailable
        with answering:
            await self._raw.execute("BEGIN")
        return PostgresTransaction(self._connection, self._raw)

    async def commit(self, tx: Transaction) -> None:
        if self._raw is None:
            raise DatabaseUnavailable
        wake = ""
        if tx.topics:  # in the same message, as a round trip counts
            payload = _payload(tx.topics).replace("'", "''")
            wake = f"NOTIFY {CHANNEL}, '{payload}'; "
        try:
            with answering:
                done = await self._raw.execute(wake + "COMMIT")
        except DatabaseUnavailable as error:
            raise CommitUncertain from error
        if done != "COMMIT":  # PostgreSQL answers so when a failed statement went unnoticed
            raise RuntimeError("the batch had failed already and was rolled back")

    async def roll_back(self) -> None:
        if self._raw is not None and not self._raw.is_closed():
            try:
                await self._raw.execute("ROLLBACK")
            except _DRIVER:  # nothing of this batch may leak into the next
                self._raw.terminate()

    async def foreign_commit(self) -> bool:
        return False

    async def reopen(self) -> None:
        await self._drop()
        try:
            self._connection = await self._engine.connect()
            wrapped = await self._connection.get_raw_connection()
            raw = cast("PostgresConnection", wrapped.driver_connection)
            await raw.execute(f"SET synchronous_commit = on; {postgres.BY_KEY}")
        except _DRIVER as error:
            raise DatabaseUnavailable from error
        self._raw = raw

    async def close(self) -> None:
        await self._drop()
        await self._engine.dispose()

    async def _drop(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(*_DRIVER):  # it is being given up in any case
                await self._connection.invalidate()
                await self._connection.close()
        self._connection = self._raw = None
