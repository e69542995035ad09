"""HTTP routes of conversations, with their wire shapes."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from hookline.api.pagination import Paging
from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Body, Page, Shape, Timestamp, shown
from hookline.errors import NotFound
from hookline.messages import conversations, resource
from hookline.messages.conversations import Conversation, ConversationFilter
from hookline.messages.schemas import MessageShape
from hookline.principal import Scope


class ConversationShape(Shape):
    """What a person and one number of the account have written to each other."""

    object: Literal["conversation"] = "conversation"
    id: str
    number: Annotated[str, Field(description="The account's.")]
    party: Annotated[str, Field(description="The other side.")]
    unread: Annotated[int, Field(description="Inbound messages that were not marked as read.")]
    last_inbound: Annotated[
        MessageShape | None, Field(description="The newest message of the other side.")
    ]
    last_inbound_at: Timestamp | None
    created_at: Timestamp


class ConversationRead(Body):
    """Up to where it was read."""

    until: Annotated[
        str | None,
        Field(max_length=64, description="The last message that was read; left out: all of them."),
    ] = None


def conversation_routes() -> Routes:
    """Conversations: list, read, mark as read."""
    router = Routes("/v1/conversations", "Conversations")

    @router.on("GET", "", scope=Scope.MESSAGES_READ, answer=Page[ConversationShape])
    async def list_conversations(
        caller: Caller, store: Storage, wanted: Annotated[ConversationFilter, Query()]
    ) -> Page[ConversationShape]:
        """Threads in which the other side has written, those with the newest first."""
        found, has_more = await conversations.list_conversations(store, caller, wanted)
        cursor = found[-1].last_inbound_id if has_more else None
        shapes = [conversation_shape(one) for one in found]
        return Page(data=shapes, has_more=has_more, next_cursor=cursor)

    @router.on(
        "GET", "/{id}", scope=Scope.MESSAGES_READ, answer=ConversationShape, problems=[NotFound]
    )
    async def get_conversation(caller: Caller, store: Storage, id: str) -> ConversationShape:
        """One thread."""
        return conversation_shape(await conversations.get_conversation(store, caller, id))

    @router.on(
        "GET", "/{id}/messages", scope=Scope.MESSAGES_READ, answer=Page[MessageShape],
        problems=[NotFound],
    )  # fmt: skip
    async def list_conversation_messages(
        caller: Caller, store: Storage, id: str, paging: Annotated[Paging, Query()]
    ) -> Response:
        """Messages both ways, newest first."""
        found, has_more = await conversations.list_thread(store, caller, id, paging)
        body = resource.encode_page(found, has_more=has_more)
        return Response(body, media_type="application/json")

    @router.on(
        "POST", "/{id}/read", scope=Scope.MESSAGES_SEND, answer=ConversationShape,
        problems=[NotFound],
    )  # fmt: skip
    async def read_conversation(
        caller: Caller, store: Storage, id: str, body: ConversationRead
    ) -> ConversationShape:
        """Mark what has come in as read, for everybody in the account."""
        return conversation_shape(await conversations.mark_read(store, caller, id, body.until))

    return router


def conversation_shape(one: Conversation) -> ConversationShape:
    last = one.last_inbound
    return ConversationShape(
        id=one.id,
        number=one.number,
        party=one.party,
        unread=one.unread,
        last_inbound=None
        if last is None
        else MessageShape.model_validate_json(resource.encode(last)),
        last_inbound_at=None if last is None else shown(last.created_at),
        created_at=shown(one.created_at) or "",
    )
