"""HTTP routes of calls."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from hookline.api.idempotency import CommitOnce
from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Page
from hookline.calls import control, reading, resource
from hookline.calls.errors import (
    CallNotLive,
    NotRecording,
    NoVoiceCarrier,
    RecordingUnderWay,
    TooManyCalls,
    UnknownCaller,
)
from hookline.calls.reading import CallFilter
from hookline.calls.schemas import CallAction, CallCreate, CallShape, CallWithLegs
from hookline.calls.submission import Placement
from hookline.errors import NotFound
from hookline.principal import Scope


def call_routes(placement: Placement) -> Routes:
    """Calls: place (see also `place_route`), list, read, hang up, act on."""
    router = Routes("/v1/calls", "Calls")

    @router.on(
        "POST", "", scope=Scope.CALLS_CREATE, answer=CallShape, status=202,
        problems=[UnknownCaller, NoVoiceCarrier, TooManyCalls], idempotent=True,
    )  # fmt: skip
    async def create_call(caller: Caller, once: CommitOnce, body: CallCreate) -> Response:
        """Place a call. The answer comes when the call is stored durably; what becomes of it is told
        by webhooks and by reading it. Its status follows the leg to `to`.
        """
        prepared = await placement.prepare(caller, body)
        return await once.commit(placement.accepting(prepared), status=202)

    @router.on("GET", "", scope=Scope.CALLS_READ, answer=Page[CallShape])
    async def list_calls(
        caller: Caller, store: Storage, wanted: Annotated[CallFilter, Query()]
    ) -> Response:
        """Calls in both directions, newest first."""
        found, has_more = await reading.list_calls(store, caller, wanted)
        return _page(resource.encode_page([*map(resource.call_resource, found)], has_more=has_more))

    @router.on("GET", "/{id}", scope=Scope.CALLS_READ, answer=CallWithLegs, problems=[NotFound])
    async def get_call(caller: Caller, store: Storage, id: str) -> Response:
        """One call with its legs and its timeline."""
        call = await reading.find_call(store, caller, id)
        return _page(resource.encode_call_with_legs(call, await reading.legs_of(store, call)))

    @router.on(
        "POST", "/{id}/hangup", scope=Scope.CALLS_CREATE, answer=CallShape, status=202,
        problems=[NotFound, CallNotLive],
    )  # fmt: skip
    async def hang_up_call(caller: Caller, store: Storage, id: str) -> Response:
        """End a call, whatever it is doing. An event tells when it has ended."""
        call = await store.commit(lambda tx: control.hang_up(tx, store, caller, id))
        return _page(resource.encode_call(call), status=202)

    @router.on(
        "POST", "/{id}/actions", scope=Scope.CALLS_CREATE, answer=CallShape, status=202,
        problems=[NotFound, CallNotLive, RecordingUnderWay, NotRecording],
    )  # fmt: skip
    async def act_on_call(caller: Caller, store: Storage, id: str, body: CallAction) -> Response:
        """Do something on a call that is in progress: say, play, record, send digits."""
        call = await store.commit(lambda tx: control.act(tx, store, caller, id, body))
        return _page(resource.encode_call(call), status=202)

    return router


def _page(body: bytes, status: int = 200) -> Response:
    return Response(body, status_code=status, media_type="application/json")
