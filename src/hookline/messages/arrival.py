"""A whole inbound message: stored with its event, its thread kept and its opt-out words obeyed, in one transaction."""

from dataclasses import dataclass

from hookline.carriers.links import SANDBOX
from hookline.carriers.port import Incoming
from hookline.clock import UnixMs
from hookline.errors import NotFound
from hookline.ids import AccountId, CarrierId, IdSource, MessageId
from hookline.messages import progress
from hookline.messages import store as sql
from hookline.messages.conversations import note_inbound
from hookline.messages.model import COLUMNS, Message, Status, timeline_line
from hookline.messages.obeying import obey
from hookline.messages.opt_out_rules import DEFAULT, Rules
from hookline.principal import Mode
from hookline.storage.lookup import Lookup
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.telemetry import metrics


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came in, when, and whose it is."""

    carrier_id: CarrierId
    incoming: Incoming
    account_id: AccountId
    mode: Mode
    at: UnixMs
    rules: Rules = DEFAULT
    """The account's, for opt-out words."""


async def arrive(
    store: Store, holders: Lookup, carrier_id: CarrierId, incoming: Incoming
) -> Arrival:
    """Find out whose it is, by a look-up of `HOLDERS`. Raises NotFound when no account has the number on the carrier."""
    account_id = await _account_of(holders, carrier_id, incoming)
    mode = await _mode_of(store, carrier_id, account_id, incoming)
    return Arrival(carrier_id, incoming, account_id, mode, store.now())


async def store_whole(
    tx: Transaction, store: Store, arrival: Arrival, *, flaw: str | None = None
) -> MessageId:
    """The message with all that follows from it. With a `flaw` its words are not obeyed."""
    message = _message(store.ids, arrival, flaw)
    tx.add(sql.INSERT, tuple(getattr(message, name) for name in COLUMNS))
    progress.emit(tx, message)
    await note_inbound(tx, store.ids, message)
    if flaw is None:
        await obey(tx, store, arrival.rules, message)
    tx.after_commit(metrics.MESSAGES_RECEIVED.inc)
    return MessageId(message.id)


async def _account_of(holders: Lookup, carrier_id: CarrierId, incoming: Incoming) -> AccountId:
    rows = await holders.find(incoming.recipient)
    for _, account_id, home in sorted(tuple(map(str, row)) for row in rows):
        if incoming.account_id in (None, account_id) and (
            incoming.account_id is not None or home == carrier_id
        ):
            return AccountId(account_id)
    raise NotFound(f"No account has the number {incoming.recipient} on this carrier.")


async def _mode_of(
    store: Store, carrier_id: CarrierId, account_id: AccountId, incoming: Incoming
) -> Mode:
    """A virtual phone's answer belongs to the mode in which the phone was last written to.

    Test messages reach no real phone, so that nothing from one can be an answer to them.
    """
    if incoming.mode is not None:
        return incoming.mode
    if carrier_id != SANDBOX:
        return Mode.LIVE
    rows = await store.read(sql.conversation(account_id, incoming.sender).limit(1))
    return Mode(rows[0].mode) if rows else Mode.LIVE


def _message(ids: IdSource, arrival: Arrival, flaw: str | None) -> Message:
    incoming, now = arrival.incoming, arrival.at
    return Message(
        id=ids.new("msg"),
        account_id=arrival.account_id,
        mode=arrival.mode.value,
        direction="inbound",
        sender=incoming.sender,
        recipient=incoming.recipient,
        text=incoming.text,
        encoding=incoming.encoding.value,
        segments=incoming.segments,
        status=Status.RECEIVED.value,
        error_code=None,
        carrier_code=None,
        carrier_id=arrival.carrier_id,
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
        timeline=timeline_line(Status.RECEIVED, now, detail=flaw or incoming.note),
        owner=None,
    )
