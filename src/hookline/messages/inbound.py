"""Inbound messages and segments of them: each is stored once, however often the carrier sends it."""

from dataclasses import replace

from hookline.carriers.port import Incoming, Session
from hookline.clock import UnixMs
from hookline.ids import CarrierId, MessageId
from hookline.messages import inbound_store as sql
from hookline.messages.arrival import Arrival, arrive, store_whole
from hookline.messages.opt_out_rules import RuleBook
from hookline.messages.reassembly import is_one_of_several, take_segment
from hookline.messages.repeats import find_repeated, remember
from hookline.numbers.store import HOLDERS
from hookline.storage.lookup import Lookup
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)


class Inbound:
    """Takes what carriers receive for the account's numbers."""

    def __init__(self, store: Store, rules: RuleBook) -> None:
        self._store = store
        self._rules = rules
        self._holders = Lookup(store.database, HOLDERS)

    async def receive(self, carrier_id: CarrierId, incoming: Incoming) -> MessageId | None:
        """Durable when it returns; None for a segment that waits for the others.

        Raises NotFound when no account has the number on the carrier; nothing is stored then.
        """
        found = await arrive(self._store, self._holders, carrier_id, _storable(incoming))
        arrival = replace(found, rules=await self._rules.find(found.account_id))

        async def take(tx: Transaction) -> str:
            message_id = await find_repeated(tx, arrival)
            if message_id is None:
                message_id = await self._take(tx, arrival) or ""
            else:
                log.info("inbound_repeated", carrier_id=carrier_id, message_id=message_id)
            remember(tx, arrival, message_id)
            return message_id

        message_id = await self._store.commit(take)
        return MessageId(message_id) if message_id else None

    async def forget_acknowledged(
        self, carrier_id: CarrierId, session: Session, before: UnixMs
    ) -> None:
        """What came in before this instant will not be sent again."""
        forget = sql.forget_session(carrier_id, session.id, before)
        await self._store.commit(lambda tx: tx.changed(forget))

    async def _take(self, tx: Transaction, arrival: Arrival) -> MessageId | None:
        part = arrival.incoming.part
        if part is not None and is_one_of_several(part):
            return await take_segment(tx, self._store, arrival, part)
        return await store_whole(tx, self._store, arrival)


def _storable(incoming: Incoming) -> Incoming:
    """A text of PostgreSQL has no NUL, which UCS-2 can bring: better shown than refused for ever."""
    return replace(incoming, text=incoming.text.replace("\x00", "\ufffd"))
