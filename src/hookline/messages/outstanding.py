"""Messages that a carrier took and whose receipt has not come yet, for links that can ask about them."""

from collections.abc import Sequence

from hookline.carriers.port import Outstanding
from hookline.clock import UnixMs
from hookline.ids import CarrierId, MessageId
from hookline.messages import store as sql
from hookline.storage.store import Store


async def list_outstanding(
    store: Store, carrier_id: CarrierId, sent_before: UnixMs, after: str, limit: int
) -> Sequence[Outstanding]:
    """A page of them, oldest first, behind the one with the id `after`."""
    rows = await store.read(sql.awaiting_receipt(carrier_id, sent_before, after, limit))
    if not rows:
        return ()
    parts: dict[str, list[str]] = {}
    for part in await store.read(sql.open_parts([row.id for row in rows])):
        parts.setdefault(part.message_id, []).append(part.carrier_message_id)
    return [
        Outstanding(
            MessageId(row.id), row.recipient, UnixMs(row.sent_at), tuple(parts.get(row.id, ()))
        )
        for row in rows
    ]
