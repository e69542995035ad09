"""Opt-outs: who does not want messages from an account.

Kept by the words STOP and START of recipients, and by hand. One row blocks every sender of the
account, in its mode.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Row, Select, delete, select, update

from hookline.api.pagination import Paging, page
from hookline.api.wire import Page
from hookline.audit.append import record
from hookline.errors import Conflict, NotFound
from hookline.messages import store as sql
from hookline.messages.model import Message
from hookline.numbers.e164 import parse_number, parse_number_at
from hookline.principal import Principal
from hookline.storage.schema import messages, opt_outs
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

T = TypeVar("T")
OptOutRow = Row[Any]  # Any: every column of the table


class AlreadyOptedOut(Conflict):
    """The number is on the list already; nothing needs to be done."""

    code = "already_opted_out"
    title = "The number has opted out already"


async def opt_out(tx: Transaction, message: Message) -> bool:
    """The sender of an inbound message wants no more. False when they had said so before."""
    row = (
        message.account_id, message.mode, message.sender, "keyword", message.id,
        message.created_at,
    )  # fmt: skip
    won = (await tx.insert(sql.INSERT_OPT_OUT, [row]))[0]
    if won:
        await tx.flush()
        await tx.changed(update(messages).where(messages.c.id == message.id).values(sequence=2))
    return won


async def opt_in(tx: Transaction, message: Message) -> None:
    """The sender of an inbound message wants messages again."""
    await tx.changed(
        delete(opt_outs).where(
            opt_outs.c.account_id == message.account_id,
            opt_outs.c.mode == message.mode,
            opt_outs.c.recipient == message.sender,
        )
    )


def listed(principal: Principal) -> Select[Any]:  # Any: every column of the table
    """The opt-outs that the caller sees."""
    return select(opt_outs).where(
        opt_outs.c.account_id == principal.account_id, opt_outs.c.mode == principal.mode.value
    )


async def list_page(
    store: Store, principal: Principal, paging: Paging, to_shape: Callable[[OptOutRow], T]
) -> Page[T]:
    """A page of opt-outs, ordered by number. Raises Invalid for a malformed cursor."""
    statement, column = listed(principal), opt_outs.c.recipient
    if paging.cursor is not None:
        after = parse_number(paging.cursor)
        statement = statement.where(column > after if paging.order == "asc" else column < after)
    ordered = column.asc() if paging.order == "asc" else column.desc()
    rows = await store.read(statement.order_by(ordered).limit(paging.limit + 1))
    return page(rows, paging, to_shape, cursor="recipient")


async def add(tx: Transaction, store: Store, principal: Principal, number: str) -> OptOutRow:
    """Opt a number out by hand. Raises InvalidNumber, AlreadyOptedOut."""
    recipient = parse_number_at("/number", number)
    row = (
        principal.account_id, principal.mode.value, recipient, "manual", None, store.now(),
    )  # fmt: skip
    if not (await tx.insert(sql.INSERT_OPT_OUT, [row]))[0]:
        raise AlreadyOptedOut(f"{recipient} has opted out already.")
    facts = {"mode": principal.mode.value, "source": "manual"}
    record(tx, principal, "opt_out.add", recipient, after=facts)
    return (await tx.execute(listed(principal).where(opt_outs.c.recipient == recipient)))[0]


async def find(store: Store, principal: Principal, number: str) -> OptOutRow:
    """One opt-out. Raises InvalidNumber, NotFound."""
    recipient = parse_number(number)
    rows = await store.read(listed(principal).where(opt_outs.c.recipient == recipient))
    if not rows:
        raise NotFound(f"{recipient} has not opted out.")
    return rows[0]


async def remove(tx: Transaction, principal: Principal, number: str) -> None:
    """Let a number be written to again. Raises InvalidNumber, NotFound."""
    recipient = parse_number(number)
    removed = await tx.execute(
        delete(opt_outs)
        .where(
            opt_outs.c.account_id == principal.account_id,
            opt_outs.c.mode == principal.mode.value,
            opt_outs.c.recipient == recipient,
        )
        .returning(opt_outs.c.source)
    )
    if not removed:
        raise NotFound(f"{recipient} has not opted out.")
    facts = {"mode": principal.mode.value, "source": removed[0].source}
    record(tx, principal, "opt_out.remove", recipient, before=facts)
