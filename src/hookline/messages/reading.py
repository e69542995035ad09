"""Reading messages: one, and lists of them."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from hookline.api.pagination import TrafficPaging, cut, narrowed, paged
from hookline.errors import NotFound
from hookline.ids import is_id
from hookline.messages import store as sql
from hookline.messages.model import Message, Status, from_row
from hookline.principal import Principal
from hookline.storage.schema import messages
from hookline.storage.store import Store


class MessageFilter(TrafficPaging):
    """Which messages a list shows."""

    status: Annotated[Status | None, Field(description="Only messages in this status.")] = None


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
    statement = narrowed(statement, messages, wanted, wanted.status)
    rows = await store.read(paged(statement, messages.c.id, wanted, prefix="msg"))
    return cut(rows, wanted, from_row)
