"""What the API takes and shows of erasures."""

from typing import Annotated, Literal

from pydantic import Field

from hookline.api.wire import Body, Shape, Timestamp, shown
from hookline.erasure.model import Erasure
from hookline.numbers.e164 import TEXT_LENGTH_MAX, redact
from hookline.principal import Mode


class ErasureCreate(Body):
    """Whom to forget."""

    number: Annotated[
        str,
        Field(
            max_length=TEXT_LENGTH_MAX,
            description="The person's phone number, with its country code.",
            examples=["+12025550123"],
        ),
    ]


class ErasureShape(Shape):
    """The erasure of a person from messages, calls, recordings, their events and the request log."""

    id: str
    object: Literal["erasure"] = "erasure"
    number: Annotated[str, Field(description="Only its beginning and its end.")]
    status: Annotated[
        Literal["running", "completed"],
        Field(description="`running` also while a message or call with the person goes on."),
    ]
    messages: Annotated[int, Field(description="Erased so far.")]
    calls: int
    recordings: Annotated[int, Field(description="Deleted so far, with their audio.")]
    mode: Mode
    asked_by: str
    created_at: Annotated[Timestamp, Field(description="What is newer is not touched.")]
    finished_at: Timestamp | None


def erasure_shape(one: Erasure) -> ErasureShape:
    return ErasureShape.model_validate(
        {
            "id": one.id,
            "number": redact(one.number),
            "status": one.status.value,
            "messages": one.messages,
            "calls": one.calls,
            "recordings": one.recordings,
            "mode": one.mode,
            "asked_by": one.asked_by,
            "created_at": shown(one.created_at),
            "finished_at": shown(one.finished_at),
        }
    )
