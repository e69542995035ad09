"""All SQL of what virtual phones show, and of what is done at them."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Delete, Executable, delete, select, update
from sqlalchemy import Select as Query
from sqlalchemy import Update as UpdateQuery

from hookline.clock import UnixMs
from hookline.ids import AccountId
from hookline.principal import Mode
from hookline.storage.schema import legs, phone_acts, phone_calls
from hookline.storage.sets import Insert, Update

_ENDED = "ended"

INSERT_SHOWN = Insert(
    phone_calls,
    ("leg_id", "account_id", "mode", "phone", "owner", "state", "shown", "ended_at"),
    conflict=("leg_id",),
)
CHANGE_SHOWN = Update(
    phone_calls,
    key=("leg_id",),
    values=("state", "shown", "ended_at"),
    changes={"state": "{state}", "shown": "{shown}", "ended_at": "{ended_at}"},
    guard=f"t.state <> '{_ENDED}'",
)
INSERT_ACT = Insert(phone_acts, ("id", "leg_id", "owner", "act", "created_at"))

Rows = Query[Any]  # Any: the columns of `phone_calls`, and the call's id


def at_phone(account_id: AccountId, phone: str, mode: Mode | None) -> Rows:
    """The phone's calls, each with the call that its leg is part of; None: in both modes."""
    statement = (
        select(phone_calls, legs.c.call_id)
        .join(legs, legs.c.id == phone_calls.c.leg_id, isouter=True)
        .where(phone_calls.c.account_id == account_id, phone_calls.c.phone == phone)
    )
    return statement if mode is None else statement.where(phone_calls.c.mode == mode.value)


def latest(statement: Rows, limit: int) -> Rows:
    """The newest of them first."""
    return statement.order_by(phone_calls.c.leg_id.desc()).limit(limit)


def one(statement: Rows, leg_id: str) -> Rows:
    return statement.where(phone_calls.c.leg_id == leg_id)


def locked(statement: Rows, leg_id: str) -> Rows:
    """For an act: the call does not end at the phone before that is committed."""
    return one(statement, leg_id).with_for_update(of=phone_calls)


def owners() -> Query[tuple[str]]:
    """Every node that calls at phones are on."""
    return select(phone_calls.c.owner).where(phone_calls.c.ended_at.is_(None)).distinct()


def end_on(nodes: Collection[str], at: UnixMs) -> UpdateQuery:
    """Nothing of these nodes can be at a phone any more."""
    return (
        update(phone_calls)
        .where(phone_calls.c.owner.in_(nodes), phone_calls.c.ended_at.is_(None))
        .values(state=_ENDED, ended_at=at)
    )


def forget_ended(before: UnixMs) -> Delete:
    return delete(phone_calls).where(phone_calls.c.ended_at < before)


def acts_for(node: str) -> Query[tuple[str]]:
    """Whether something is to be done on this node."""
    return select(phone_acts.c.id).where(phone_acts.c.owner == node).limit(1)


def take_acts(node: str) -> Executable:
    """What is to be done on this node; it is not there any more afterwards."""
    return (
        delete(phone_acts)
        .where(phone_acts.c.owner == node)
        .returning(phone_acts.c.id, phone_acts.c.leg_id, phone_acts.c.act)
    )


def forget_acts_of(nodes: Collection[str]) -> Delete:
    return delete(phone_acts).where(phone_acts.c.owner.in_(nodes))
