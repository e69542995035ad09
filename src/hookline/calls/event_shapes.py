"""What events about calls and recordings hold, for the published schemas."""

from typing import Annotated

from pydantic import Field

from hookline.api.wire import Shape
from hookline.calls.schemas import CallShape, LegShape, RecordingShape
from hookline.events.model import EventType, types_matching


class CallEventData(CallShape):
    """The call as it was then, and the leg that the event is about."""

    leg: Annotated[LegShape | None, Field(description="Left out where it is about the call.")] = (
        None
    )


class KeyEventData(CallEventData):
    """The call in which a key was pressed."""

    digit: Annotated[str, Field(description="0 to 9, `*` or `#`.")]


EVENT_DATA: dict[EventType, type[Shape]] = {
    **dict.fromkeys(types_matching("call.*"), CallEventData),
    EventType.CALL_DTMF: KeyEventData,
    **dict.fromkeys(types_matching("recording.*"), RecordingShape),
}
