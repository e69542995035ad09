"""Has carriers asked about messages whose receipts are missing, where they can be asked.

Once each: before a message's receipt is given up, and before an ambiguous one is decided. Whatever
the carrier says is recorded as a receipt; nothing is ever sent again because of it.
"""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Row

from hookline.carriers.port import Inquirer, Link, Outstanding
from hookline.clock import HOUR_MS, MINUTE_MS, UnixMs
from hookline.ids import CarrierId, MessageId
from hookline.messages import ambiguity_store as sql
from hookline.messages import store as message_sql
from hookline.messages.dispatch import Dispatcher
from hookline.storage.store import Store

_EARLY_MS = 10 * MINUTE_MS
"""How long before a receipt is given up the carrier is asked."""
_PAGE = 500

MessageRow = Row[Any]  # Any: columns of messages


class Inquiries:
    """Remembers until when it has asked; what it forgets with its process is asked once more."""

    def __init__(self, store: Store, dispatcher: Dispatcher, page: int = _PAGE) -> None:
        self._store = store
        self._page = page
        self._dispatcher = dispatcher
        self._asked: dict[tuple[CarrierId, bool], int] = {}

    async def ask_overdue(self) -> None:
        """Of what will be given up soon."""
        timeout_ms = self._store.settings.receipt_timeout_hours * HOUR_MS
        before = self._store.now() - timeout_ms + min(_EARLY_MS, timeout_ms // 2)
        for link in await self._links():
            await self._ask(link, UnixMs(before), is_ambiguous=False)

    async def ask_ambiguous(self) -> None:
        """Of what has been ambiguous for half of the time after which it is decided."""
        for link in await self._links():
            before = self._store.now() - int(link.ambiguity.wait_s * 500)
            await self._ask(link, UnixMs(before), is_ambiguous=True)

    async def _links(self) -> list[Link]:
        """Those by which something can be asked now."""
        queues = [await self._dispatcher.queue_for(one) for one in self._dispatcher.open_carriers()]
        links = [queue.link for queue in queues if queue is not None and queue.link is not None]
        return [link for link in links if link.ambiguity.can_ask and link.window]

    async def _ask(self, link: Link, before: UnixMs, *, is_ambiguous: bool) -> None:
        since = self._asked.get((link.carrier_id, is_ambiguous), 0)
        place: tuple[int, str] = (since, "")
        while True:
            wanted = sql.unheard(link.carrier_id, place, before, is_ambiguous=is_ambiguous)
            rows = await self._store.read(wanted.limit(self._page))
            await self._inquire(link, rows)
            if len(rows) < self._page:
                break
            place = rows[-1].sent_at, rows[-1].id
        self._asked[link.carrier_id, is_ambiguous] = before

    async def _inquire(self, link: Link, rows: Sequence[MessageRow]) -> None:
        parts: dict[str, list[str]] = {}
        ids = [row.id for row in rows]
        for row in await self._store.read(message_sql.open_parts(ids)) if ids else ():
            parts.setdefault(row.message_id, []).append(row.carrier_message_id)
        outstanding = [
            Outstanding(
                MessageId(row.id),
                row.recipient,
                UnixMs(row.sent_at),
                tuple(parts[row.id]),
                row.sender,
            )
            for row in rows
            if row.id in parts
        ]
        if outstanding:
            cast("Inquirer", link).inquire(outstanding)
