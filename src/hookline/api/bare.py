"""What a route without a framework needs of a request (ADR-0005); the edge stands before it all the same."""

from starlette.types import Receive
from starlette.types import Scope as ASGIScope

from hookline.api.context import context_in
from hookline.errors import MalformedRequest
from hookline.principal import Principal, Scope


def caller_with(scope: ASGIScope, needed: Scope) -> Principal:
    """Who is calling. Raises MissingScope."""
    principal = context_in(scope).principal
    assert principal is not None, "the edge authenticates every path of the API"
    principal.require(needed)
    return principal


async def read_body(receive: Receive) -> bytes:
    """The whole body; the edge bounds it. Raises MalformedRequest when the client leaves."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    if message["type"] == "http.disconnect":
        raise MalformedRequest("The request ended before its body did.")
    return body
