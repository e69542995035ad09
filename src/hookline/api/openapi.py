"""The OpenAPI 3.1 document: what FastAPI knows, the plain routes, the problems, the webhooks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from hookline import __version__
from hookline.api.event_schemas import DocumentedEvent, event_schemas
from hookline.api.problems import MEDIA_TYPE
from hookline.api.routing import IDEMPOTENT_KEY, JSON_TYPE, MEDIA_TYPES_KEY, OPEN_KEY, SCOPE_KEY
from hookline.principal import Scope

Document = dict[str, Any]  # Any: JSON
_REF = "#/components/schemas/{name}"
_ALWAYS = {
    "400": "The request could not be read",
    "401": "Authentication is needed",
    "403": "A scope is missing",
    "422": "A value is not valid",
    "429": "Too many requests",
    "503": "The service is busy",
}
_WITH_BODY = {"413": "The body is too large", "415": "The body must be JSON"}
_PROBLEM: Document = {
    "type": "object",
    "description": "A failure (RFC 9457). `code` is stable; its page says what to do.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "examples": ["/docs/errors/invalid"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "examples": ["invalid"]},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "examples": ["/to"]},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
_IDEMPOTENCY_KEY: Document = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes the request safe to repeat for 24 hours: the same body gets the same "
    "answer, another body is refused.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_:-]{1,255}$"},
}


@dataclass(frozen=True, slots=True)
class Documented:
    """What the document says of a route that FastAPI does not know."""

    path: str
    tag: str
    operation_id: str
    description: str
    scope: Scope
    status: int
    body: type[msgspec.Struct]
    answer: type[BaseModel]


def build_document(
    app: FastAPI, documented: Sequence[Documented], events: Sequence[DocumentedEvent]
) -> Document:
    """The whole document."""
    document: Document = get_openapi(
        title="Hookline",
        version=__version__,
        summary="Send SMS and react to events",
        description="Authenticate with an integration credential: `Authorization: Bearer <token>`.",
        openapi_version="3.1.0",
        routes=app.routes,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas["Problem"] = _PROBLEM
    document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    for route in documented:
        _add_plain(document, route)
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _complete(path, operation)
    _link(document["paths"])
    document["webhooks"] = {event.name: _webhook(event) for event in events}
    for name, schema in event_schemas(events).items():
        schemas.setdefault(name, schema)
    return document


def _add_plain(document: Document, route: Documented) -> None:
    (body,), components = msgspec.json.schema_components([route.body], ref_template=_REF)
    answer = route.answer.model_json_schema(
        mode="serialization", ref_template=_REF.replace("name", "model")
    )
    schemas = document["components"]["schemas"]
    schemas.update(answer.pop("$defs", {}))
    schemas.setdefault(route.answer.__name__, answer)
    schemas.update(components)
    document["paths"].setdefault(route.path, {})["post"] = {
        "tags": [route.tag],
        "operationId": route.operation_id,
        "summary": route.operation_id.replace("_", " ").capitalize(),
        "description": route.description,
        SCOPE_KEY: route.scope.value,
        IDEMPOTENT_KEY: True,
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            str(route.status): {
                "description": "Accepted",
                "content": {
                    "application/json": {
                        "schema": {"$ref": _REF.format(name=route.answer.__name__)}
                    }
                },
            }
        },
    }


def _complete(path: str, operation: Document) -> None:
    """Security, problems and the Idempotency-Key of one operation."""
    if not path.startswith("/v1/"):
        return
    scope = operation.get(SCOPE_KEY)
    operation["security"] = [{"bearer": [scope] if scope else []}]
    responses = operation["responses"]
    media_types = operation.pop(MEDIA_TYPES_KEY, [JSON_TYPE])
    if media_types != [JSON_TYPE]:
        text = {"schema": {"type": "string"}}
        responses["200"]["content"] = dict.fromkeys(media_types, text)
    expected = dict(_ALWAYS)
    if operation.pop(OPEN_KEY, False):
        operation["security"] = []
        del expected["401"], expected["403"]
    if "requestBody" in operation:
        expected |= _WITH_BODY
    if "{" in path:
        expected["404"] = "Not found"
    if operation.pop(IDEMPOTENT_KEY, False):
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
        expected.setdefault("409", "The answer can no longer be repeated")
    for status, description in expected.items():
        described = responses.get(status, {}).get("description", description)
        responses[status] = {"description": description if status == "422" else described}
    for status, response in responses.items():
        if int(status) >= 400:
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}}}


def _link(paths: Document) -> None:
    """Say where the ids in paths come from: what was made, or what is first in a list."""
    for path, operations in paths.items():
        stem, brace, rest = path.partition("/{")
        if not brace or stem not in paths:
            continue
        name = rest.partition("}")[0]
        sources = {"post": f"$response.body#/{name}", "get": f"$response.body#/data/0/{name}"}
        for method, expression in sources.items():
            source = paths[stem].get(method)
            if source is None:
                continue
            success = next(text for text in source["responses"] if text.startswith("2"))
            links = source["responses"][success].setdefault("links", {})
            for operation in operations.values():
                links[operation["operationId"]] = {
                    "operationId": operation["operationId"],
                    "parameters": {name: expression},
                }


def _webhook(event: DocumentedEvent) -> Document:
    content = {"schema": event.ref, "example": dict(event.example)}
    return {
        "post": {
            "summary": event.name,
            "description": event.occasion,
            "requestBody": {"content": {"application/json": content}},
            "responses": {"2XX": {"description": "The event is taken; anything else is retried."}},
        }
    }
