"""The AsyncAPI 3.1 document: which events there are, and the two ways in which they come."""

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hookline import __version__
from hookline.api.event_schemas import DocumentedEvent, event_schemas

Document = dict[str, Any]  # Any: JSON
_HTTP_BINDING = "0.3.0"
_SIGNED: Document = {
    "type": "object",
    "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
    "properties": {
        "webhook-id": {
            "type": "string",
            "description": "The event's id, the same on every attempt.",
        },
        "webhook-timestamp": {
            "type": "string",
            "pattern": "^[0-9]+$",
            "description": "When this attempt was made, in Unix seconds.",
        },
        "webhook-signature": {
            "type": "string",
            "description": "`v1,` and an HMAC-SHA256 of `id.timestamp.body` in base64; two, with a "
            "space between, while a secret is rotated.",
        },
    },
}


def asyncapi_route(events: Sequence[DocumentedEvent]) -> Route:
    """`GET /asyncapi.json`. The document is made when it is first asked for."""
    made: list[bytes] = []

    async def show(_request: Request) -> Response:
        if not made:
            made.append(msgspec.json.encode(build_asyncapi(events)))
        return Response(made[0], media_type="application/json")

    return Route("/asyncapi.json", show)


def build_asyncapi(events: Sequence[DocumentedEvent]) -> Document:
    """The whole document."""
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Hookline events",
            "version": __version__,
            "description": "What happens to messages, calls, recordings, credentials and webhooks. "
            "The HTTP API is described at /openapi.json.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "webhook": {
                "address": None,
                "title": "Your webhook",
                "description": "A POST to the webhook's URL, or to a message's or call's "
                "`status_url`, signed by Standard Webhooks 1.0. Answer 2xx; everything else is tried "
                "again.",
                "messages": {event.name: _message(event) for event in events},
            },
            "stream": {
                "address": "/v1/events/stream",
                "title": "The live stream",
                "description": "Server-sent events, with a credential's token. `Last-Event-ID` "
                "resumes without a gap.",
                "messages": {event.name: _message(event) for event in events},
            },
        },
        "operations": {
            "deliver": {
                "action": "send",
                "channel": {"$ref": "#/channels/webhook"},
                "summary": "Hookline sends an event to a webhook that subscribes to its type.",
                "bindings": {"http": {"method": "POST", "bindingVersion": _HTTP_BINDING}},
            },
            "stream": {
                "action": "send",
                "channel": {"$ref": "#/channels/stream"},
                "summary": "Hookline sends every event that the credential may see.",
                "security": [{"$ref": "#/components/securitySchemes/bearer"}],
                "bindings": {"http": {"method": "GET", "bindingVersion": _HTTP_BINDING}},
            },
        },
        "components": {
            "messages": {event.name: _described(event) for event in events},
            "schemas": event_schemas(events),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _message(event: DocumentedEvent) -> Document:
    return {"$ref": f"#/components/messages/{event.name}"}


def _described(event: DocumentedEvent) -> Document:
    return {
        "name": event.name,
        "title": event.name,
        "summary": event.occasion,
        "headers": _SIGNED,
        "payload": event.ref,
        "examples": [{"payload": dict(event.example)}],
        "tags": [{"name": event.name.partition(".")[0]}],
        "x-required-scope": event.scope.value,
    }
