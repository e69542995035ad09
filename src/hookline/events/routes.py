"""HTTP routes of events."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Header, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from hookline.api.routing import Caller, Routes, Storage
from hookline.events.read import EventPage, list_events
from hookline.events.schemas import EventList, EventQuery, StreamQuery
from hookline.events.stream import Streams, Subscription, TooManyStreams
from hookline.principal import Principal
from hookline.principal import Scope as Permission

Reauthenticate = Callable[[Request], Awaitable[Principal]]
"""Checks the request's token again. Raises Unauthenticated."""


def routes(streams: Streams, reauthenticate: Reauthenticate) -> Routes:
    """Events: read back, and follow live."""
    router = Routes("/v1/events", "Events")

    @router.on("GET", "", scope=Permission.EVENTS_READ, answer=EventList)
    async def list_account_events(
        caller: Caller, store: Storage, query: Annotated[EventQuery, Query()]
    ) -> Response:
        """Events of the last 30 days, oldest first, of the resources that the credential may read."""
        page = await list_events(
            store, caller, after=query.after, pattern=query.type, limit=query.limit
        )
        return Response(_envelope(page), media_type="application/json")

    @router.on(
        "GET", "/stream", scope=Permission.EVENTS_READ, answer=None, problems=[TooManyStreams],
        media_types=["text/event-stream"],
    )  # fmt: skip
    async def stream_events(
        request: Request,
        caller: Caller,
        query: Annotated[StreamQuery, Query()],
        last_event_id: Annotated[str | None, Header(max_length=64)] = None,
    ) -> Response:
        """Events as they happen, as server-sent events: `id` and `event` are the event's id and type,
        `data` is the event. `Last-Event-ID` (or `after`) resumes behind that event without a gap. An
        `id` without `data` is the stream's own position: resume from it like from an event.
        """

        async def recheck() -> None:
            now = await reauthenticate(request)
            now.require(Permission.EVENTS_READ)
            for lost in sorted(caller.scopes - now.scopes):  # resuming shows what is left to see
                now.require(lost)

        subscription = await streams.open(
            caller, after=last_event_id or query.after, pattern=query.type, recheck=recheck
        )
        return _EventStream(subscription)

    return router


class _EventStream(StreamingResponse):
    """Gives the subscriber's place back however the connection ends."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        super().__init__(
            subscription.chunks,
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._subscription.close()


def _envelope(page: EventPage) -> bytes:
    last = f'"{page.events[-1].id}"' if page.has_more else "null"
    return b'{"object":"list","data":[%b],"has_more":%b,"next_cursor":%b}' % (
        b",".join([event.body for event in page.events]),
        b"true" if page.has_more else b"false",
        last.encode(),
    )
