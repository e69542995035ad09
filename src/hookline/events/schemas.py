"""The wire shapes of events."""

from typing import Annotated, Any, Literal

from pydantic import Field

from hookline.api.wire import Body, Shape, Timestamp
from hookline.events.model import EventType

EventIdText = Annotated[str, Field(max_length=64, examples=["evt_01kf0s3k9peyza0mw1s2v7t5qc"])]
Pattern = Annotated[
    str, Field(max_length=64, description="An event type, or a pattern such as `message.*`.")
]

_AFTER = "The last event that you have; 0: begin with the oldest that is kept."


class EventQuery(Body):
    """Where to begin, and what to show."""

    after: Annotated[EventIdText | None, Field(description=_AFTER)] = None
    type: Pattern | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class StreamQuery(Body):
    """Where to begin, when there is no `Last-Event-ID` header, and what to show."""

    after: Annotated[EventIdText | None, Field(description=_AFTER)] = None
    type: Pattern | None = None


class EventShape(Shape):
    """One event. Webhooks of format `standard` get exactly this as their body."""

    id: EventIdText
    type: EventType
    timestamp: Timestamp
    account_id: str
    sequence: Annotated[int, Field(description="Counts the events about one resource, from 1.")]
    data: Annotated[dict[str, Any], Field(description="The resource as it was then.")]  # Any: JSON


class EventList(Shape):
    """Events in the order in which they happened."""

    object: Literal["list"] = "list"
    data: list[EventShape]
    has_more: bool
    next_cursor: Annotated[str | None, Field(description="Give it as `after` to go on.")]
