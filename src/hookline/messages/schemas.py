"""The wire shapes of messages, for the routes that are not hot and for the reference."""

from typing import Annotated, Any, Literal

from pydantic import Field

from hookline.api.wire import Body, Shape, Timestamp
from hookline.carriers.encoding import segment
from hookline.carriers.smart_encoding import replace_smartly

Status = Literal[
    "scheduled", "queued", "sending", "sent", "delivered", "undelivered", "expired", "failed",
    "canceled", "received",
]  # fmt: skip


class MessageErrorShape(Shape):
    """Why a message did not arrive."""

    code: str
    title: str
    detail: Annotated[str, Field(description="What it means, and what to do.")]
    carrier_code: str | None
    permanent: Annotated[
        bool, Field(description="Sending it again unchanged would end the same way.")
    ]


class TimelineEntryShape(Shape):
    """One transition."""

    status: Status
    at: Timestamp
    carrier_code: str | None = None
    detail: str | None = None


class ReplacementShape(Shape):
    """A character that would have doubled the price."""

    character: str
    by: Annotated[str, Field(description="Empty: it could not be seen, and is left out.")]
    count: int


class MessageShape(Shape):
    """A message."""

    id: str
    direction: Literal["outbound", "inbound"]
    from_: Annotated[str, Field(alias="from")]
    to: str
    text: str | None
    encoding: Literal["gsm7", "ucs2"]
    segments: int
    status: Status
    error: MessageErrorShape | None
    carrier: str | None
    tags: list[str]
    metadata: dict[str, str]
    credential_id: str | None
    created_at: Timestamp
    send_at: Timestamp | None
    sent_at: Timestamp | None
    delivered_at: Timestamp | None
    updated_at: Timestamp
    object: Literal["message"] = "message"
    replaced: Annotated[
        list[ReplacementShape],
        Field(
            default_factory=list,
            description="Only in the answer to sending, and only when something was replaced: what "
            "smart encoding has changed in the text.",
        ),
    ]


class MessageWithTimeline(MessageShape):
    """A message with every transition."""

    timeline: list[TimelineEntryShape]


class BatchItem(Shape):
    """What became of one message of a batch, in the order of the request."""

    status: Annotated[int, Field(description="202 accepted, or the status of the problem.")]
    message: MessageShape | None = None
    error: dict[str, Any] | None = None  # Any: a problem


class BatchResult(Shape):
    """What became of a batch."""

    object: Literal["batch"] = "batch"
    accepted: int
    refused: int
    data: list[BatchItem]


class PreviewRequest(Body):
    """A text to look at."""

    text: Annotated[str, Field(max_length=10_000, examples=["See you at 5 – bring the key"])]


class SmartPreview(Shape):
    """What smart encoding makes of a text."""

    text: str
    encoding: Literal["gsm7", "ucs2"]
    segments: int
    replaced: list[ReplacementShape]


class Preview(Shape):
    """What a text costs."""

    object: Literal["message_preview"] = "message_preview"
    encoding: Literal["gsm7", "ucs2"]
    segments: int
    characters: int
    remaining: Annotated[int, Field(description="What still fits into the last segment.")]
    forcing_ucs2: Annotated[list[str], Field(description="Characters that force ucs2.")]
    smart: Annotated[
        "SmartPreview | None",
        Field(description="What smart encoding would make of it; null: nothing."),
    ]


class VirtualPhone(Shape):
    """A phone of the sandbox."""

    object: Literal["virtual_phone"] = "virtual_phone"
    number: str
    name: str


class PhoneText(Body):
    """What the person at the phone writes."""

    to: Annotated[str, Field(min_length=1, max_length=32, examples=["+12025550100"])]
    text: Annotated[str, Field(min_length=1, max_length=1_530)]


def preview_shape(text: str) -> Preview:
    segmentation = segment(text)
    return Preview(
        encoding=segmentation.encoding.value,
        segments=segmentation.segments,
        characters=segmentation.characters,
        remaining=segmentation.remaining,
        forcing_ucs2=list(segmentation.forcing),
        smart=_smart(text),
    )


def _smart(text: str) -> SmartPreview | None:
    sent, replaced = replace_smartly(text)
    if not replaced:
        return None
    made = segment(sent)
    return SmartPreview(
        text=sent,
        encoding=made.encoding.value,
        segments=made.segments,
        replaced=[
            ReplacementShape(character=one.character, by=one.by, count=one.count)
            for one in replaced
        ],
    )
