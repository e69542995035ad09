"""All SQL of messages."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Delete,
    delete,
    func,
    literal,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy import Select as Query
from sqlalchemy import Update as UpdateQuery

from hookline.carriers.links import SANDBOX
from hookline.ids import AccountId, CarrierId
from hookline.messages.model import (
    AMBIGUOUS_ONLY,
    COLUMNS,
    DELIVERY_UNKNOWN,
    RECEIPTS,
    SUBMIT_AMBIGUOUS,
    SUPERSEDED,
    Change,
    Status,
    sources,
    target,
)
from hookline.principal import Mode
from hookline.storage.schema import (
    QUEUED,
    carriers,
    message_parts,
    messages,
    opt_outs,
    unmatched_receipts,
)
from hookline.storage.sets import Insert, Row, Select, Update

INSERT = Insert(messages, COLUMNS)
INSERT_PART = Insert(
    message_parts,
    ("carrier_id", "carrier_message_id", "message_id", "part", "parts", "created_at"),
    conflict=("carrier_id", "carrier_message_id", "message_id", "part"),
)
REOPEN_PART = Update(
    message_parts,
    key=("carrier_id", "carrier_message_id", "message_id", "part"),
    values=("created_at",),
    changes={"state": "NULL", "created_at": "{created_at}"},
    guard=f"t.state = '{SUPERSEDED}'",
)
"""The carrier knows a message that is sent again, and gives it the same id."""
INSERT_UNMATCHED = Insert(
    unmatched_receipts,
    ("carrier_id", "carrier_message_id", "state", "carrier_code", "recipient", "received_at"),
    conflict=("carrier_id", "carrier_message_id", "state"),
)
INSERT_OPT_OUT = Insert(
    opt_outs,
    (
        "account_id", "mode", "recipient", "sender", "source", "language", "message_id",
        "created_at",
    ),
    conflict=("account_id", "mode", "recipient", "sender"),
)  # fmt: skip
IS_OPTED_OUT = Select(opt_outs, key=("account_id", "mode", "recipient"), columns=("sender",))
"""From which senders somebody wants no messages: a few rows at most, mostly none. See `blocks`."""
EVERY_SENDER = ""
TEXT = Select(messages, key=("id",), columns=("text",))
SET_PART_STATE = Update(
    message_parts,
    key=("carrier_id", "carrier_message_id"),
    values=("state",),
    changes={"state": "{state}"},
    # A carrier that restarts may count anew: its receipt is about the newest message with the id.
    guard="t.state IS NULL AND NOT EXISTS (SELECT 1 FROM message_parts AS newer"
    " WHERE newer.carrier_id = t.carrier_id AND newer.carrier_message_id = t.carrier_message_id"
    " AND (newer.created_at, newer.message_id) > (t.created_at, t.message_id))",
    returning=("message_id", "parts"),
)
PARTS_WITH_ID = Select(
    message_parts, key=("carrier_id", "carrier_message_id"), columns=("created_at",)
)
PART_STATES = Select(
    message_parts,
    key=("message_id",),
    columns=("part", "parts", "state"),
    guard=f"COALESCE(t.state, '') <> '{SUPERSEDED}'",
)
UNMATCHED = Select(
    unmatched_receipts,
    key=("carrier_id", "carrier_message_id"),
    columns=("state", "carrier_code", "received_at"),
)

PROGRESS_VALUES = (
    "status",
    "updated_at",
    "error_code",
    "carrier_code",
    "sent_at",
    "delivered_at",
    "timeline",
    "counted",
)
_CHANGES = {
    "status": "{status}",
    "updated_at": "{updated_at}",
    "error_code": "{error_code}",
    "carrier_code": "{carrier_code}",
    "sent_at": "COALESCE({sent_at}, t.sent_at)",
    "delivered_at": "{delivered_at}",
    "timeline": "t.timeline || {timeline}",
    "sequence": "t.sequence + {counted}",
}


def blocks(opted_out: Sequence[Row], sender: str) -> bool:
    """Whether rows of `IS_OPTED_OUT` keep the sender from writing."""
    return any(row[0] in (EVERY_SENDER, sender) for row in opted_out)


@cache
def progress(*changes: Change, owned: bool = False) -> Update:
    """Compare-and-set from where the changes are possible; the whole row comes back.

    With `owned`, one value more says which node must be the owner.
    """
    allowed = sorted({status for change in changes for status in sources(change)})
    guard = f"t.status IN ({', '.join(repr(str(status.value)) for status in allowed)})"
    if RECEIPTS.intersection(changes):
        guard += f" AND COALESCE(t.error_code, '') <> '{DELIVERY_UNKNOWN}'"  # which is final
    if AMBIGUOUS_ONLY.intersection(changes):
        guard += f" AND t.error_code = '{SUBMIT_AMBIGUOUS}'"
    if Change.UNREPORTED in changes:
        guard += " AND t.error_code IS NULL"
    values = (*PROGRESS_VALUES, "owner") if owned else PROGRESS_VALUES
    return Update(
        messages,
        key=("id",),
        values=values,
        changes=_CHANGES,
        guard=f"{guard} AND t.owner = {{owner}}" if owned else guard,
        returning=COLUMNS,
        value_types={"counted": "sequence"},
    )


MARK_SENDING = Update(
    messages,
    key=("id",),
    values=("updated_at", "timeline", "owner", "carrier_id"),
    changes={
        "status": f"'{target(Change.CLAIMED).value}'",
        "updated_at": "{updated_at}",
        "timeline": "t.timeline || {timeline}",
    },
    guard=f"t.status = '{Status.QUEUED.value}' AND t.owner = {{owner}}"
    " AND t.carrier_id = {carrier_id}",  # else another link of the node has it since
)
"""The leanest of the moves: whoever makes it holds the rest of the row in memory."""

Messages = Query[Any]  # Any: COLUMNS


def is_in(status: Status) -> ColumnElement[bool]:
    """The condition, as the index of that status has it."""
    return messages.c.status == literal_column(f"'{status.value}'")


def _all() -> Messages:
    return select(*(messages.c[name] for name in COLUMNS))


def of_account(account_id: AccountId, mode: Mode) -> Messages:
    return _all().where(messages.c.account_id == account_id, messages.c.mode == mode.value)


def by_id(account_id: AccountId, mode: Mode, message_id: str) -> Messages:
    return of_account(account_id, mode).where(messages.c.id == message_id)


def any_mode(account_id: AccountId, message_id: str) -> Messages:
    return _all().where(messages.c.account_id == account_id, messages.c.id == message_id)


def conversation(account_id: AccountId, number: str) -> Messages:
    """Everything from or to one number, both modes, newest first."""
    return (
        _all()
        .where(messages.c.account_id == account_id)
        .where((messages.c.recipient == number) | (messages.c.sender == number))
        .order_by(messages.c.id.desc())
    )


def claim_work(
    carrier_id: CarrierId, node: str, limit: int, *, also_others: bool = False
) -> UpdateQuery:
    """Take queued messages that no living node works on, oldest first.

    With `also_others`, those of other nodes too: whoever has the only link to the carrier may, as
    nobody else can send them.
    """
    owner = messages.c.owner
    free = owner.is_distinct_from(node) if also_others else owner.is_(None)
    waiting = (
        select(messages.c.id)
        .where(QUEUED, messages.c.carrier_id == carrier_id)
        .where(free)
        .order_by(messages.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)  # SQLite has one writer and no such clause
        # Not a plain subquery: PostgreSQL may run that again for every row, and go beyond the limit.
        .cte("waiting")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return (
        update(messages)
        .where(messages.c.id.in_(select(waiting.c.id)), free)
        .values(owner=node)
        .returning(*(messages.c[name] for name in COLUMNS))
    )


def carriers_with_work() -> CompoundSelect[tuple[str]]:
    """Carriers that have queued messages without an owner. One look a carrier, not a message."""
    waiting = select(messages.c.id).where(QUEUED, messages.c.owner.is_(None))
    of_row = waiting.where(messages.c.carrier_id == carriers.c.id)
    of_tests = waiting.where(messages.c.carrier_id == SANDBOX)
    return union_all(
        select(carriers.c.id.label("carrier_id")).where(of_row.exists()),
        select(literal(SANDBOX).label("carrier_id")).where(of_tests.exists()),
    )


def owners(status: Status) -> Query[tuple[str | None]]:
    """Every node that messages in this status name."""
    return select(messages.c.owner).where(is_in(status), messages.c.owner.is_not(None)).distinct()


def owned_by(nodes: Collection[str], status: Status, limit: int) -> Messages:
    """Messages of these nodes, oldest first, but those whose receipt was given up."""
    return (
        _all()
        .where(is_in(status), messages.c.owner.in_(nodes))
        .where(func.coalesce(messages.c.error_code, "") != DELIVERY_UNKNOWN)
        .order_by(messages.c.id)
        .limit(limit)
    )


def release_queued(nodes: Collection[str]) -> UpdateQuery:
    """Let anybody claim what these nodes had queued."""
    return update(messages).where(QUEUED, messages.c.owner.in_(nodes)).values(owner=None)


def release_carrier(carrier_id: CarrierId, node: str) -> UpdateQuery:
    """Let anybody claim what this node had queued for one carrier."""
    return (
        update(messages)
        .where(QUEUED, messages.c.carrier_id == carrier_id)
        .where(messages.c.owner == node)
        .values(owner=None)
    )


def own(message_ids: Sequence[str], node: str | None) -> UpdateQuery:
    return update(messages).where(messages.c.id.in_(message_ids)).values(owner=node)


def open_parts(message_ids: Sequence[str]) -> Query[Any]:
    """The segments of these messages that no receipt has come for."""
    return (
        select(message_parts.c.message_id, message_parts.c.carrier_message_id)
        .where(message_parts.c.message_id.in_(message_ids), message_parts.c.state.is_(None))
        .order_by(message_parts.c.part)
    )


def awaiting_receipt(carrier_id: CarrierId, sent_before: int, after: str, limit: int) -> Query[Any]:
    """The carrier's messages that a receipt may still come for, oldest first."""
    return (
        select(messages.c.id, messages.c.recipient, messages.c.sent_at)
        .where(messages.c.status == literal_column(f"'{Status.SENT.value}'"))  # for its index
        .where(messages.c.carrier_id == carrier_id, messages.c.id > after)
        .where(messages.c.error_code.is_(None), messages.c.sent_at <= sent_before)
        .order_by(messages.c.id)
        .limit(limit)
    )


def lock(message_ids: Collection[str]) -> Query[tuple[str]]:
    """Take turns with other nodes that decide the same messages."""
    ids = messages.c.id
    return select(ids).where(ids.in_(message_ids)).order_by(ids).with_for_update()


def matchable_receipts(limit: int) -> Query[Any]:
    """Receipts that wait although the segments that they are about have become known."""
    columns = unmatched_receipts.c
    return (
        select(
            columns.carrier_id,
            columns.carrier_message_id,
            columns.state,
            columns.carrier_code,
            columns.received_at,
        )
        .join(
            message_parts,
            (message_parts.c.carrier_id == columns.carrier_id)
            & (message_parts.c.carrier_message_id == columns.carrier_message_id),
        )
        .where(message_parts.c.state.is_(None))
        .order_by(columns.received_at)
        .limit(limit)
    )


def forget_unmatched(received_before: int) -> Delete:
    """Receipts that belong to nothing that we sent."""
    return delete(unmatched_receipts).where(unmatched_receipts.c.received_at < received_before)


def due(now: int, limit: int) -> Messages:
    """Scheduled messages whose time has come."""
    return (
        _all()
        .where(is_in(Status.SCHEDULED), messages.c.send_at <= now)
        .order_by(messages.c.id)
        .limit(limit)
    )


def outlived(now: int, limit: int) -> Messages:
    """Queued messages that nobody has sent within their validity: found in the index of the queues alone."""
    over = select(messages.c.id).where(QUEUED, messages.c.valid_until <= now).limit(limit)
    return _all().where(messages.c.id.in_(over)).order_by(messages.c.id)


def give_up_receipts(sent_before: int, now: int, limit: int) -> UpdateQuery:
    """Stop waiting for the receipts of some messages sent before this instant."""
    waiting = (
        select(messages.c.id)
        .where(is_in(Status.SENT), messages.c.error_code.is_(None))
        .where(messages.c.sent_at < sent_before)
        .limit(limit)
    )
    return (
        update(messages)
        .where(messages.c.id.in_(waiting.scalar_subquery()))
        .where(messages.c.status == Status.SENT)
        .values(error_code=DELIVERY_UNKNOWN, updated_at=now)
    )
