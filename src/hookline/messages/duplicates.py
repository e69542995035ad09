"""Duplicates: the same text from one sender to one number, again within the account's window.

Only of requests without an Idempotency-Key, which says better what is meant. The first of two at once wins, on any
number of nodes: the rows of `recent_messages` decide.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete

from hookline.clock import DAY_MS, SECOND_MS
from hookline.messages.errors import DuplicateMessage
from hookline.messages.model import Message
from hookline.storage.schema import recent_messages as table
from hookline.storage.sets import Insert, Select, Update
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_INSERT = Insert(table, ("digest", "message_id", "sent_at"), conflict=("digest",))
_RENEW = Update(
    table,
    key=("digest",),
    values=("message_id", "sent_at", "stale"),
    changes={"message_id": "{message_id}", "sent_at": "{sent_at}"},
    guard="t.sent_at <= {stale}",
    value_types={"stale": "sent_at"},
    ordered=True,
)
_EARLIER = Select(table, key=("digest",), columns=("message_id", "sent_at"))


@dataclass(frozen=True, slots=True)
class Once:
    """What a message must not be the same as, and for how long."""

    digest: bytes
    window_s: int


def once(message: Message, window_s: int) -> Once:
    """Of a message that is to be sent once within the window."""
    told = (message.account_id, message.mode, message.sender, message.recipient, message.text or "")
    parts = [part.encode() for part in told]
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return Once(hashlib.sha256(framed).digest(), window_s)


async def refuse_duplicates(
    tx: Transaction,
    messages: Mapping[int, tuple[Message, Once]],
    outcomes: dict[int, Any],
) -> None:
    """Remember the messages by their places, and refuse those that are there already."""
    first: dict[bytes, int] = {}
    for place, (_, wanted) in messages.items():
        if wanted.digest in first:
            outcomes[place] = DuplicateMessage(
                messages[first[wanted.digest]][0].id, wanted.window_s
            )
        else:
            first[wanted.digest] = place
    rows = [
        (digest, messages[place][0].id, messages[place][0].created_at)
        for digest, place in first.items()
    ]
    won = await tx.insert(_INSERT, rows)
    known = [row for row, is_new in zip(rows, won, strict=True) if not is_new]
    if not known:
        return
    renewals = [(*row, row[2] - messages[first[row[0]]][1].window_s * SECOND_MS) for row in known]
    renewed = await tx.update(_RENEW, renewals)
    again = [row[0] for row, is_old in zip(known, renewed, strict=True) if is_old is None]
    earlier = await tx.select(_EARLIER, [(digest,) for digest in again])
    for digest, found in zip(again, earlier, strict=True):
        place = first[digest]
        outcomes[place] = DuplicateMessage(str(found[0][0]), messages[place][1].window_s)


async def forget_old(store: Store) -> None:
    """Drop what no window reaches back to."""
    oldest = store.now() - DAY_MS
    await store.commit(lambda tx: tx.changed(delete(table).where(table.c.sent_at < oldest)))
