"""`POST /v1/calls` without a framework in the way, as calls are placed many a second (ADR-0005).

A body that is not valid goes on to the documented route, which says what is wrong with it.
"""

import msgspec
from pydantic import ValidationError
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as ASGIScope

from hookline.api.bare import caller_with, read_body
from hookline.api.idempotency import HEADER, Once, claim_in
from hookline.calls.schemas import CallCreate
from hookline.calls.submission import Placement
from hookline.principal import Scope
from hookline.storage.store import Store

_KEY_HEADER = HEADER.encode()


def place_route(store: Store, placement: Placement, documented: ASGIApp) -> ASGIApp:
    """The route as the edge calls it; `documented`: the application, whose route is the reference."""

    async def place_call(scope: ASGIScope, receive: Receive, send: Send) -> None:
        principal = caller_with(scope, Scope.CALLS_CREATE)
        body = await read_body(receive)
        wanted = _decoded(body)
        if wanted is None:
            await documented(scope, _again(body, receive), send)
            return
        key = next((value for name, value in scope["headers"] if name == _KEY_HEADER), None)
        claim = None if key is None else claim_in(scope, key.decode("latin-1"), body)
        prepared = await placement.prepare(principal, wanted)
        response = await Once(store, claim).commit(placement.accepting(prepared), status=202)
        await response(scope, receive, send)

    return place_call


def _decoded(body: bytes) -> CallCreate | None:
    try:
        return CallCreate.model_validate(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValidationError):
        return None


def _again(body: bytes, receive: Receive) -> Receive:
    """The body once more, for whoever reads it next."""
    is_read = False

    async def replayed() -> Message:
        nonlocal is_read
        if is_read:
            return await receive()
        is_read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
