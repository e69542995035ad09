"""Delivery receipts: from a segment's receipt to the message's final status.

A receipt for ids that are not known yet waits in `unmatched_receipts` until the submit's answer is
recorded; a repeated one changes nothing.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec
from sqlalchemy import delete, tuple_

from hookline.carriers.port import Receipt, ReceiptState
from hookline.clock import HOUR_MS, UnixMs
from hookline.ids import CarrierId
from hookline.messages import store as sql
from hookline.messages.model import Change, Message
from hookline.messages.progress import Move, move
from hookline.storage.schema import unmatched_receipts
from hookline.storage.sets import Row
from hookline.storage.transaction import Transaction
from hookline.telemetry import metrics

_REPEATED_WITHIN_MS = HOUR_MS
"""Older segments with a receipt's id may be another message's; to keep it then does no harm."""

_CHANGE_OF = {
    ReceiptState.DELIVERED: Change.RECEIPT_DELIVERED,
    ReceiptState.UNDELIVERED: Change.RECEIPT_UNDELIVERED,
    ReceiptState.EXPIRED: Change.RECEIPT_EXPIRED,
}


class Arrived(msgspec.Struct, frozen=True):
    """A receipt and where it came from. `early`: it had waited in `unmatched_receipts`.

    `done` is called with the receipt when its effect is durable.
    """

    carrier_id: CarrierId
    receipt: Receipt
    at: UnixMs
    early: bool = False
    done: Callable[[Receipt], None] | None = None


class RecordReceipts:
    """Operation: receipts of any carrier."""

    name = "messages.record_receipts"
    rank = 40

    def key(self, item: Arrived) -> str:
        return f"{item.carrier_id}:{item.receipt.carrier_message_id}"

    async def apply(self, tx: Transaction, items: Sequence[Arrived]) -> list[Message | None]:
        rows = [
            (item.carrier_id, item.receipt.carrier_message_id, str(item.receipt.state))
            for item in items
        ]
        matched = await tx.update(sql.SET_PART_STATE, rows)
        decided: dict[str, Move] = {}
        split: dict[str, list[Arrived]] = {}
        missed: list[Arrived] = []
        for item, found in zip(items, matched, strict=True):
            if found is None:
                missed.append(item)
            elif found[1] == 1:
                decided[str(found[0])] = _move_of(str(found[0]), item, item.receipt.state)
            else:
                split.setdefault(str(found[0]), []).append(item)
        if split:
            decided |= await _decide_split(tx, split)
        if missed:
            await _keep_unmatched(tx, missed)
        if any(item.early for item in items):
            await _forget_early(tx, items, matched)
        moved = await move(tx, list(decided.values()))
        by_id = {message.id: message for message in moved if message is not None}
        return [by_id.pop(str(found[0]), None) if found else None for found in matched]

    def committed(self, items: Sequence[Arrived], outcomes: Sequence[Message | None]) -> None:
        for item in items:
            if item.done is not None:
                item.done(item.receipt)
        for message in outcomes:
            if message is not None:
                metrics.MESSAGES_ENDED.labels(message.status).inc()


def _move_of(message_id: str, item: Arrived, state: ReceiptState) -> Move:
    failed = state is not ReceiptState.DELIVERED
    return Move(
        message_id,
        _CHANGE_OF[state],
        item.at,
        error_code=(item.receipt.error_code or state.value) if failed else None,
        carrier_code=item.receipt.carrier_code,
    )


async def _decide_split(tx: Transaction, split: dict[str, list[Arrived]]) -> dict[str, Move]:
    """Messages of several segments: failed with the first failure, delivered with the last receipt."""
    message_ids = list(split)
    await tx.execute(sql.lock(message_ids))  # another node may be recording their other segments
    states = await tx.select(sql.PART_STATES, [(message_id,) for message_id in message_ids])
    decided = {}
    for message_id, rows in zip(message_ids, states, strict=True):
        state = _state_of(
            [(int(str(part)), state) for part, _, state in rows], int(str(rows[0][1]))
        )
        if state is None:
            continue
        arrived = split[message_id]
        telling = next((item for item in arrived if item.receipt.state is state), arrived[-1])
        decided[message_id] = _move_of(message_id, telling, state)
    return decided


def _state_of(segments: Sequence[tuple[int, object]], total: int) -> ReceiptState | None:
    """Of the message, when it is decided; some segments may have no row, their ids being lost."""
    known = {str(state) for _, state in segments if state is not None}
    failure = known - {ReceiptState.DELIVERED.value}
    if failure:
        return ReceiptState(min(failure))
    delivered = {number for number, state in segments if state is not None}
    return ReceiptState.DELIVERED if len(delivered) == total else None


async def _keep_unmatched(tx: Transaction, missed: Sequence[Arrived]) -> None:
    keys = [(item.carrier_id, item.receipt.carrier_message_id) for item in missed]
    known = await tx.select(sql.PARTS_WITH_ID, keys)
    rows = [
        row
        for item, parts in zip(missed, known, strict=True)
        if not any(_is_repeated(item, int(str(created_at))) for (created_at,) in parts)
        for row in _unmatched(item)
    ]
    if rows:
        await tx.insert(sql.INSERT_UNMATCHED, rows)


def _unmatched(item: Arrived) -> Iterator[Row]:
    """Under the carrier's id, and under our own where the receipt names it: should the answer with
    the carrier's never come, that tells which message it is about (ambiguity.py)."""
    receipt = item.receipt
    told = receipt.state.value, receipt.carrier_code
    yield (item.carrier_id, receipt.carrier_message_id, *told, receipt.recipient, item.at)
    if receipt.message_id not in (None, receipt.carrier_message_id):
        yield (item.carrier_id, receipt.message_id, *told, None, item.at)


def _is_repeated(item: Arrived, created_at: int) -> bool:
    """Its segment was decided before; one of old is not it, if the carrier counts anew."""
    return item.at - created_at < _REPEATED_WITHIN_MS


async def _forget_early(
    tx: Transaction, items: Sequence[Arrived], matched: Sequence[Row | None]
) -> None:
    """Under the ids that they were kept under, the carrier's and our own."""
    keys = [(i.carrier_id, i.receipt.carrier_message_id) for i in items if i.early]
    for item, found in zip(items, matched, strict=True):
        if item.early and found is not None:
            keys.append((item.carrier_id, str(found[0])))
    columns = tuple_(unmatched_receipts.c.carrier_id, unmatched_receipts.c.carrier_message_id)
    await tx.changed(delete(unmatched_receipts).where(columns.in_(keys)))
