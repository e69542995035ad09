"""Erases a person from the request log: bodies, queries and paths that hold their number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, update

from hookline.clock import UnixMs
from hookline.erasing import ERASED, Person
from hookline.ids import AccountId, first_of
from hookline.storage.schema import requests
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_CHUNK = 500
_column = requests.c


@dataclass(frozen=True, slots=True)
class NamingRequests:
    """Some requests that name a person."""

    person: Person
    rows: Sequence[Row[Any]]  # Any: id, path, query, body

    async def erase(self, tx: Transaction) -> None:
        """A body that names the person goes as a whole: what else is in it is about them."""
        for row in self.rows:
            is_in_body = self.person.mentioned_in(row.body)
            await tx.changed(
                update(requests)
                .where(_column.id == row.id)
                .values(
                    path=self.person.without(row.path),
                    query=self.person.without(row.query),
                    body=f"[{ERASED}]" if is_in_body else row.body,
                )
            )


async def find_requests(
    store: Store, account_id: AccountId, person: Person, after: str, before: UnixMs
) -> tuple[NamingRequests, str | None]:
    """Look through some requests behind an id and before an instant; where to go on, None at the end."""
    rows = await store.read(
        select(_column.id, _column.path, _column.query, _column.body)
        .where(_column.account_id == account_id, _column.id > after)
        .where(_column.id < first_of("req", before))
        .order_by(_column.id)
        .limit(_CHUNK)
    )
    naming = [
        row
        for row in rows
        if any(person.mentioned_in(text) for text in (row.path, row.query, row.body))
    ]
    return NamingRequests(person, naming), (rows[-1].id if len(rows) == _CHUNK else None)
