"""Segments of long inbound messages, kept until all are there.

They wait in the database, so that neither a restart nor another node loses one. What never becomes
whole is stored as it is in the end, its gaps shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hookline.carriers.encoding import Encoding
from hookline.carriers.port import Incoming, Part
from hookline.clock import MINUTE_MS
from hookline.errors import NotFound
from hookline.ids import CarrierId, MessageId
from hookline.messages import inbound_store as sql
from hookline.messages.arrival import Arrival, arrive, store_whole
from hookline.numbers.store import HOLDERS
from hookline.storage.lookup import Lookup
from hookline.storage.sets import Row
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
GAP = "[…]"
_PAGE = 100
_PARTS_MAX = 255  # one octet

Group = tuple[str, str, str, int, int]
"""The values of `inbound_store.GROUP`."""


@dataclass(frozen=True, slots=True)
class _Segment:
    text: str
    encoding: Encoding


def is_one_of_several(part: Part) -> bool:
    """A header that contradicts itself counts as none (3GPP TS 23.040 §9.2.3.24.1)."""
    return 1 <= part.number <= part.total <= _PARTS_MAX and part.total > 1


async def take_segment(
    tx: Transaction, store: Store, arrival: Arrival, part: Part
) -> MessageId | None:
    """Keep the segment; when it is the last one that was missing, store the message instead."""
    incoming = arrival.incoming
    group = _group(arrival, part)
    await tx.execute(sql.lock_number(incoming.recipient))
    held = await _held(tx, group)
    new = _Segment(incoming.text, incoming.encoding)
    old = held.get(part.number)
    if old == new:
        return None  # it came twice
    if old is not None:  # the sender uses the reference again, for another message
        await _store_joined(tx, store, arrival, group, held)
        held = {}
    if len(held) + 1 == part.total:
        return await _store_joined(tx, store, arrival, group, {**held, part.number: new})
    tx.add(sql.INSERT_SEGMENT, (*group, part.number, new.text, new.encoding.value, arrival.at))
    return None


async def store_incomplete(store: Store) -> None:
    """Store what has waited for its last segments for too long."""
    holders = Lookup(store.database, HOLDERS)
    patience_ms = store.settings.inbound_reassembly_minutes * MINUTE_MS
    while True:
        rows = await store.read(sql.outlived_groups(store.now() - patience_ms, _PAGE))
        for row in rows:
            await _store_outlived(store, holders, tuple(row))
        if len(rows) < _PAGE:
            return


async def _store_outlived(store: Store, holders: Lookup, group: Group) -> None:
    carrier_id, sender, recipient, _, total = group
    incoming = Incoming(sender, recipient, "", Encoding.GSM7, total)
    try:
        arrival = await arrive(store, holders, CarrierId(carrier_id), incoming)
    except NotFound:  # nobody has the number any more, so that it has nobody to be shown to
        log.warning("segments_dropped", carrier_id=carrier_id, recipient=recipient)
        await store.commit(lambda tx: tx.changed(sql.forget_segments(group)))
        return

    async def end(tx: Transaction) -> None:
        await tx.execute(sql.lock_number(recipient))
        held = await _held(tx, group)
        if held:  # else it has become whole meanwhile
            await _store_joined(tx, store, arrival, group, held)

    await store.commit(end)


def _group(arrival: Arrival, part: Part) -> Group:
    incoming = arrival.incoming
    return (
        arrival.carrier_id,
        incoming.sender,
        incoming.recipient,
        part.reference,
        part.total,
    )


async def _held(tx: Transaction, group: Group) -> dict[int, _Segment]:
    (rows,) = await tx.select(sql.SEGMENTS, [group])
    return _by_number(rows)


def _by_number(rows: Sequence[Row]) -> dict[int, _Segment]:
    return {
        int(str(part)): _Segment(str(text), Encoding(str(encoding)))
        for part, text, encoding in rows
    }


async def _store_joined(
    tx: Transaction, store: Store, arrival: Arrival, group: Group, held: Mapping[int, _Segment]
) -> MessageId:
    total = group[-1]
    joined = replace(arrival, incoming=join(arrival.incoming, held, total))
    missing = total - len(held)
    flaw = f"{missing} of {total} segments never came." if missing else None
    await tx.changed(sql.forget_segments(group))
    return await store_whole(tx, store, joined, flaw=flaw)


def join(incoming: Incoming, held: Mapping[int, _Segment], total: int) -> Incoming:
    """The whole message, with a gap shown where a segment is missing."""
    numbers = range(1, total + 1)
    text = "".join(held[number].text if number in held else GAP for number in numbers)
    is_ucs2 = any(segment.encoding is Encoding.UCS2 for segment in held.values())
    encoding = Encoding.UCS2 if is_ucs2 else Encoding.GSM7
    return replace(incoming, text=text, encoding=encoding, segments=total, part=None)
