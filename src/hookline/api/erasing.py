"""Answers that are kept to be repeated for an Idempotency-Key, and name somebody who is to be erased.

They do not say whose account they were for: their resources do.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import LargeBinary, func, literal, select, update

from hookline.clock import UnixMs
from hookline.erasing import Person
from hookline.storage.schema import idempotency
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_CHUNK = 200
_column = idempotency.c


@dataclass(frozen=True, slots=True)
class NamingAnswers:
    """Some answers that name a person."""

    person: Person
    by_digest: Mapping[bytes, Any]  # Any: the answers' JSON

    @property
    def resource_ids(self) -> set[str]:
        """Of the resources that have the person on one side."""
        return set(self.person.named_by(list(self.by_digest.values())))

    async def erase(self, tx: Transaction, about: Collection[str]) -> None:
        """Erase from the resources with these ids."""
        for digest, answer in self.by_digest.items():
            left = self.person.answer(answer, about)
            if left != answer:
                await tx.changed(
                    update(idempotency)
                    .where(_column.digest == digest, _column.body.is_not(None))
                    .values(body=msgspec.json.encode(left))
                )


async def find_answers(
    store: Store, person: Person, after: bytes, before: UnixMs
) -> tuple[NamingAnswers, bytes | None]:
    """Look for answers behind a digest and before an instant; where to go on, None at the end."""
    needle = literal(f'"{person.number}"'.encode(), LargeBinary)
    if store.settings.is_sqlite:
        place = func.instr(_column.body, needle)
    else:
        place = func.position(needle.op("IN")(_column.body))
    rows = await store.read(
        select(_column.digest, _column.body)
        .where(_column.digest > after, _column.created_at < before, _column.sealed == 0, place > 0)
        .order_by(_column.digest)
        .limit(_CHUNK)
    )
    found = {bytes(row.digest): msgspec.json.decode(row.body) for row in rows}
    return NamingAnswers(person, found), (bytes(rows[-1].digest) if len(rows) == _CHUNK else None)
