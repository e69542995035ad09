"""Inbound messages: stored with their event, their opt-out words obeyed, in one transaction."""

from dataclasses import replace

from hookline.carriers.links import SANDBOX
from hookline.carriers.port import Incoming, Session
from hookline.clock import UnixMs
from hookline.errors import NotFound
from hookline.events.append import append
from hookline.events.model import Draft, EventType
from hookline.ids import AccountId, CarrierId, MessageId
from hookline.messages import opt_outs, progress
from hookline.messages import store as sql
from hookline.messages.keywords import Keyword, classify
from hookline.messages.model import COLUMNS, Message, Status, timeline_line
from hookline.numbers import store as number_sql
from hookline.principal import Mode
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.telemetry import metrics


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
        account_id = await self._account_of(carrier_id, incoming)
        mode = await self._mode_of(carrier_id, account_id, incoming)
        message = self._message(carrier_id, incoming, account_id, mode)

        async def store_it(tx: Transaction) -> None:
            tx.add(sql.INSERT, tuple(getattr(message, name) for name in COLUMNS))
            progress.emit(tx, message)
            keyword = classify(incoming.text)
            if keyword is Keyword.STOP and await opt_outs.opt_out(tx, message):
                append(tx, _opted_out(message))
            elif keyword is Keyword.START:
                await opt_outs.opt_in(tx, message)

        await self._store.commit(store_it)
        metrics.MESSAGES_RECEIVED.inc()
        return MessageId(message.id)

    async def _account_of(self, carrier_id: CarrierId, incoming: Incoming) -> AccountId:
        rows = await self._store.read(number_sql.holders(incoming.recipient))
        for row in rows:
            if incoming.account_id in (None, row.account_id) and (
                incoming.account_id is not None or row.carrier_id == carrier_id
            ):
                return AccountId(row.account_id)
        raise NotFound(f"No account has the number {incoming.recipient} on this carrier.")

    async def _mode_of(
        self, carrier_id: CarrierId, account_id: AccountId, incoming: Incoming
    ) -> Mode:
        """A virtual phone's answer belongs to the mode in which the phone was last written to.

        Test messages reach no real phone, so that nothing from one can be an answer to them.
        """
        if incoming.mode is not None:
            return incoming.mode
        if carrier_id != SANDBOX:
            return Mode.LIVE
        rows = await self._store.read(sql.conversation(account_id, incoming.sender).limit(1))
        return Mode(rows[0].mode) if rows else Mode.LIVE

    def _message(
        self, carrier_id: CarrierId, incoming: Incoming, account_id: AccountId, mode: Mode
    ) -> Message:
        now = self._store.now()
        return Message(
            id=self._store.ids.new("msg"),
            account_id=account_id,
            mode=mode.value,
            direction="inbound",
            sender=incoming.sender,
            recipient=incoming.recipient,
            text=incoming.text,
            encoding=incoming.encoding.value,
            segments=incoming.segments,
            status=Status.RECEIVED.value,
            error_code=None,
            carrier_code=None,
            carrier_id=carrier_id,
            credential_id=None,
            tags=None,
            metadata=None,
            status_url=None,
            status_events=None,
            created_at=now,
            updated_at=now,
            send_at=None,
            valid_until=None,
            sent_at=None,
            delivered_at=None,
            sequence=1,
            timeline=timeline_line(Status.RECEIVED, now),
            owner=None,
        )


def _opted_out(message: Message) -> Draft:
    draft = progress.draft_of(message, EventType.MESSAGE_OPTED_OUT)
    return replace(draft, sequence=message.sequence + 1)
