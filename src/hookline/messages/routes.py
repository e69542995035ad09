"""HTTP routes of messages and virtual phones; sending itself is in `send_routes`."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Page
from hookline.errors import NotFound
from hookline.messages import cancelling, reading, resource
from hookline.messages.errors import NotCancelable, StillUnderWay
from hookline.messages.phones import Phones
from hookline.messages.reading import MessageFilter
from hookline.messages.schemas import (
    MessageShape,
    MessageWithTimeline,
    PhoneText,
    Preview,
    PreviewRequest,
    VirtualPhone,
    preview_shape,
)
from hookline.numbers.virtual_phones import mode_of
from hookline.principal import Scope


def message_routes() -> Routes:
    """Messages: list, read, cancel, redact, preview."""
    router = Routes("/v1/messages", "Messages")

    @router.on("GET", "", scope=Scope.MESSAGES_READ, answer=Page[MessageShape])
    async def list_messages(
        caller: Caller, store: Storage, wanted: Annotated[MessageFilter, Query()]
    ) -> Response:
        """Messages in both directions, newest first."""
        found, has_more = await reading.list_messages(store, caller, wanted)
        return _json(resource.encode_page(found, has_more=has_more))

    @router.on("POST", "/preview", scope=Scope.MESSAGES_SEND, answer=Preview)
    async def preview_message(body: PreviewRequest) -> Preview:
        """How many segments a text needs, and which characters make it expensive."""
        return preview_shape(body.text)

    @router.on(
        "GET", "/{id}", scope=Scope.MESSAGES_READ, answer=MessageWithTimeline, problems=[NotFound]
    )
    async def get_message(caller: Caller, store: Storage, id: str) -> Response:
        """One message with its timeline: every transition with time, carrier code and text."""
        message = await reading.find_message(store, caller, id)
        return _json(resource.encode_with_timeline(message))

    @router.on(
        "POST", "/{id}/cancel", scope=Scope.MESSAGES_SEND, answer=MessageShape,
        problems=[NotFound, NotCancelable],
    )  # fmt: skip
    async def cancel_message(caller: Caller, store: Storage, id: str) -> Response:
        """Cancel a message that is scheduled or queued."""
        message = await store.commit(lambda tx: cancelling.cancel_message(tx, store, caller, id))
        return _json(resource.encode(message))

    @router.on(
        "DELETE", "/{id}/text", scope=Scope.MESSAGES_SEND, answer=None, status=204,
        problems=[NotFound, StillUnderWay],
    )  # fmt: skip
    async def redact_message(caller: Caller, store: Storage, id: str) -> None:
        """Remove the text for good, also from the message's events and deliveries."""
        await store.commit(lambda tx: cancelling.redact_message(tx, caller, id))

    return router


def phone_routes(phones: Phones) -> Routes:
    """Virtual phones: list, read a thread, write."""
    router = Routes("/v1/virtual_phones", "Virtual phones")

    @router.on("GET", "", scope=Scope.MESSAGES_READ, answer=Page[VirtualPhone])
    async def list_virtual_phones(caller: Caller) -> Page[VirtualPhone]:
        """The phones of the sandbox."""
        found = await phones.list_phones(caller.account_id)
        shapes = [VirtualPhone(number=phone.number, name=phone.name) for phone in found]
        return Page(data=shapes, has_more=False, next_cursor=None)

    @router.on(
        "GET", "/{number}/messages", scope=Scope.MESSAGES_READ, answer=Page[MessageShape],
        problems=[NotFound],
    )  # fmt: skip
    async def list_virtual_phone_messages(caller: Caller, number: str) -> Response:
        """What the phone has received and sent, newest first; the latest 200."""
        found = await phones.thread(caller.account_id, number, mode=mode_of(caller))
        return _json(resource.encode_page(found, has_more=False))

    @router.on(
        "POST", "/{number}/messages", scope=Scope.MESSAGES_SEND, answer=MessageShape, status=201,
        problems=[NotFound],
    )  # fmt: skip
    async def send_from_virtual_phone(
        caller: Caller, store: Storage, number: str, body: PhoneText
    ) -> Response:
        """Write as the person at the phone; the account receives it like any inbound message."""
        message_id = await phones.send(caller, number, to=body.to, text=body.text)
        message = await phones.message(caller.account_id, message_id)
        return _json(resource.encode(message), status=201)

    return router


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status_code=status, media_type="application/json")
