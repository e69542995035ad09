"""What is published about events is valid, complete, and true of the examples."""

import copy
import json
from pathlib import Path

import jsonschema_rs
import pytest

from hookline.app import Server
from hookline.events.catalogue import EXAMPLES
from hookline.events.model import EventType, scope_of
from hookline.events.occasions import OCCASIONS
from hookline.foundation import EVENT_DATA, documented_events
from hookline.settings import Settings
from tests.events.published import Document, asyncapi, official_schema, validator_of

EVENTS = {event.name: event for event in documented_events()}


@pytest.fixture(scope="module")
def openapi(tmp_path_factory: pytest.TempPathFactory) -> Document:
    folder: Path = tmp_path_factory.mktemp("installation")
    document: Document = Server(Settings(data_dir=folder)).api.openapi()
    return document


def test_every_type_is_told_of_everywhere(openapi: Document) -> None:
    everything = set(EventType)
    assert set(EXAMPLES) == set(OCCASIONS) == set(EVENT_DATA) == everything
    assert set(openapi["webhooks"]) == everything
    document = asyncapi()
    assert set(document["components"]["messages"]) == everything
    for channel in document["channels"].values():
        assert set(channel["messages"]) == everything


def test_asyncapi_document_is_what_the_specification_says() -> None:
    jsonschema_rs.Draft7Validator(official_schema()).validate(asyncapi())


def test_specification_refuses_what_is_none() -> None:
    broken = copy.deepcopy(asyncapi())
    broken["operations"]["deliver"]["action"] = "deliver"
    assert not jsonschema_rs.Draft7Validator(official_schema()).is_valid(broken)


@pytest.mark.parametrize("kind", EventType)
def test_example_is_as_its_schema_says(kind: EventType) -> None:
    event = json.loads(json.dumps(EVENTS[kind].example))
    validator = validator_of(asyncapi(), kind)
    validator.validate(event)
    assert event["data"] == json.loads(json.dumps(EXAMPLES[kind]))
    for name in ("id", "data"):
        assert not validator.is_valid(event | {name: 7})
    assert not validator.is_valid(event | {"data": {"id": event["data"]["id"]}})


@pytest.mark.parametrize("kind", EventType)
def test_both_documents_say_the_same_of_an_event(kind: EventType, openapi: Document) -> None:
    told = openapi["webhooks"][kind]["post"]
    content = told["requestBody"]["content"]["application/json"]
    name = EVENTS[kind].schema_name
    assert content["schema"] == {"$ref": f"#/components/schemas/{name}"}
    schema = {**content["schema"], "components": {"schemas": openapi["components"]["schemas"]}}
    jsonschema_rs.Draft202012Validator(schema).validate(content["example"])
    message = asyncapi()["components"]["messages"][kind]
    assert content["example"] == message["examples"][0]["payload"]
    assert told["description"] == message["summary"] == OCCASIONS[kind]
    assert message["x-required-scope"] == scope_of(kind)


def test_no_schema_of_an_event_knows_a_secret() -> None:
    shown = asyncapi()["components"]["schemas"]["WebhookEventData"]["properties"]
    assert {"secret", "headers"} & shown.keys() == set()
