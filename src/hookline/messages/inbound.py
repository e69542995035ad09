"""Inbound messages and segments of them: each is stored once, however often the carrier sends it."""

from dataclasses import replace

from hookline.carriers.port import Incoming, Session
from hookline.clock import UnixMs
from hookline.ids import CarrierId, MessageId
from hookline.messages.arrival import Arrival, arrive, store_whole
from hookline.messages.reassembly import is_one_of_several, take_segment
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction


class Inbound:
    """Takes what carriers receive for the account's numbers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def receive(self, carrier_id: CarrierId, incoming: Incoming) -> MessageId | None:
        """Durable when it returns; None for a segment that waits for the others.

        Raises NotFound when no account has the number on the carrier; nothing is stored then.
        """
        arrival = await arrive(self._store, carrier_id, _storable(incoming))

        return await self._store.commit(lambda tx: self._take(tx, arrival))

    async def forget_acknowledged(
        self, carrier_id: CarrierId, session: Session, before: UnixMs
    ) -> None:
        """What came in before this instant cannot come in again."""

    async def _take(self, tx: Transaction, arrival: Arrival) -> MessageId | None:
        part = arrival.incoming.part
        if part is not None and is_one_of_several(part):
            return await take_segment(tx, self._store.ids, arrival, part)
        return await store_whole(tx, self._store.ids, arrival)


def _storable(incoming: Incoming) -> Incoming:
    """A text of PostgreSQL has no NUL, which UCS-2 can bring: better shown than refused for ever."""
    return replace(incoming, text=incoming.text.replace("\x00", "\ufffd"))
