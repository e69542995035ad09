"""What a carrier sends again because our acknowledgement of it was lost.

A carrier repeats in a new session what was not acknowledged in the old one: after `kill -9`, what
had been committed already. What came in is remembered until the carrier surely knows that we have
it, so that a person who writes the same text twice is not taken for a repetition.
"""

from hashlib import blake2b

import msgspec

from hookline.carriers.port import Incoming
from hookline.clock import DAY_MS, HOUR_MS, MINUTE_MS
from hookline.messages import inbound_store as sql
from hookline.messages.arrival import Arrival
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_BEFORE_SESSION_MS = 10 * MINUTE_MS
"""A session that began later than this after it is not there to send it again."""
_YOUNG_MS = 5 * MINUTE_MS
"""A session in which by now everything has been sent again."""
_KEPT_MS = HOUR_MS
_NAMES_KEPT_MS = 7 * DAY_MS
"""No carrier tries longer to get rid of a message."""


async def find_repeated(tx: Transaction, arrival: Arrival) -> str | None:
    """The id under which this has been stored before ("" for a segment), or None.

    Each remembered one is found once, but for those that have an id of the carrier's.
    """
    if arrival.incoming.carrier_message_id is not None:
        return await _find_named(tx, arrival, arrival.incoming.carrier_message_id)
    session = arrival.incoming.session
    if session is None or arrival.at - session.began_at >= _YOUNG_MS:
        return None
    digest = digest_of(arrival.incoming)
    (rows,) = await tx.select(sql.ALIKE, [(arrival.carrier_id, digest)])
    oldest_at = session.began_at - _BEFORE_SESSION_MS
    alike = sorted(
        (int(str(at)), str(message_id), str(other))
        for other, message_id, at in rows
        if other != session.id and int(str(at)) >= oldest_at
    )
    for _, message_id, other in alike:
        if await tx.changed(sql.forget(arrival.carrier_id, digest, other, message_id)):
            return message_id
    return None


def remember(tx: Transaction, arrival: Arrival, message_id: str) -> None:
    """Until it is acknowledged. Also of a repetition, whose acknowledgement may be lost as well."""
    name, session = arrival.incoming.carrier_message_id, arrival.incoming.session
    if name is not None:
        tx.add(sql.REMEMBER_NAME, (arrival.carrier_id, name, message_id, arrival.at))
    elif session is not None:
        digest = digest_of(arrival.incoming)
        row = (arrival.carrier_id, digest, session.id, message_id, arrival.at)
        tx.add(sql.REMEMBER, row)


async def forget_old(store: Store) -> None:
    """Nothing is sent again so much later."""
    now = store.now()

    async def forget(tx: Transaction) -> None:
        await tx.changed(sql.forget_older(now - _KEPT_MS))
        await tx.changed(sql.forget_names(now - _NAMES_KEPT_MS))

    await store.commit(forget)


async def _find_named(tx: Transaction, arrival: Arrival, name: str) -> str | None:
    """Whoever brings the same at the same moment, on whichever node, waits for its turn."""
    await tx.execute(sql.lock_number(arrival.incoming.recipient))
    (rows,) = await tx.select(sql.NAMED, [(arrival.carrier_id, name)])
    return str(rows[0][0]) if rows else None


def digest_of(incoming: Incoming) -> bytes:
    """What two deliveries of one message or segment have in common."""
    part = incoming.part
    told = (
        incoming.sender,
        incoming.recipient,
        incoming.encoding.value,
        incoming.text,
        None if part is None else (part.reference, part.total, part.number),
    )
    return blake2b(msgspec.json.encode(told), digest_size=16).digest()
