"""Conversations: what one person and one of our numbers have written to each other.

There is one as soon as the person has written. Its row is kept by what comes in, in that transaction; what we send
is looked up when the thread is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Row

from hookline.api.pagination import Paging, cut, party
from hookline.clock import UnixMs
from hookline.erasing import Person
from hookline.errors import Invalid, NotFound
from hookline.ids import AccountId, IdSource, first_of, is_id
from hookline.messages import conversation_store as sql
from hookline.messages.model import Message, from_row
from hookline.messages.store import IS_OPTED_OUT, blocks
from hookline.numbers.e164 import TEXT_LENGTH_MAX
from hookline.principal import Mode, Principal
from hookline.storage.schema import conversations
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

ConversationRow = Row[Any]  # Any: every column of the table
PREFIX = "conv"


@dataclass(frozen=True, slots=True)
class Conversation:
    """One thread, with the newest message of the other side."""

    id: str
    number: str
    party: str
    unread: int
    created_at: UnixMs
    last_inbound_id: str
    last_inbound: Message | None
    """None once messages are not kept any more."""


class ConversationFilter(Paging):
    """Which conversations a list shows."""

    number: Annotated[
        str | None,
        Field(max_length=TEXT_LENGTH_MAX, description="Only with this number of the account."),
    ] = None
    party: Annotated[
        str | None, Field(max_length=TEXT_LENGTH_MAX, description="Only with this person.")
    ] = None
    unread: Annotated[bool | None, Field(description="Only with, or without, unread messages.")] = (
        None
    )


async def note_inbound(tx: Transaction, ids: IdSource, message: Message) -> None:
    """Keep the thread's row in step with a message that comes in; it stays locked by this."""
    key = (message.account_id, message.mode, message.recipient, message.sender)
    for _ in range(2):  # the second time only when another node has begun it meanwhile
        if (await tx.update(sql.NOTE, [(*key, message.id)]))[0] is not None:
            return
        row = (ids.new(PREFIX), *key, message.id, 1, message.created_at)
        if (await tx.insert(sql.INSERT, [row]))[0]:
            return


async def list_conversations(
    store: Store, principal: Principal, wanted: ConversationFilter
) -> tuple[list[Conversation], bool]:
    """A page of conversations, ordered by when the person wrote last, and whether more follow.

    The cursor is the last one's `last_inbound_id`. Raises Invalid.
    """
    statement, c = sql.of_account(principal.account_id, principal.mode), conversations.c
    for column, value in ((c.number, wanted.number), (c.party, wanted.party)):
        if value is not None:
            statement = statement.where(column == party(value))
    if wanted.unread is not None:
        statement = statement.where(c.unread > 0 if wanted.unread else c.unread == 0)
    column, is_ascending = c.last_inbound_id, wanted.order == "asc"
    if wanted.cursor is not None:
        if not is_id("msg", wanted.cursor):
            raise Invalid.at("?cursor", "invalid_cursor", "Take next_cursor of the page before.")
        statement = statement.where(
            column > wanted.cursor if is_ascending else column < wanted.cursor
        )
    ordered = statement.order_by(column.asc() if is_ascending else column.desc())
    rows = await store.read(ordered.limit(wanted.limit + 1))
    shown = rows[: wanted.limit]
    last = await _last_inbound(store, shown)
    return [_conversation(row, last) for row in shown], len(rows) > wanted.limit


async def get_conversation(
    store: Store, principal: Principal, conversation_id: str
) -> Conversation:
    """One conversation. Raises NotFound."""
    row = await _get_row(store, principal, conversation_id)
    return _conversation(row, await _last_inbound(store, [row]))


async def list_thread(
    store: Store, principal: Principal, conversation_id: str, paging: Paging
) -> tuple[Sequence[Message], bool]:
    """A page of the messages both ways, and whether more follow. Raises NotFound, Invalid."""
    if paging.cursor is not None and not is_id("msg", paging.cursor):
        raise Invalid.at("?cursor", "invalid_cursor", "Take next_cursor of the page before.")
    row = await _get_row(store, principal, conversation_id)
    is_ascending = paging.order == "asc"
    statement = sql.messages_between(row, paging.cursor, paging.limit, ascending=is_ascending)
    return cut(await store.read(statement), paging, from_row)


async def has_opted_out(store: Store, principal: Principal, one: Conversation) -> bool:
    """Whether the person wants no messages from this number."""
    key = (principal.account_id, principal.mode.value, one.party)
    found = await store.database.lookup(IS_OPTED_OUT, [key])
    return blocks(found[0], one.number)


async def mark_read(
    store: Store, principal: Principal, conversation_id: str, until: str | None = None
) -> Conversation:
    """Count as read what has come in, up to a message if one is given. Raises NotFound, Invalid."""
    if until is not None and not is_id("msg", until):
        raise Invalid.at("/until", "invalid_id", "Give the id of a message: msg_…")

    async def mark(tx: Transaction) -> None:
        mine = sql.by_id(principal.account_id, principal.mode, conversation_id)
        for row in await tx.execute(mine.with_for_update()):
            await tx.changed(sql.read_until(row, until or row.last_inbound_id))

    await _get_row(store, principal, conversation_id)
    await store.commit(mark)
    return await get_conversation(store, principal, conversation_id)


async def erase_from_conversations(
    tx: Transaction, account_id: AccountId, mode: Mode, person: Person, before: UnixMs
) -> None:
    """Threads that ended before an instant go; of others, what came before it is no longer counted."""
    of = (account_id, mode, person.number, first_of("msg", before))
    await tx.changed(sql.erase_older(*of))
    await tx.changed(sql.erase_from_newer(*of, before))


async def _get_row(store: Store, principal: Principal, conversation_id: str) -> ConversationRow:
    rows = (
        await store.read(sql.by_id(principal.account_id, principal.mode, conversation_id))
        if is_id(PREFIX, conversation_id)  # not every text of a path can be asked for
        else []
    )
    if not rows:
        raise NotFound(f"There is no conversation {conversation_id[:64]} here.")
    return rows[0]


async def _last_inbound(store: Store, rows: Sequence[ConversationRow]) -> dict[str, Message]:
    ids = [row.last_inbound_id for row in rows]
    found = [from_row(tuple(row)) for row in await store.read(sql.last_messages(ids))]
    return {message.id: message for message in found}


def _conversation(row: ConversationRow, last: dict[str, Message]) -> Conversation:
    return Conversation(
        row.id,
        row.number,
        row.party,
        row.unread,
        UnixMs(row.created_at),
        row.last_inbound_id,
        last.get(row.last_inbound_id),
    )
