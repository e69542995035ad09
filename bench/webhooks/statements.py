"""Counts what a process asks of its database, by what is asked. Only for the bench."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from sqlalchemy import Delete, Insert, Select, Update

from hookline.storage import database, transaction

_TRANSACTIONS = (transaction.SqliteTransaction, transaction.PostgresTransaction)
_CONNECTIONS = (database.SqliteWriterConnection, database.PostgresWriterConnection)
_DATABASES = (database.SqliteDatabase, database.PostgresDatabase)


class Statements:
    """Each statement is one round trip on PostgreSQL, whatever the number of its rows."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        for kind in _TRANSACTIONS:
            for verb in ("insert", "update", "select"):
                self._count(kind, verb, lambda one, verb=verb: f"{verb} {one.table.name}")
            for verb in ("execute", "changed"):
                self._count(kind, verb, _name_of)
            for verb in ("savepoint", "release", "roll_back_to"):
                self._count(kind, verb, lambda _one, verb=verb: verb)
        for connection in _CONNECTIONS:
            for verb in ("begin", "commit", "roll_back"):
                self._count(connection, verb, lambda *_one, verb=verb: verb)
        for one in _DATABASES:
            self._count(one, "read", _name_of)
            self._count(one, "lookup", lambda one: f"lookup {one.table.name}")

    def _count(self, owner: type, verb: str, name: Callable[..., str]) -> None:
        genuine = getattr(owner, verb)

        async def counted(self: Any, *arguments: Any, **named: Any) -> Any:  # Any: as it comes
            counts[name(*arguments[:1])] += 1
            return await genuine(self, *arguments, **named)

        counts = self.counts
        setattr(owner, verb, counted)


def _name_of(statement: object) -> str:
    if isinstance(statement, Insert | Update | Delete):
        return f"{type(statement).__name__.lower()} {statement.table}"
    if isinstance(statement, Select):
        tables = sorted(str(getattr(table, "name", "…")) for table in statement.get_final_froms())
        return f"select {', '.join(tables)}"
    return "other"
