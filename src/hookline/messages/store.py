"""All SQL of messages."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Select as Query
from sqlalchemy import Update as UpdateQuery
from sqlalchemy import select, update

from hookline.ids import AccountId, CarrierId
from hookline.messages.model import COLUMNS, DELIVERY_UNKNOWN, Change, Status, sources
from hookline.principal import Mode
from hookline.storage.schema import message_parts, messages, opt_outs, unmatched_receipts
from hookline.storage.sets import Insert, Select, Update

INSERT = Insert(messages, COLUMNS)
INSERT_PART = Insert(
    message_parts,
    ("carrier_id", "carrier_message_id", "message_id", "part", "parts", "created_at"),
    conflict=("carrier_id", "carrier_message_id", "message_id", "part"),
)
INSERT_UNMATCHED = Insert(
    unmatched_receipts,
    ("carrier_id", "carrier_message_id", "state", "carrier_code", "received_at"),
    conflict=("carrier_id", "carrier_message_id", "state"),
)
INSERT_OPT_OUT = Insert(
    opt_outs,
    ("account_id", "mode", "recipient", "source", "message_id", "created_at"),
    conflict=("account_id", "mode", "recipient"),
)
IS_OPTED_OUT = Select(opt_outs, key=("account_id", "mode", "recipient"), columns=("recipient",))
SET_PART_STATE = Update(
    message_parts,
    key=("carrier_id", "carrier_message_id"),
    values=("state",),
    changes={"state": "{state}"},
    guard="t.state IS NULL",
    returning=("message_id", "parts"),
)
PART_EXISTS = Select(
    message_parts, key=("carrier_id", "carrier_message_id"), columns=("message_id",)
)
PART_STATES = Select(message_parts, key=("message_id",), columns=("state",))
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


@cache
def progress(*changes: Change, owned: bool = False) -> Update:
    """Compare-and-set from where the changes are possible; the whole row comes back.

    With `owned`, one value more says which node must be the owner.
    """
    allowed = sorted({status for change in changes for status in sources(change)})
    guard = f"t.status IN ({', '.join(repr(str(status.value)) for status in allowed)})"
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


Messages = Query[Any]  # Any: COLUMNS


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


def claim_work(carrier_id: CarrierId, node: str, limit: int, *, skip_locked: bool) -> UpdateQuery:
    """Take queued messages that no living node works on, oldest first."""
    waiting = (
        select(messages.c.id)
        .where(messages.c.status == Status.QUEUED, messages.c.carrier_id == carrier_id)
        .where(messages.c.owner.is_(None))
        .order_by(messages.c.id)
        .limit(limit)
    )
    if skip_locked:
        waiting = waiting.with_for_update(skip_locked=True)
    return (
        update(messages)
        .where(messages.c.id.in_(waiting.scalar_subquery()))
        .values(owner=node)
        .returning(*(messages.c[name] for name in COLUMNS))
    )


def carriers_with_work() -> Query[Any]:
    """Carriers that have queued messages without an owner."""
    return (
        select(messages.c.carrier_id)
        .where(messages.c.status == Status.QUEUED, messages.c.owner.is_(None))
        .distinct()
    )


def disowned(nodes_alive: Sequence[str], statuses: Sequence[Status]) -> Messages:
    """Messages in these statuses whose node is gone."""
    return (
        _all()
        .where(messages.c.status.in_(statuses), messages.c.owner.is_not(None))
        .where(messages.c.owner.not_in(nodes_alive))
        .order_by(messages.c.id)
    )


def due(now: int, limit: int) -> Messages:
    """Scheduled messages whose time has come."""
    return (
        _all()
        .where(messages.c.status == Status.SCHEDULED, messages.c.send_at <= now)
        .order_by(messages.c.id)
        .limit(limit)
    )


def outlived(now: int, limit: int) -> Messages:
    """Queued messages that nobody has sent within their validity."""
    return (
        _all()
        .where(messages.c.status == Status.QUEUED, messages.c.valid_until <= now)
        .order_by(messages.c.id)
        .limit(limit)
    )


def without_receipt(sent_before: int) -> UpdateQuery:
    """Give up waiting for receipts of messages sent before this instant."""
    return (
        update(messages)
        .where(messages.c.status == Status.SENT, messages.c.error_code.is_(None))
        .where(messages.c.sent_at < sent_before)
        .values(error_code=DELIVERY_UNKNOWN)
    )
