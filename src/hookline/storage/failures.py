"""Tells a database that does not answer from one that refuses a statement.

The libraries' exceptions are translated here, once; everything else in them is a programming error
or a violation, and rises as it is.
"""

import sqlite3
from types import TracebackType

import asyncpg
from sqlalchemy import exc

from hookline.storage.errors import DatabaseUnavailable

_SILENT = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, canceled, starting up
    asyncpg.InsufficientResourcesError,  # disk full, too many connections
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,  # after a failover we may talk to a replica
    asyncpg.ObjectNotInPrerequisiteStateError,  # the database takes no connections
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InternalClientError,
    exc.TimeoutError,  # no connection of the pool came free
    OSError,
)
_CLASHES = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_SQLITE_SILENT = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
_PRIMARY_CODE = 0xFF


def is_silent(error: BaseException) -> bool:
    """Whether the database did not answer or cannot work now, whatever it was asked."""
    cause = _cause(error)
    if isinstance(cause, sqlite3.OperationalError):
        code = getattr(cause, "sqlite_errorcode", 0)
        return code & _PRIMARY_CODE in _SQLITE_SILENT
    if isinstance(cause, asyncpg.InterfaceError):  # also raised for arguments that do not fit
        return "closed" in str(cause)
    lost = isinstance(error, exc.DBAPIError) and error.connection_invalidated
    return lost or isinstance(cause, _SILENT)


def is_clash(error: BaseException) -> bool:
    """Whether the transaction lost against a concurrent one; the same again may succeed."""
    return isinstance(_cause(error), _CLASHES)


def _cause(error: BaseException) -> BaseException:
    """The driver's own exception, which SQLAlchemy wraps, twice with asyncpg."""
    if isinstance(error, exc.DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


class _Answering:
    """Raises DatabaseUnavailable for what the block meets when the database does not answer."""

    def __enter__(self) -> None:
        return

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if error is not None and is_silent(error):
            raise DatabaseUnavailable from error


answering = _Answering()
