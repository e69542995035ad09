"""The JSON Schemas of events, from the same models as the resources that they tell of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from hookline.principal import Scope

Json = dict[str, Any]  # Any: JSON
REF = "#/components/schemas/{model}"


@dataclass(frozen=True, slots=True)
class DocumentedEvent:
    """One type of event, as the published documents tell of it."""

    name: str
    occasion: str
    """When it is told."""
    scope: Scope
    """What one needs to see it."""
    data: type[BaseModel]
    example: Mapping[str, object]
    """A whole event."""

    @property
    def schema_name(self) -> str:
        """`message.opted_out` → `MessageOptedOutEvent`."""
        words = self.name.replace(".", "_").split("_")
        return "".join(word.capitalize() for word in words) + "Event"

    @property
    def ref(self) -> Json:
        return {"$ref": REF.format(model=self.schema_name)}


def event_schemas(events: Sequence[DocumentedEvent]) -> Json:
    """The schemas of the events and of all that they hold, by name."""
    models = list(dict.fromkeys(event.data for event in events))
    refs, parts = models_json_schema(
        [(model, "serialization") for model in models], ref_template=REF
    )
    named: Json = dict(parts.get("$defs", {}))
    for event in events:
        named[event.schema_name] = _schema(event, refs[event.data, "serialization"])
    return named


def _schema(event: DocumentedEvent, data: Json) -> Json:
    properties: Json = {
        "id": {"type": "string", "description": "The same on every attempt: the `webhook-id`."},
        "type": {"type": "string", "const": event.name},
        "timestamp": {"type": "string", "format": "date-time"},
        "account_id": {"type": "string"},
        "sequence": {
            "type": "integer",
            "minimum": 1,
            "description": "Counts the events about one resource; drop what is older than you have.",
        },
        "data": data,
    }
    return {
        "title": event.schema_name,
        "description": event.occasion,
        "type": "object",
        "required": list(properties),
        "properties": properties,
    }
