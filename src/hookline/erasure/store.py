"""All SQL of erasures' own rows, and which resources an account has."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Insert, insert, literal_column, select, union_all, update
from sqlalchemy import Select as Query
from sqlalchemy import Update as Change
from sqlalchemy.sql.selectable import CompoundSelect

from hookline.erasure.model import Erasure, ErasureStatus
from hookline.ids import AccountId
from hookline.principal import Mode
from hookline.storage.schema import calls, erasures, messages, numbers

Rows = Query[Any]  # Any: the statement's own columns
_e = erasures.c
_RUNNING = _e.status == literal_column(f"'{ErasureStatus.RUNNING.value}'")


def add(new: Erasure) -> Insert:
    return insert(erasures).values(
        id=new.id,
        account_id=new.account_id,
        mode=new.mode.value,
        number=new.number,
        status=new.status.value,
        asked_by=new.asked_by,
        created_at=new.created_at,
        erased_at=new.erased_at,
    )


def of_account(account_id: AccountId, mode: Mode) -> Rows:
    return select(erasures).where(_e.account_id == account_id, _e.mode == mode.value)


def by_id(account_id: AccountId, mode: Mode, erasure_id: str) -> Rows:
    return of_account(account_id, mode).where(_e.id == erasure_id)


def running() -> Rows:
    """The oldest first."""
    return select(erasures).where(_RUNNING).order_by(_e.id).limit(100)


def go_on(found: Erasure, **values: object) -> Change:
    """One step; changes nothing when another node has taken over."""
    return (
        update(erasures)
        .where(_e.id == found.id, _RUNNING, _e.step == found.step)
        .values(step=found.step + 1, **values)
    )


def count(going: Erasure) -> Change:
    """What a step has erased, in its transaction."""
    return (
        update(erasures)
        .where(_e.id == going.id)
        .values(
            messages=going.messages,
            calls=going.calls,
            recordings=going.recordings,
            erased_at=going.erased_at,
        )
    )


def own_number(account_id: AccountId, number: str) -> Rows:
    return select(numbers.c.id).where(
        numbers.c.account_id == account_id, numbers.c.number == number
    )


def among(account_id: AccountId, mode: Mode, ids: Collection[str]) -> CompoundSelect[Any]:
    """Which of these ids are of messages and calls of the account."""
    return union_all(
        *(
            select(table.c.id).where(
                table.c.account_id == account_id, table.c.mode == mode.value, table.c.id.in_(ids)
            )
            for table in (messages, calls)
        )
    )


def erasure_of(row: Any) -> Erasure:  # Any: a row of the table
    return Erasure(
        id=row.id,
        account_id=AccountId(row.account_id),
        mode=Mode(row.mode),
        number=row.number,
        status=ErasureStatus(row.status),
        messages=row.messages,
        calls=row.calls,
        recordings=row.recordings,
        step=row.step,
        asked_by=row.asked_by,
        created_at=row.created_at,
        erased_at=row.erased_at,
        finished_at=row.finished_at,
    )
