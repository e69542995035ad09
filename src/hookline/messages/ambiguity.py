"""Messages whose submit got no answer: the carrier may have them or not (ADR-0004).

A receipt may still decide one: it names an id that we never learnt, but also the recipient. After
the carrier's wait its policy decides: the message fails, or is sent again. The node that has the
carrier's link open sees to it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from hookline.clock import HOUR_MS, UnixMs
from hookline.ids import CarrierId
from hookline.messages import ambiguity_store as sql
from hookline.messages import store as message_sql
from hookline.messages.dispatch import Dispatcher
from hookline.messages.hand_over import work_topic
from hookline.messages.model import SUBMIT_AMBIGUOUS, Change, Message, from_row
from hookline.messages.progress import Move, move
from hookline.storage.sets import Row
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.telemetry.link_state import LinkPhase, LinkState
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
_PAGE = 500
_KEPT_MS = 30_000


@dataclass(frozen=True, slots=True)
class Doubtful:
    """An ambiguous message, and which of its segments have no id."""

    message_id: str
    carrier_id: str
    recipient: str
    segments: int
    created_at: int
    missing: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A receipt that belongs to nothing."""

    row: Row
    """As `Dispatcher.match_receipts` takes it."""
    recipient: str


async def settle_ambiguous(store: Store, dispatcher: Dispatcher) -> None:
    """Find receipts for ambiguous messages, then do with the rest as their carriers say."""
    rows = await store.read(sql.carriers())
    here = {CarrierId(row.carrier_id) for row in rows}.intersection(dispatcher.open_carriers())
    if here:
        await adopt_named(store, dispatcher, here)
        await adopt_receipts(store, dispatcher, here)
    for carrier_id in here:
        await _follow_policy(store, dispatcher, carrier_id)


async def adopt_named(
    store: Store, dispatcher: Dispatcher, carriers: Collection[CarrierId]
) -> None:
    """Take receipts that name their messages by our own ids: each is about the whole message."""
    rows = await store.read(sql.named_receipts(carriers, _PAGE))
    keys = list(dict.fromkeys((str(row.carrier_id), str(row.carrier_message_id)) for row in rows))
    if not keys:
        return

    async def adopt(tx: Transaction) -> None:
        now = store.now()
        found = await tx.select(message_sql.UNMATCHED, keys)
        parts = [(*key, key[1], 1, 1, now) for key in keys]
        await tx.insert(message_sql.INSERT_PART, parts)
        early = [(*key, *row) for key, rows in zip(keys, found, strict=True) for row in rows]
        log.info("receipts_named", receipts=len(early))
        tx.after_commit(lambda: dispatcher.match_receipts(early))

    await store.commit(adopt)


async def adopt_receipts(
    store: Store, dispatcher: Dispatcher, carriers: Collection[CarrierId]
) -> None:
    """Take receipts that belong to nothing for those of the recipient's ambiguous messages.

    Not before any submit's answer must have come, as the receipt may be of a message whose answer
    is on its way.
    """
    before = store.now() - int(store.settings.ambiguous_match_after_s * 1_000)
    rows = await store.read(sql.waiting_receipts(carriers, before, _PAGE))
    if not rows:
        return
    recipients = {row.recipient for row in rows}
    whole = {one for one in carriers if await _sends_whole(dispatcher, one)}
    keys = {(row.carrier_id, row.carrier_message_id): row.recipient for row in rows}

    async def adopt(tx: Transaction) -> None:
        doubtful = await _doubtful(tx, carriers, recipients, whole)
        waiting = await _still_waiting(tx, keys)
        parts = pair(doubtful, waiting, store.now())
        if not parts:  # all their segments are known, and wait for receipts of their own
            return
        used = {(part[0], part[1]) for part in parts}
        early = [receipt.row for receipt in waiting if receipt.row[:2] in used]
        await tx.insert(message_sql.INSERT_PART, parts)
        log.info("receipts_adopted", receipts=len(parts))
        tx.after_commit(lambda: dispatcher.match_receipts(early))

    await store.commit(adopt)


async def _sends_whole(dispatcher: Dispatcher, carrier_id: CarrierId) -> bool:
    queue = await dispatcher.queue_for(carrier_id)
    return queue is not None and queue.link is not None and queue.link.ambiguity.is_whole


async def _doubtful(
    tx: Transaction,
    carriers: Collection[CarrierId],
    recipients: Collection[str],
    whole: Collection[str],
) -> list[Doubtful]:
    rows = await tx.execute(sql.lock(carriers, recipients))
    known = await tx.select(sql.PART_NUMBERS, [(row.id,) for row in rows])
    found = []
    for row, numbers in zip(rows, known, strict=True):
        total = 1 if row.carrier_id in whole else row.segments
        missing = _missing(total, {number for (number,) in numbers})
        found.append(
            Doubtful(row.id, row.carrier_id, row.recipient, total, row.created_at, missing=missing)
        )
    return found


async def _still_waiting(
    tx: Transaction, recipients: Mapping[tuple[str, str], str]
) -> list[Waiting]:
    """Those of the receipts that another node has not used meanwhile, in their order."""
    keys = list(recipients)
    taken = await tx.select(message_sql.PARTS_WITH_ID, keys)
    found = await tx.select(message_sql.UNMATCHED, keys)
    return [
        Waiting((*key, *row), recipients[key])
        for key, parts, rows in zip(keys, taken, found, strict=True)
        if not parts
        for row in rows
    ]


def _missing(segments: int, known: Collection[object]) -> list[int]:
    return [number for number in range(1, segments + 1) if number not in known]


def pair(messages: Iterable[Doubtful], receipts: Iterable[Waiting], now: UnixMs) -> list[Row]:
    """Rows of segments: the missing ones of the oldest message first, each receipt's id once.

    A receipt can only be about a message that was there when it came.
    """
    by_recipient: dict[tuple[str, str], list[Doubtful]] = {}
    for message in messages:
        by_recipient.setdefault((message.carrier_id, message.recipient), []).append(message)
    parts: dict[tuple[str, str], Row] = {}
    for receipt in receipts:
        carrier_id, carrier_message_id, _, _, received_at = map(str, receipt.row)
        key = carrier_id, carrier_message_id
        for message in by_recipient.get((carrier_id, receipt.recipient), ()):
            is_possible = message.missing and message.created_at <= int(received_at)
            if key not in parts and is_possible:
                number = message.missing.pop(0)
                parts[key] = (*key, message.message_id, number, message.segments, now)
    return list(parts.values())


async def _follow_policy(store: Store, dispatcher: Dispatcher, carrier_id: CarrierId) -> None:
    queue = await dispatcher.queue_for(carrier_id)
    if queue is None or queue.link is None:
        return  # it was closed meanwhile: whoever opens it next goes on
    ambiguity = queue.link.ambiguity
    now = store.now()  # once: what becomes ambiguous again meanwhile waits for the next time
    wait_ms = int(ambiguity.wait_s * 1_000)
    if not _had_time(queue.link.state(), now, wait_ms):
        wait_ms = max(wait_ms, store.settings.receipt_timeout_hours * HOUR_MS)
    before = now - wait_ms
    while True:
        rows = await store.read(sql.undecided(carrier_id, before, _PAGE))
        if not rows:
            return
        found = [from_row(tuple(row)) for row in rows]
        resends = ambiguity.then == "resend"
        moves = {one.id: _decide(one, now, resends=resends) for one in found}
        await store.commit(partial(_apply, carrier_id=carrier_id, moves=moves))


def _had_time(state: LinkState, now: UnixMs, wait_ms: int) -> bool:
    """Whether the carrier could send the receipts that it kept while the link was down."""
    return state.phase is LinkPhase.BOUND and now - state.since >= min(wait_ms, _KEPT_MS)


def _decide(message: Message, now: UnixMs, *, resends: bool) -> Move:
    """What nobody may send any more, or whose text is gone, is not sent again."""
    is_valid = message.valid_until is None or message.valid_until > now
    if resends and is_valid and message.text is not None:
        detail = "The carrier's answer was lost, and no receipt came."
        return Move(message.id, Change.SENT_AGAIN, now, detail=detail)
    detail = "The carrier's answer was lost, and no receipt came in time."
    return Move(message.id, Change.GIVEN_UP, now, error_code=SUBMIT_AMBIGUOUS, detail=detail)


async def _apply(tx: Transaction, *, carrier_id: CarrierId, moves: Mapping[str, Move]) -> None:
    """A message that is sent again begins anew.

    The ids of its first attempt stay, so that their late receipts are known and pass without
    effect, but they count for nothing: half of one attempt and half of another are no delivery.
    """
    moved = await move(tx, list(moves.values()))
    again = [
        message.id
        for message in moved
        if message is not None and moves[message.id].change is Change.SENT_AGAIN
    ]
    if again:
        await tx.changed(message_sql.own(again, None))
        await tx.changed(sql.supersede_parts(again))
        tx.notify(work_topic(carrier_id))
    log.info("ambiguous_settled", carrier_id=carrier_id, sent_again=len(again), moves=len(moves))
