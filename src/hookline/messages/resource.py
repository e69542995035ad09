"""The message as the API, the events and the console show it."""

from collections.abc import Sequence

import msgspec

from hookline.carriers.smart_encoding import Replacement
from hookline.clock import to_rfc3339
from hookline.messages.delivery_errors import error_of
from hookline.messages.model import Message

_NO_TAGS = msgspec.Raw(b"[]")
_NO_METADATA = msgspec.Raw(b"{}")


class MessageError(msgspec.Struct, frozen=True):
    """Why a message did not arrive."""

    code: str
    title: str
    detail: str
    carrier_code: str | None
    permanent: bool
    """Sending it again unchanged would end the same way."""


class TimelineEntry(msgspec.Struct, frozen=True):
    """One transition."""

    status: str
    at: str
    carrier_code: str | None = None
    detail: str | None = None


class MessageResource(msgspec.Struct, frozen=True):
    """The public resource; the order of fields is the order on the wire."""

    id: str
    direction: str
    from_: str = msgspec.field(name="from")
    to: str
    text: str | None
    encoding: str
    segments: int
    status: str
    error: MessageError | None
    carrier: str | None
    tags: msgspec.Raw
    metadata: msgspec.Raw
    credential_id: str | None
    created_at: str
    send_at: str | None
    sent_at: str | None
    delivered_at: str | None
    updated_at: str
    object: str = "message"
    replaced: list[Replacement] | msgspec.UnsetType = msgspec.UNSET
    """Only in the answer to sending: what smart replacement has changed in the text."""


class MessageDetail(msgspec.Struct, frozen=True):
    """The parts that only reading one message shows."""

    timeline: list[TimelineEntry]


class MessagePage(msgspec.Struct, frozen=True):
    """One page of a list."""

    data: list[MessageResource]
    has_more: bool
    next_cursor: str | None
    object: str = "list"


_encoder = msgspec.json.Encoder()
_lines = msgspec.json.Decoder(TimelineEntry)


def resource(message: Message) -> MessageResource:
    """The public resource of a stored message."""
    return MessageResource(
        id=message.id,
        direction=message.direction,
        from_=message.sender,
        to=message.recipient,
        text=message.text,
        encoding=message.encoding,
        segments=message.segments,
        status=message.status,
        error=message_error(message.error_code, message.carrier_code),
        carrier=message.carrier_id,
        tags=msgspec.Raw(message.tags.encode()) if message.tags else _NO_TAGS,
        metadata=msgspec.Raw(message.metadata.encode()) if message.metadata else _NO_METADATA,
        credential_id=message.credential_id,
        created_at=to_rfc3339(message.created_at),
        send_at=_shown(message.send_at),
        sent_at=_shown(message.sent_at),
        delivered_at=_shown(message.delivered_at),
        updated_at=to_rfc3339(message.updated_at),
    )


def encode(message: Message, replaced: list[Replacement] | None = None) -> bytes:
    """The public resource as JSON, with what smart replacement has changed."""
    shown = resource(message)
    return _encoder.encode(msgspec.structs.replace(shown, replaced=replaced) if replaced else shown)


def encode_with_timeline(message: Message) -> bytes:
    """The public resource and its timeline as JSON."""
    shown = _encoder.encode(MessageDetail(timeline(message)))
    return encode(message)[:-1] + b"," + shown[1:]


def encode_page(messages: Sequence[Message], *, has_more: bool) -> bytes:
    """A page of a list as JSON."""
    cursor = messages[-1].id if has_more else None
    page = MessagePage([resource(message) for message in messages], has_more, cursor)
    return _encoder.encode(page)


def timeline(message: Message) -> list[TimelineEntry]:
    """Every transition, oldest first."""
    return [_lines.decode(line) for line in message.timeline.splitlines()]


def message_error(code: str | None, carrier_code: str | None) -> MessageError | None:
    """The error in words; None when there is none."""
    if code is None:
        return None
    known = error_of(code)
    return MessageError(code, known.title, known.detail, carrier_code, known.is_permanent)


def _shown(instant: int | None) -> str | None:
    return None if instant is None else to_rfc3339(instant)
