"""Moves messages from status to status, each move with its event, by compare-and-set.

Every write of a status after acceptance goes through `move`; a move that comes too late changes
nothing, so that a late or repeated report can never take a message backwards.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache

import msgspec

from hookline.carriers.port import SubmitResult, Submitted
from hookline.clock import UnixMs
from hookline.events.append import append
from hookline.events.model import Draft, EventType
from hookline.ids import AccountId, CarrierId, MessageId
from hookline.messages import resource
from hookline.messages import store as sql
from hookline.messages.model import (
    EVENT_OF,
    SUBMIT_AMBIGUOUS,
    Change,
    Message,
    Status,
    from_row,
    target,
    timeline_line,
)
from hookline.principal import Mode
from hookline.storage.sets import Row
from hookline.storage.transaction import Transaction


class Move(msgspec.Struct, frozen=True, gc=False):
    """One wanted change of one message."""

    message_id: str
    change: Change
    at: UnixMs
    error_code: str | None = None
    carrier_code: str | None = None
    detail: str | None = None


async def move(
    tx: Transaction, moves: Sequence[Move], *, owner: str | None = None
) -> list[Message | None]:
    """Do the moves that are possible; the changed message, or None where it was not.

    All changes of one call must start from the same statuses. With `owner`, only messages of that
    node move.
    """
    if not moves:
        return []
    statement = sql.progress(*sorted({wanted.change for wanted in moves}), owned=owner is not None)
    rows = [_values(wanted, owner) for wanted in moves]
    changed = [from_row(row) if row else None for row in await tx.update(statement, rows)]
    for message in changed:
        if message is not None:
            emit(tx, message)
    return changed


def _values(wanted: Move, owner: str | None) -> Row:
    status = target(wanted.change)
    line = timeline_line(status, wanted.at, wanted.carrier_code, wanted.detail)
    values: Row = (
        wanted.message_id,
        str(status),
        wanted.at,
        wanted.error_code,
        wanted.carrier_code,
        wanted.at if status is Status.SENT else None,
        wanted.at if status is Status.DELIVERED else None,
        line,
        int(status in EVENT_OF),
    )
    return values if owner is None else (*values, owner)


def emit(tx: Transaction, message: Message) -> None:
    """Append the event that the message's status makes, if it makes one."""
    event_type = EVENT_OF.get(Status(message.status))
    if event_type is not None:
        append(tx, draft_of(message, event_type))


def draft_of(message: Message, event_type: EventType) -> Draft:
    """The event about this message as it is now."""
    wanted = message.status_url is not None and is_wanted(message.status_events, event_type)
    return Draft(
        account_id=AccountId(message.account_id),
        type=event_type,
        mode=Mode(message.mode),
        resource_id=message.id,
        data=resource.encode(message),
        occurred_at=UnixMs(message.updated_at),
        sequence=message.sequence,
        numbers=(message.our_number,),
        status_url=message.status_url if wanted else None,
    )


@lru_cache(maxsize=1_000)
def is_wanted(status_events: str | None, event_type: EventType) -> bool:
    """Whether a message's `status_events` (JSON; None: all) has the type."""
    return status_events is None or event_type.value in msgspec.json.decode(status_events)


class MarkSending:
    """Operation: `queued` → `sending` for messages of this node, before a byte of them leaves."""

    name = "messages.mark_sending"
    rank = 20

    def __init__(
        self, node: str, hand_over: Callable[[Sequence[Message], Sequence[Message | None]], None]
    ) -> None:
        self._node = node
        self._hand_over = hand_over

    def key(self, item: tuple[Message, UnixMs]) -> str:
        return item[0].id

    async def apply(
        self, tx: Transaction, items: Sequence[tuple[Message, UnixMs]]
    ) -> list[Message | None]:
        status = target(Change.CLAIMED)
        rows = [
            (message.id, at, timeline_line(status, at), self._node, message.carrier_id)
            for message, at in items
        ]
        marked = await tx.update(sql.MARK_SENDING, rows)
        return [
            None if won is None else message
            for (message, _), won in zip(items, marked, strict=True)
        ]

    def committed(
        self, items: Sequence[tuple[Message, UnixMs]], outcomes: Sequence[Message | None]
    ) -> None:
        self._hand_over([message for message, _ in items], outcomes)


class Reported(msgspec.Struct, frozen=True, gc=False):
    """A link's outcome of one submit, with when it came."""

    carrier_id: CarrierId
    outcome: Submitted
    at: UnixMs


_CHANGE_OF = {
    SubmitResult.ACCEPTED: Change.ACCEPTED,
    SubmitResult.REJECTED: Change.REJECTED,
    SubmitResult.THROTTLED: Change.THROTTLED,
    SubmitResult.AMBIGUOUS: Change.ANSWER_LOST,
}


Divert = Callable[[Transaction, Sequence[Reported]], Awaitable[dict[str, Message]]]
"""Of refused messages, those that another carrier takes, by id."""


class RecordSubmitted:
    """Operation: what links reported of submits, with the carrier's ids for the receipts to come."""

    name = "messages.record_submitted"
    rank = 30

    def __init__(
        self,
        requeue: Callable[[Sequence[tuple[CarrierId, Message | None]]], None],
        match_receipts: Callable[[Sequence[Row]], None],
        divert: Divert,
    ) -> None:
        self._requeue = requeue
        self._match_receipts = match_receipts
        self._divert = divert

    def key(self, item: Reported) -> str:
        return item.outcome.message_id

    async def apply(self, tx: Transaction, items: Sequence[Reported]) -> list[Message | None]:
        changed = await self._move(tx, items)
        parts = [
            (item.carrier_id, part_id, item.outcome.message_id, number, total, item.at)
            for item in items  # also of a message that was given up: a receipt may still decide it
            for total in (len(item.outcome.carrier_message_ids),)
            for number, part_id in enumerate(item.outcome.carrier_message_ids, start=1)
            if part_id  # else its answer was lost
        ]
        if parts:
            new = await tx.insert(sql.INSERT_PART, parts)
            old = [part for part, is_new in zip(parts, new, strict=True) if not is_new]
            if old:
                await tx.update(sql.REOPEN_PART, [(*part[:4], part[5]) for part in old])
            await self._meet_early_receipts(tx, [(str(part[0]), str(part[1])) for part in parts])
        return changed

    async def _move(self, tx: Transaction, items: Sequence[Reported]) -> list[Message | None]:
        """What the next carrier of its route takes is no failure."""
        refused = [item for item in items if item.outcome.result is SubmitResult.REJECTED]
        diverted = await self._divert(tx, refused) if refused else {}
        if not diverted:
            return await move(tx, [_move_of(item) for item in items])
        others = [item for item in items if item.outcome.message_id not in diverted]
        moved = iter(await move(tx, [_move_of(item) for item in others]))
        return [
            diverted[message_id] if message_id in diverted else next(moved)
            for message_id in (item.outcome.message_id for item in items)
        ]

    async def _meet_early_receipts(self, tx: Transaction, keys: Sequence[tuple[str, str]]) -> None:
        found = await tx.select(sql.UNMATCHED, keys)
        early = [(*key, *row) for key, rows in zip(keys, found, strict=True) for row in rows]
        if early:
            tx.after_commit(lambda: self._match_receipts(early))

    def committed(self, items: Sequence[Reported], outcomes: Sequence[Message | None]) -> None:
        returned = [
            (item.carrier_id, message)
            for item, message in zip(items, outcomes, strict=True)
            if item.outcome.result is SubmitResult.THROTTLED
        ]
        if returned:
            self._requeue(returned)


def _move_of(item: Reported) -> Move:
    outcome = item.outcome
    error_code = outcome.error_code
    if outcome.result is SubmitResult.AMBIGUOUS:
        error_code = SUBMIT_AMBIGUOUS
    rejected = outcome.result is SubmitResult.REJECTED
    return Move(
        MessageId(outcome.message_id),
        _CHANGE_OF[outcome.result],
        item.at,
        error_code=error_code,
        carrier_code=outcome.carrier_code if rejected else None,
        detail=outcome.detail or (None if rejected else outcome.carrier_code),
    )
