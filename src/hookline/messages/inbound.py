"""Inbound messages and segments of them: each is stored once, however often the carrier sends it."""

from hookline.carriers.port import Incoming, Session
from hookline.clock import UnixMs
from hookline.ids import CarrierId, MessageId
from hookline.messages.arrival import arrive, store_whole
from hookline.storage.store import Store


class Inbound:
    """Takes what carriers receive for the account's numbers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def forget_acknowledged(
        self, carrier_id: CarrierId, session: Session, before: UnixMs
    ) -> None:
        """What came in before this instant cannot come in again."""

    async def receive(self, carrier_id: CarrierId, incoming: Incoming) -> MessageId | None:
        """Durable when it returns. Raises NotFound when no account has the number on the carrier."""
        arrival = await arrive(self._store, carrier_id, incoming)
        return await self._store.commit(lambda tx: store_whole(tx, self._store.ids, arrival))
