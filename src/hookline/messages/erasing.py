"""Erases a person from messages: number, text and metadata, and what is waiting to be sent to them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select as Query
from sqlalchemy import delete, or_, select, update

from hookline.clock import UnixMs
from hookline.erasing import ERASED, Person
from hookline.events.read import redact
from hookline.ids import AccountId, first_of
from hookline.messages.model import FINAL, Change, Status
from hookline.messages.progress import Move, move
from hookline.principal import Mode
from hookline.storage.schema import carriers, inbound_parts, messages, unmatched_receipts
from hookline.storage.sets import Update
from hookline.storage.transaction import Transaction

_CHUNK = 25  # a few milliseconds of the writer, which others wait for
_CANCELABLE = (Status.SCHEDULED, Status.QUEUED)
_ERASABLE = [status.value for status in (*sorted(FINAL), Status.SENT)]
_PRIVATE = ("sender", "recipient", "tags", "status_url", "timeline")
_ERASE = Update(
    messages,
    key=("id",),
    values=_PRIVATE,
    changes={
        **{name: f"{{{name}}}" for name in _PRIVATE},
        "text": "NULL",
        "metadata": "NULL",
    },
)
Rows = Query[Any]  # Any: the statement's own columns


async def cancel_waiting(
    tx: Transaction, account_id: AccountId, mode: Mode, person: Person, now: UnixMs
) -> int:
    """Cancel some of what is to be sent to the person; how many. Call again while it is not zero."""
    waiting = _of(account_id, mode, person, now).where(messages.c.status.in_(_CANCELABLE))
    rows = await tx.execute(waiting.limit(_CHUNK))
    moved = await move(tx, [Move(row.id, Change.CANCELED, now) for row in rows])
    return sum(one is not None for one in moved)


async def erase_from_messages(
    tx: Transaction, account_id: AccountId, mode: Mode, person: Person, before: UnixMs
) -> Sequence[str]:
    """Erase from some of the messages made before an instant; their ids. Call again until empty.

    One that is being sent is left out: see `any_under_way`.
    """
    mine = _of(account_id, mode, person, before).where(messages.c.status.in_(_ERASABLE))
    rows = await tx.execute(mine.with_for_update().limit(_CHUNK))
    await tx.update(_ERASE, [_erased(row, person) for row in rows])
    for row in rows:
        await redact(tx, account_id, row.id, person.resource)
    return [row.id for row in rows]


async def any_under_way(
    tx: Transaction, account_id: AccountId, mode: Mode, person: Person, before: UnixMs
) -> bool:
    """Whether messages are left, which their carrier has in its hands just now."""
    return bool(await tx.execute(_of(account_id, mode, person, before).limit(1)))


def erased_since(account_id: AccountId, mode: Mode, since: UnixMs) -> Rows:
    """The ids of messages made since an instant from which somebody has been erased."""
    return select(messages.c.id).where(
        messages.c.account_id == account_id,
        messages.c.mode == mode.value,
        messages.c.id >= first_of("msg", since),
        or_(messages.c.sender == ERASED, messages.c.recipient == ERASED),
    )


async def erase_from_segments(tx: Transaction, account_id: AccountId, person: Person) -> None:
    """Drop segments whose message never became whole, and the number of receipts of nothing known."""
    mine = select(carriers.c.id).where(carriers.c.account_id == account_id)
    await tx.changed(
        delete(inbound_parts).where(
            inbound_parts.c.carrier_id.in_(mine), inbound_parts.c.sender == person.number
        )
    )
    of_person = unmatched_receipts.c.recipient == person.number
    await tx.changed(
        update(unmatched_receipts)
        .where(unmatched_receipts.c.carrier_id.in_(mine), of_person)
        .values(recipient=None)
    )


def _of(account_id: AccountId, mode: Mode, person: Person, before: UnixMs) -> Rows:
    names = or_(messages.c.sender == person.number, messages.c.recipient == person.number)
    return select(*(messages.c[name] for name in ("id", *_PRIVATE))).where(
        messages.c.account_id == account_id,
        messages.c.mode == mode.value,
        messages.c.id < first_of("msg", before),
        names,
    )


def _erased(row: Any, person: Person) -> tuple[object, ...]:  # Any: a row of `_of`
    return (
        row.id,
        person.party(row.sender),
        person.party(row.recipient),
        None if person.mentioned_in(row.tags) else row.tags,
        None if person.mentioned_in(row.status_url) else row.status_url,
        person.timeline(row.timeline),
    )
