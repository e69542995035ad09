"""How many messages and calls a credential may still have on a UTC day: counted where they are stored.

The counter moves in the transaction that accepts, so it is as durable and as exact as what it counts,
on any number of nodes: they wait for each other at its row. Who has no cap has no counter.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import delete, select

from hookline.clock import DAY_MS, UnixMs
from hookline.credentials.errors import DailyCallCapReached
from hookline.storage.schema import credential_usage as usage
from hookline.storage.sets import Insert, Update
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_KEPT_DAYS = 7
_GRANTED = (
    "CASE WHEN {cap} - t.used >= {wanted} THEN {wanted} "
    "WHEN {cap} > t.used THEN {cap} - t.used ELSE 0 END"
)
_OPEN = Insert(
    usage,
    ("credential_id", "kind", "day", "used", "granted"),
    conflict=("credential_id", "kind", "day"),
)
_TAKE = Update(
    usage,
    key=("credential_id", "kind", "day"),
    values=("wanted", "cap"),
    changes={"used": f"t.used + {_GRANTED}", "granted": _GRANTED},
    returning=("granted",),
    value_types={"wanted": "used", "cap": "used"},
    ordered=True,
)
_GIVE_BACK = Update(
    usage,
    key=("credential_id", "kind", "day"),
    values=("returned",),
    changes={"used": "t.used - {returned}"},
    value_types={"returned": "used"},
    ordered=True,
)


class Kind(StrEnum):
    """What is counted."""

    MESSAGES = "messages"
    CALLS = "calls"


class Counter(NamedTuple):
    """One credential's day."""

    credential_id: str
    kind: str
    day: int
    """Since 1970, in UTC."""


class Want(NamedTuple):
    """So many more, if the day's total stays within the cap."""

    wanted: int
    cap: int


def counter(credential_id: str, kind: Kind, at: UnixMs) -> Counter:
    """The counter of an instant."""
    return Counter(credential_id, kind.value, at // DAY_MS)


async def take(tx: Transaction, wants: Mapping[Counter, Want]) -> dict[Counter, int]:
    """Count as many as still fit; how many of each. One statement, but for a day's first."""
    granted = await _take(tx, wants, sorted(wants))
    new = [one for one in sorted(wants) if one not in granted]
    if new:
        await tx.insert(_OPEN, [(*one, 0, 0) for one in new])
        granted |= await _take(tx, wants, new)
    return granted


async def give_back(tx: Transaction, counts: Mapping[Counter, int]) -> None:
    """What was counted in this transaction, and is not stored after all."""
    await tx.update(_GIVE_BACK, [(*one, counts[one]) for one in sorted(counts)])


async def take_call(tx: Transaction, credential_id: str, cap: int, at: UnixMs) -> None:
    """Count one call. Raises DailyCallCapReached."""
    one = counter(credential_id, Kind.CALLS, at)
    if not (await take(tx, {one: Want(1, cap)}))[one]:
        raise DailyCallCapReached(cap, at)


async def used_on_day(store: Store, credential_id: str, at: UnixMs) -> dict[Kind, int]:
    """How much of each cap the UTC day of an instant has used; without a cap nothing is counted."""
    rows = await store.read(
        select(usage.c.kind, usage.c.used).where(
            usage.c.credential_id == credential_id, usage.c.day == at // DAY_MS
        )
    )
    return dict.fromkeys(Kind, 0) | {Kind(row.kind): row.used for row in rows}


async def forget_old_usage(store: Store) -> None:
    """Drop the counters of days that nobody asks about any more."""
    oldest = store.now() // DAY_MS - _KEPT_DAYS
    await store.commit(lambda tx: tx.changed(delete(usage).where(usage.c.day < oldest)))


async def _take(
    tx: Transaction, wants: Mapping[Counter, Want], counters: Sequence[Counter]
) -> dict[Counter, int]:
    rows = await tx.update(_TAKE, [(*one, *wants[one]) for one in counters])
    return {
        one: int(str(row[0])) for one, row in zip(counters, rows, strict=True) if row is not None
    }
