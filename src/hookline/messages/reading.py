"""Reading messages: one, and lists of them."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from hookline.api.pagination import CreatedPaging, created_within, paged
from hookline.errors import NotFound
from hookline.ids import is_id
from hookline.messages import store as sql
from hookline.messages.model import Message, Status, from_row
from hookline.principal import Principal
from hookline.storage.schema import messages
from hookline.storage.store import Store

NumberFilter = Annotated[str | None, Field(max_length=32)]


class MessageFilter(CreatedPaging):
    """Which messages a list shows."""

    status: Annotated[Status | None, Field(description="Only messages in this status.")] = None
    direction: Literal["outbound", "inbound"] | None = None
    to: NumberFilter = None
    sender: Annotated[NumberFilter, Field(alias="from")] = None


async def find_message(store: Store, principal: Principal, message_id: str) -> Message:
    """One message. Raises NotFound."""
    rows = (
        await store.read(sql.by_id(principal.account_id, principal.mode, message_id))
        if is_id("msg", message_id)  # not every text of a path can be asked for
        else []
    )
    if not rows:
        raise NotFound(f"There is no message {message_id[:64]} here.")
    return from_row(tuple(rows[0]))


async def list_messages(
    store: Store, principal: Principal, wanted: MessageFilter
) -> tuple[Sequence[Message], bool]:
    """A page of messages, and whether more follow."""
    statement = sql.of_account(principal.account_id, principal.mode)
    if wanted.status is not None:
        statement = statement.where(messages.c.status == wanted.status.value)
    if wanted.direction is not None:
        statement = statement.where(messages.c.direction == wanted.direction)
    if wanted.to is not None:
        statement = statement.where(messages.c.recipient == _number(wanted.to))
    if wanted.sender is not None:
        statement = statement.where(messages.c.sender == _number(wanted.sender))
    statement = statement.where(*created_within(messages.c.created_at, wanted))
    rows = await store.read(paged(statement, messages.c.id, wanted, prefix="msg"))
    found = [from_row(tuple(row)) for row in rows]
    return found[: wanted.limit], len(found) > wanted.limit


def _number(text: str) -> str:
    """In a query string a plus sign that was not escaped arrives as a space."""
    return "+" + text[1:] if text.startswith(" ") else text
