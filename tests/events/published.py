"""The documents that a server publishes, and the schemas of events in them."""

import json
from functools import cache
from typing import Any

import jsonschema_rs
import pytest

from hookline.api.asyncapi import build_asyncapi
from hookline.foundation import documented_events
from tests.services.programs import NPM_LIBRARIES

Document = dict[str, Any]  # JSON


def validator_of(document: Document, event_type: str) -> jsonschema_rs.Validator:
    """What an event of the type must be like, as an AsyncAPI document has it."""
    payload = document["components"]["messages"][event_type]["payload"]
    schema = {**payload, "components": {"schemas": document["components"]["schemas"]}}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


@cache
def asyncapi() -> Document:
    document: Document = json.loads(json.dumps(build_asyncapi(documented_events())))
    return document


def assert_as_published(body: bytes) -> None:
    """Fails unless the event is as its schema says."""
    event = json.loads(body)
    validator_of(asyncapi(), event["type"]).validate(event)


def official_schema() -> Document:
    """What the AsyncAPI initiative says that a document is; skips where it is missing."""
    folder = NPM_LIBRARIES.find()
    if folder is None:
        pytest.skip(NPM_LIBRARIES.missing)
    schema: Document = json.loads(
        (folder / "@asyncapi" / "specs" / "schemas" / "3.1.0-without-$id.json").read_text()
    )
    return schema
