"""All SQL of messages whose submit got no answer: `sent`, with the error `submit_ambiguous`."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select as Query
from sqlalchemy import Update, and_, exists, literal_column, select, tuple_, update

from hookline.ids import CarrierId
from hookline.messages.model import COLUMNS, SUBMIT_AMBIGUOUS, SUPERSEDED, Status
from hookline.storage.schema import message_parts, messages, unmatched_receipts
from hookline.storage.sets import Select

# Literals: only then do both databases use the partial index, which is nearly always empty. Nor may
# anything be ordered by the id alone: SQLite then prefers to walk all that wait for a receipt.
_AMBIGUOUS = and_(
    messages.c.status == literal_column(f"'{Status.SENT.value}'"),
    messages.c.error_code == literal_column(f"'{SUBMIT_AMBIGUOUS}'"),
)

_WAITING = and_(
    messages.c.status == literal_column(f"'{Status.SENT.value}'"), messages.c.error_code.is_(None)
)

PART_NUMBERS = Select(
    message_parts,
    key=("message_id",),
    columns=("part",),
    guard=f"COALESCE(t.state, '') <> '{SUPERSEDED}'",
)


def carriers() -> Query[tuple[str | None]]:
    """The carriers that have ambiguous messages: one look at an index when there are none."""
    return select(messages.c.carrier_id).where(_AMBIGUOUS).distinct()


def waiting_receipts(of: Collection[CarrierId], received_before: int, limit: int) -> Query[Any]:
    """Receipts that belong to nothing, while their recipient has an ambiguous message; oldest first.

    One walk through what belongs to nothing, with a look at the small index for each.
    """
    columns = unmatched_receipts.c
    belongs = exists().where(
        message_parts.c.carrier_id == columns.carrier_id,
        message_parts.c.carrier_message_id == columns.carrier_message_id,
    )
    may_decide = exists().where(
        _AMBIGUOUS,
        messages.c.carrier_id == columns.carrier_id,
        messages.c.recipient == columns.recipient,
        messages.c.created_at <= columns.received_at,
    )
    return (
        select(columns.carrier_id, columns.carrier_message_id, columns.recipient)
        .where(columns.carrier_id.in_(of), columns.received_at <= received_before)
        .where(may_decide, ~belongs)
        .order_by(columns.received_at, columns.carrier_message_id)
        .limit(limit)
    )


def named_receipts(of: Collection[CarrierId], limit: int) -> Query[Any]:
    """Receipts that name ambiguous messages by our own ids, which are known of no segment yet."""
    columns = unmatched_receipts.c
    belongs = exists().where(
        message_parts.c.carrier_id == columns.carrier_id,
        message_parts.c.carrier_message_id == columns.carrier_message_id,
    )
    return (
        select(columns.carrier_id, columns.carrier_message_id)
        .join(messages, messages.c.id == columns.carrier_message_id)
        .where(_AMBIGUOUS, messages.c.carrier_id == columns.carrier_id)
        .where(columns.carrier_id.in_(of), ~belongs)
        .order_by(columns.received_at)
        .limit(limit)
    )


def lock(of: Collection[CarrierId], recipients: Collection[str]) -> Query[Any]:
    """The ambiguous messages to these recipients, oldest first, while we decide on them."""
    return (
        select(
            messages.c.id,
            messages.c.carrier_id,
            messages.c.recipient,
            messages.c.segments,
            messages.c.created_at,
        )
        .where(_AMBIGUOUS, messages.c.carrier_id.in_(of), messages.c.recipient.in_(recipients))
        .order_by(messages.c.created_at, messages.c.id)
        .with_for_update()
    )


def undecided(carrier_id: CarrierId, sent_before: int, limit: int) -> Query[Any]:
    """Messages of the carrier that have been ambiguous since this instant."""
    return (
        select(*(messages.c[name] for name in COLUMNS))
        .where(_AMBIGUOUS, messages.c.carrier_id == carrier_id, messages.c.sent_at <= sent_before)
        .order_by(messages.c.sent_at)
        .limit(limit)
    )


def unheard(
    carrier_id: CarrierId, after: tuple[int, str], before: int, *, is_ambiguous: bool
) -> Query[Any]:
    """Messages of the carrier without a receipt, sent up to an instant and behind a place."""
    is_so = _AMBIGUOUS if is_ambiguous else _WAITING
    columns = messages.c
    return (
        select(columns.id, columns.sender, columns.recipient, columns.sent_at)
        .where(is_so, columns.carrier_id == carrier_id, columns.sent_at <= before)
        .where(tuple_(columns.sent_at, columns.id) > after)
        .order_by(columns.sent_at, columns.id)
    )


def supersede_parts(message_ids: Sequence[str]) -> Update:
    """What the carrier calls a segment says nothing more about the message."""
    return (
        update(message_parts)
        .where(message_parts.c.message_id.in_(message_ids))
        .values(state=SUPERSEDED)
    )
