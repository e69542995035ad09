"""All SQL of conversations. What we wrote is found by index when a thread is read: sending costs nothing more."""

from typing import Any

from sqlalchemy import ColumnElement, Delete, Update, case, func, select, union_all, update
from sqlalchemy import Select as Query
from sqlalchemy import delete as delete_from

from hookline.ids import AccountId
from hookline.messages.model import COLUMNS
from hookline.principal import Mode
from hookline.storage.schema import conversations, messages
from hookline.storage.sets import Insert
from hookline.storage.sets import Update as Change

Rows = Query[Any]  # Any: the statement's own columns
_c = conversations.c
_KEY = ("account_id", "mode", "number", "party")

INSERT = Insert(
    conversations, ("id", *_KEY, "last_inbound_id", "unread", "created_at"), conflict=_KEY
)
NOTE = Change(
    conversations,
    key=_KEY,
    values=("last_inbound_id",),
    changes={
        # Two nodes may commit in another order than that of their ids.
        "last_inbound_id": "CASE WHEN t.last_inbound_id < {last_inbound_id}"
        " THEN {last_inbound_id} ELSE t.last_inbound_id END",
        "unread": "t.unread + 1",
    },
)


def of_account(account_id: AccountId, mode: Mode) -> Rows:
    return select(conversations).where(_c.account_id == account_id, _c.mode == mode.value)


def by_id(account_id: AccountId, mode: Mode, conversation_id: str) -> Rows:
    return of_account(account_id, mode).where(_c.id == conversation_id)


def messages_between(
    row: Any,
    cursor: str | None,
    limit: int,
    *,
    ascending: bool,  # Any: a row of `of_account`
) -> Rows:
    """What went both ways, each way by its own index; a page and one row more."""
    m = messages.c
    ours = (m.recipient == row.party, m.sender == row.number, m.direction == "outbound")
    theirs = (m.sender == row.party, m.recipient == row.number, m.direction == "inbound")
    parts = []
    for match in (ours, theirs):
        part = _messages(row).where(*match)
        if cursor is not None:
            part = part.where(m.id > cursor if ascending else m.id < cursor)
        ordered = part.order_by(m.id.asc() if ascending else m.id.desc()).limit(limit + 1)
        parts.append(select(ordered.subquery()))
    both = union_all(*parts).subquery()
    return (
        select(both).order_by(both.c.id.asc() if ascending else both.c.id.desc()).limit(limit + 1)
    )


def last_messages(ids: list[str]) -> Rows:
    return select(*(messages.c[name] for name in COLUMNS)).where(messages.c.id.in_(ids))


def read_until(row: Any, message_id: str) -> Update:  # Any: a row of `of_account`
    """Unread is what has come in after this message."""
    m = messages.c
    later = (
        select(func.count())
        .select_from(messages)
        .where(m.account_id == row.account_id, m.mode == row.mode, m.direction == "inbound")
        .where(m.sender == row.party, m.recipient == row.number, m.id > message_id)
    )
    return update(conversations).where(_c.id == row.id).values(unread=later.scalar_subquery())


def erase_older(account_id: AccountId, mode: Mode, party: str, before_id: str) -> Delete:
    """Conversations in which the person has written nothing since."""
    return delete_from(conversations).where(
        *_of_party(account_id, mode, party), _c.last_inbound_id < before_id
    )


def erase_from_newer(
    account_id: AccountId, mode: Mode, party: str, before_id: str, at: int
) -> Update:
    """The others begin with what was written since, of which all but what was erased may be unread."""
    m = messages.c
    since = (
        select(func.count())
        .select_from(messages)
        .where(m.account_id == account_id, m.mode == mode.value, m.direction == "inbound")
        .where(m.sender == party, m.recipient == _c.number, m.id >= before_id)
        .scalar_subquery()
    )
    least = case((_c.unread < since, _c.unread), else_=since)
    values = {"created_at": at, "unread": least}
    return (
        update(conversations)
        .where(*_of_party(account_id, mode, party), _c.last_inbound_id >= before_id)
        .values(**values)
    )


def _of_party(account_id: AccountId, mode: Mode, party: str) -> tuple[ColumnElement[bool], ...]:
    return (_c.account_id == account_id, _c.mode == mode.value, _c.party == party)


def _messages(row: Any) -> Rows:  # Any: a row of `of_account`
    m = messages.c
    return select(*(m[name] for name in COLUMNS)).where(
        m.account_id == row.account_id, m.mode == row.mode
    )
