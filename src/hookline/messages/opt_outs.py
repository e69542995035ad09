"""Opt-outs: who does not want messages from an account, from all of its senders or from one.

Kept by the words of recipients, by hand, and by import (`opt_out_import.py`). Each counts in its mode.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field
from sqlalchemy import Row, update

from hookline.api.pagination import CreatedPaging, created_within, party
from hookline.api.wire import Page
from hookline.audit.append import record
from hookline.errors import Conflict, Invalid, NotFound
from hookline.ids import AccountId
from hookline.messages import opt_out_store as sql
from hookline.messages.errors import UnknownSender
from hookline.messages.model import Message
from hookline.messages.opt_out_rules import Reach
from hookline.messages.store import EVERY_SENDER, INSERT_OPT_OUT, IS_OPTED_OUT, blocks
from hookline.numbers.e164 import TEXT_LENGTH_MAX, parse_number, parse_number_at
from hookline.numbers.registration import normalise_sender
from hookline.principal import Mode, Principal
from hookline.storage.schema import messages, opt_outs
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

T = TypeVar("T")
OptOutRow = Row[Any]  # Any: every column of the table
_BETWEEN = "~"
Source = Literal["keyword", "manual", "import"]


class AlreadyOptedOut(Conflict):
    """The number is on the list already; nothing needs to be done."""

    code = "already_opted_out"
    title = "The number has opted out already"


class OptOutFilter(CreatedPaging):
    """Which opt-outs a list shows, by number."""

    cursor: Annotated[
        str | None, Field(max_length=64, description="`next_cursor` of the page before.")
    ] = None
    order: Annotated[Literal["asc", "desc"], Field(description="By number.")] = "desc"
    number: Annotated[
        str | None,
        Field(max_length=TEXT_LENGTH_MAX, description="Only numbers that begin so: `+4477`."),
    ] = None
    sender: Annotated[
        str | None,
        Field(max_length=TEXT_LENGTH_MAX, description="Only those that name this sender."),
    ] = None
    source: Annotated[Source | None, Field(description="Only what came about so.")] = None
    language: Annotated[
        str | None, Field(max_length=8, description="Only words of this language, such as `es`.")
    ] = None


async def opt_out(tx: Transaction, message: Message, reach: Reach, language: str | None) -> bool:
    """The sender of an inbound message wants no more. False when they had said so before."""
    sender = message.recipient if reach is Reach.SENDER else EVERY_SENDER
    key = (message.account_id, message.mode, message.sender)
    if blocks((await tx.select(IS_OPTED_OUT, [key]))[0], sender):
        return False
    row = (*key, sender, "keyword", language, message.id, message.created_at)
    won = (await tx.insert(INSERT_OPT_OUT, [row]))[0]
    if won:
        await tx.flush()
        await tx.changed(update(messages).where(messages.c.id == message.id).values(sequence=2))
    return won


async def opt_in(tx: Transaction, message: Message, reach: Reach) -> bool:
    """The sender of an inbound message wants messages again, from the number that they wrote to;
    False when they had got them anyway.
    """
    senders = (EVERY_SENDER, message.recipient) if reach is Reach.SENDER else ()
    mine = AccountId(message.account_id), Mode(message.mode)
    return bool(await tx.changed(sql.remove(*mine, message.sender, *senders)))


async def list_page(
    store: Store, principal: Principal, wanted: OptOutFilter, to_shape: Callable[[OptOutRow], T]
) -> Page[T]:
    """A page of opt-outs, ordered by number and sender. Raises Invalid for a malformed cursor."""
    c, is_ascending = opt_outs.c, wanted.order == "asc"
    statement = sql.of_account(principal).where(*created_within(c.created_at, wanted))
    for column, value in (
        (c.sender, party(wanted.sender)),
        (c.source, wanted.source),
        (c.language, wanted.language),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.number:
        statement = statement.where(sql.begins_with(party(wanted.number.rstrip()) or ""))
    if wanted.cursor is not None:
        statement = statement.where(sql.after(_key(wanted.cursor), ascending=is_ascending))
    columns = (c.recipient, c.sender)
    ordered = columns if is_ascending else tuple(column.desc() for column in columns)
    rows = await store.read(statement.order_by(*ordered).limit(wanted.limit + 1))
    shown = rows[: wanted.limit]
    has_more = len(rows) > wanted.limit
    return Page(
        data=[to_shape(row) for row in shown],
        has_more=has_more,
        next_cursor=_cursor(shown[-1]) if has_more else None,
    )


async def add(
    tx: Transaction, store: Store, principal: Principal, number: str, sender: str | None = None
) -> OptOutRow:
    """Opt a number out by hand. Raises InvalidNumber, UnknownSender, AlreadyOptedOut."""
    recipient = parse_number_at("/number", number)
    from_whom = EVERY_SENDER if sender is None else await own_sender(tx, principal, sender)
    key = (principal.account_id, principal.mode.value, recipient)
    row = (*key, from_whom, "manual", None, None, store.now())
    known = (await tx.select(IS_OPTED_OUT, [key]))[0]
    if blocks(known, from_whom) or not (await tx.insert(INSERT_OPT_OUT, [row]))[0]:
        raise AlreadyOptedOut(f"{recipient} has opted out already.")
    facts = {"mode": principal.mode.value, "source": "manual", "sender": from_whom or None}
    record(tx, principal, "opt_out.add", recipient, after=facts)
    return (await tx.execute(_exactly(principal, recipient, from_whom)))[0]


async def find(
    store: Store, principal: Principal, number: str, sender: str | None = None
) -> OptOutRow:
    """What keeps the sender from writing to the number; without one, the widest that there is.

    Raises InvalidNumber, NotFound.
    """
    recipient = parse_number(number)
    mine = sql.of_account(principal).where(opt_outs.c.recipient == recipient)
    if sender is not None:
        from_whom, _ = normalise_sender(party(sender) or "", "?sender")
        mine = mine.where(opt_outs.c.sender.in_((EVERY_SENDER, from_whom)))
    rows = await store.read(mine.order_by(opt_outs.c.sender).limit(1))
    if not rows:
        raise NotFound(f"{recipient} has not opted out.")
    return rows[0]


async def remove(
    tx: Transaction, principal: Principal, number: str, sender: str | None = None
) -> None:
    """Let a number be written to again; with a sender, only what names that one is taken away.

    Raises InvalidNumber, NotFound.
    """
    recipient = parse_number(number)
    senders = () if sender is None else (normalise_sender(party(sender) or "", "?sender")[0],)
    mine = sql.remove(principal.account_id, principal.mode, recipient, *senders)
    removed = await tx.execute(mine.returning(opt_outs.c.source, opt_outs.c.sender))
    if not removed:
        raise NotFound(_nothing(recipient, *senders))
    for row in removed:
        facts = {"mode": principal.mode.value, "source": row.source, "sender": row.sender or None}
        record(tx, principal, "opt_out.remove", recipient, before=facts)


async def own_sender(tx: Transaction, principal: Principal, sender: str) -> str:
    """One of the account's numbers and senders. Raises Invalid, UnknownSender."""
    name, _ = normalise_sender(sender, "/sender")
    own = await tx.execute(sql.own_senders(principal.account_id))
    if name not in {row.number for row in own}:
        raise UnknownSender.at(
            "/sender",
            UnknownSender.code,
            f"{name} is no number or sender of this account. Leave it out to opt out of all.",
        )
    return name


def _exactly(principal: Principal, recipient: str, sender: str) -> sql.Rows:
    c = opt_outs.c
    return sql.of_account(principal).where(c.recipient == recipient, c.sender == sender)


def _nothing(recipient: str, *senders: str) -> str:
    if not senders:
        return f"{recipient} has not opted out."
    return (
        f"{recipient} has not opted out of {senders[0]} alone. Leave `sender` out to take away "
        "every opt-out of the number."
    )


def _cursor(row: OptOutRow) -> str:
    return f"{row.recipient}{_BETWEEN}{row.sender}" if row.sender else str(row.recipient)


def _key(cursor: str) -> tuple[str, str]:
    recipient, _, sender = cursor.partition(_BETWEEN)
    try:
        return parse_number(recipient), sender
    except Invalid as error:
        raise Invalid.at(
            "?cursor", "invalid_cursor", "Take next_cursor of the page before."
        ) from error
