"""Erases a person from calls: numbers, names, what was said, and the audio of recordings."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Exists, delete, or_, select, union_all
from sqlalchemy import Select as Query
from sqlalchemy.sql.selectable import CompoundSelect

from hookline.calls.model import LIVE, RecordingStatus
from hookline.calls.retention import mark_deleted
from hookline.clock import UnixMs
from hookline.erasing import ERASED, Person
from hookline.events.read import redact
from hookline.ids import AccountId, first_of
from hookline.principal import Mode
from hookline.storage.schema import calls, legs, phone_calls, recordings
from hookline.storage.sets import Update
from hookline.storage.transaction import Transaction

_CHUNK = 5
_BY = "erasure"
_PARTIES = ("sender", "recipient")
_PRIVATE = (*_PARTIES, "agent", "status_url", "timeline")
_ERASE = Update(
    calls,
    key=("id",),
    values=_PRIVATE,
    changes={
        **{name: f"{{{name}}}" for name in _PRIVATE},
        "caller_name": "NULL",
        "metadata": "NULL",
        "plan": "'{{}}'",
    },
)
_ERASE_LEG = Update(
    legs, key=("id",), values=_PARTIES, changes={name: f"{{{name}}}" for name in _PARTIES}
)
Rows = Query[Any]  # Any: the statement's own columns


class ErasedCalls(NamedTuple):
    """What went in one transaction."""

    resources: Sequence[str] = ()
    """The ids of calls and of all their recordings."""
    calls: int = 0
    recordings: Sequence[str] = ()
    """Whose files have to go once the transaction is durable."""


async def erase_from_calls(
    tx: Transaction, account_id: AccountId, mode: Mode, person: Person, before: UnixMs
) -> ErasedCalls:
    """Erase from some of the calls made before an instant. Call again until there are none.

    One that goes on, or whose recording is still written, is left out: see `any_under_way`.
    """
    mine = _of(account_id, mode, person, before)
    ended = mine.where(calls.c.status.not_in([status.value for status in LIVE]), ~_is_recorded())
    rows = await tx.execute(ended.with_for_update().limit(_CHUNK))
    ids = [row.id for row in rows]
    if not ids:
        return ErasedCalls()
    sides = await tx.execute(select(legs).where(legs.c.call_id.in_(ids)))
    made = await tx.execute(select(recordings).where(recordings.c.call_id.in_(ids)))
    kept = [row.id for row in made if row.status == RecordingStatus.COMPLETED]
    await mark_deleted(tx, kept, _BY)
    await tx.update(_ERASE, [_erased(row, person) for row in rows])
    await tx.update(
        _ERASE_LEG,
        [(row.id, person.party(row.sender), person.party(row.recipient)) for row in sides],
    )
    await tx.changed(delete(phone_calls).where(phone_calls.c.leg_id.in_([one.id for one in sides])))
    resources = [*ids, *(row.id for row in made)]
    for resource_id in resources:
        await redact(tx, account_id, resource_id, person.resource)
    return ErasedCalls(resources, len(ids), kept)


async def any_under_way(
    tx: Transaction, account_id: AccountId, mode: Mode, person: Person, before: UnixMs
) -> bool:
    """Whether calls are left, which have not ended."""
    return bool(await tx.execute(_of(account_id, mode, person, before).limit(1)))


def erased_since(account_id: AccountId, mode: Mode, since: UnixMs) -> CompoundSelect[Any]:
    """The ids of calls made since an instant from which somebody has been erased, and of their
    recordings.
    """
    dialed = select(legs.c.call_id).where(legs.c.recipient == ERASED)
    names = or_(calls.c.sender == ERASED, calls.c.recipient == ERASED, calls.c.id.in_(dialed))
    mine = select(calls.c.id).where(
        calls.c.account_id == account_id,
        calls.c.mode == mode.value,
        calls.c.id >= first_of("call", since),
        names,
    )
    return union_all(mine, select(recordings.c.id).where(recordings.c.call_id.in_(mine)))


def _is_recorded() -> Exists:
    return (
        select(recordings.c.id)
        .where(recordings.c.call_id == calls.c.id)
        .where(recordings.c.status == RecordingStatus.IN_PROGRESS.value)
        .exists()
    )


def _of(account_id: AccountId, mode: Mode, person: Person, before: UnixMs) -> Rows:
    number = person.number
    dialed = select(legs.c.call_id).where(legs.c.recipient == number)
    names = or_(calls.c.sender == number, calls.c.recipient == number, calls.c.id.in_(dialed))
    return select(*(calls.c[name] for name in ("id", *_PRIVATE))).where(
        calls.c.account_id == account_id,
        calls.c.mode == mode.value,
        calls.c.id < first_of("call", before),
        names,
    )


def _erased(row: Any, person: Person) -> tuple[object, ...]:  # Any: a row of `_of`
    return (
        row.id,
        person.party(row.sender),
        person.party(row.recipient),
        row.agent and person.party(row.agent),
        None if person.mentioned_in(row.status_url) else row.status_url,
        person.timeline(row.timeline),
    )
