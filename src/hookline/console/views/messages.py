"""Messages as the list, the detail page and the virtual phones show them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hookline.carriers.encoding import Encoding, Segmentation
from hookline.console.times import day
from hookline.console.views.status import Badge, badge
from hookline.erasing import ERASED
from hookline.messages.keywords import Keyword, classify
from hookline.messages.model import Message, Status
from hookline.messages.resource import MessageError, TimelineEntry, message_error, timeline
from hookline.principal import Mode

_CANCELABLE = frozenset({Status.SCHEDULED.value, Status.QUEUED.value})
_ENCODINGS = {Encoding.GSM7: "GSM-7", Encoding.UCS2: "UCS-2"}
_FORCING_MAX = 5


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One line of the list."""

    id: str
    direction: str
    other: str
    ours: str
    text: str | None
    status: Badge
    error: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Step:
    """One transition of the timeline."""

    title: str
    tone: str
    at: str
    clock: str
    note: str


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message with everything that is known of it."""

    id: str
    direction: str
    other: str
    ours: str
    sender: str
    recipient: str
    text: str | None
    characters: int | None
    encoding: str
    segments: int
    status: Badge
    error: MessageError | None
    is_cancelable: bool
    timeline: Sequence[Step]
    created_at: int
    send_at: int | None
    credential_id: str | None
    tags: Sequence[str]
    metadata: Sequence[tuple[str, str]]

    @property
    def is_erased(self) -> bool:
        """Whether its other side was forgotten: nobody can be written to."""
        return self.other == ERASED


@dataclass(frozen=True, slots=True)
class Preview:
    """What a text would cost."""

    characters: int
    segments: int
    encoding_title: str
    forcing: Sequence[str]
    remaining: int


@dataclass(frozen=True, slots=True)
class Bubble:
    """A message as the person at the phone sees it."""

    id: str
    text: str | None
    is_mine: bool
    is_test: bool
    note: str
    day: str
    """Above the first bubble of a day, else empty."""
    at: int


@dataclass(frozen=True, slots=True)
class Thread:
    """A phone's conversation with one of the account's numbers."""

    number: str
    count: int
    is_open: bool
    url: str


def message_row(message: Message) -> MessageRow:
    error = message_error(message.error_code, message.carrier_code)
    return MessageRow(
        id=message.id,
        direction=message.direction,
        other=_other(message),
        ours=message.our_number,
        text=message.text,
        status=badge(message.status),
        error=error.title if error else "",
        created_at=message.created_at,
    )


def message_view(message: Message) -> MessageView:
    return MessageView(
        id=message.id,
        direction=message.direction,
        other=_other(message),
        ours=message.our_number,
        sender=message.sender,
        recipient=message.recipient,
        text=message.text,
        characters=None if message.text is None else len(message.text),
        encoding=message.encoding,
        segments=message.segments,
        status=badge(message.status),
        error=message_error(message.error_code, message.carrier_code),
        is_cancelable=message.status in _CANCELABLE,
        timeline=[_step(entry) for entry in timeline(message)],
        created_at=message.created_at,
        send_at=message.send_at,
        credential_id=message.credential_id,
        tags=json.loads(message.tags or "[]"),
        metadata=list(json.loads(message.metadata or "{}").items()),
    )


def preview(found: Segmentation) -> Preview:
    """The line below the text that is being written."""
    return Preview(
        characters=found.characters,
        segments=found.segments,
        encoding_title=_ENCODINGS[found.encoding],
        forcing=[_visible(character) for character in found.forcing[:_FORCING_MAX]],
        remaining=found.remaining,
    )


def bubbles(messages: Iterable[Message]) -> list[Bubble]:
    """A thread, oldest first, from messages that are newest first."""
    shown: list[Bubble] = []
    last_day = ""
    for message in reversed(list(messages)):
        today = day(message.created_at)
        shown.append(_bubble(message, "" if today == last_day else today))
        last_day = today
    return shown


def threads(messages: Iterable[Message], numbers: Iterable[str]) -> dict[str, list[Message]]:
    """Messages by the account's number, the busiest conversations first, then the other numbers."""
    found: dict[str, list[Message]] = {}
    for message in messages:
        found.setdefault(message.our_number, []).append(message)
    for number in numbers:
        found.setdefault(number, [])
    return found


def _bubble(message: Message, new_day: str) -> Bubble:
    is_mine = message.direction == "inbound"
    found = classify(message.text or "") if is_mine else None
    return Bubble(
        id=message.id,
        text=message.text,
        is_mine=is_mine,
        is_test=message.mode == Mode.TEST.value,
        note="opted out" if found and found.keyword is Keyword.STOP else "",
        day=new_day,
        at=message.created_at,
    )


def _step(entry: TimelineEntry) -> Step:
    notes = [note for note in (entry.detail, entry.carrier_code) if note]
    shown = badge(entry.status)
    return Step(shown.title, shown.tone, entry.at, entry.at[11:23], " · ".join(notes))


def _other(message: Message) -> str:
    return message.recipient if message.direction == "outbound" else message.sender


def _visible(character: str) -> str:
    return (
        character
        if character.isprintable() and not character.isspace()
        else f"U+{ord(character):04X}"
    )
