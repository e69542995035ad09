"""Where in an answer or a callback something is: a JSON pointer (RFC 6901), or a pattern in its text."""

from functools import lru_cache
from typing import Annotated, Any

import msgspec
from pydantic import AfterValidator, Field, model_validator

from hookline.api.wire import Body
from hookline.carriers.http.template.patterns import PATTERN_LENGTH_MAX, parse_pattern

VALUE_LENGTH_MAX = 200
_POINTER_LENGTH_MAX = 200
MISSING = msgspec.UNSET


def _pointer(text: str) -> str:
    pointer_steps(text)
    return text


def _pattern(text: str) -> str:
    parse_pattern(text)
    return text


Pointer = Annotated[
    str,
    AfterValidator(_pointer),
    Field(
        max_length=_POINTER_LENGTH_MAX,
        description="A JSON pointer, such as /messages/0/id.",
        examples=["/messages/0/id"],
    ),
]
Pattern = Annotated[
    str,
    AfterValidator(_pattern),
    Field(
        max_length=PATTERN_LENGTH_MAX,
        description="A regular expression with one group, for answers that are no JSON.",
        examples=["ID: ([0-9a-f-]+)"],
    ),
]


class AnswerPlace(Body):
    """Where something is in an answer: either a pointer or a pattern."""

    pointer: Pointer | None = None
    pattern: Pattern | None = None

    @model_validator(mode="after")
    def _either(self) -> "AnswerPlace":
        if (self.pointer is None) == (self.pattern is None):
            raise ValueError("give either a pointer or a pattern")
        return self


class Told:
    """The body of an answer, read as whatever a place asks for."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._document: Any = MISSING  # Any: JSON
        self._text: str | None = None

    def find(self, place: AnswerPlace | None) -> str | None:
        """What stands there as text; None where there is nothing."""
        if place is None:
            return None
        if place.pattern is not None:
            if self._text is None:
                self._text = self._body.decode("utf-8", "replace")
            return _bounded(parse_pattern(place.pattern).find(self._text))
        if self._document is MISSING:
            self._document = decode_document(self._body)
        return scalar_at(self._document, place.pointer or "")


def decode_document(body: bytes) -> Any:  # Any: JSON
    """The JSON in a body; None where it is none."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def scalar_at(document: Any, pointer: str) -> str | None:  # Any: JSON
    """A text, number or truth value as text."""
    found = value_at(document, pointer)
    if isinstance(found, bool):
        return "true" if found else "false"
    return _bounded(str(found)) if isinstance(found, str | int | float) else None


def value_at(document: Any, pointer: str) -> Any:  # Any: JSON
    """What the pointer leads to; None where it leads nowhere."""
    for step in pointer_steps(pointer):
        if isinstance(document, dict):
            document = document.get(step)
        elif isinstance(document, list) and step.isdecimal() and int(step[:6]) < len(document):
            document = document[int(step[:6])]
        else:
            return None
    return document


@lru_cache(maxsize=1_000)
def pointer_steps(text: str) -> tuple[str, ...]:
    """The names that a pointer is made of. Raises ValueError."""
    if not text:
        return ()
    if not text.startswith("/"):
        raise ValueError("a JSON pointer begins with /, such as /messages/0/id")
    steps = text[1:].split("/")
    if any(part not in {"0", "1"} for step in steps for part in _after_tildes(step)):
        raise ValueError("in a JSON pointer ~ is written ~0, and / within a name ~1")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in steps)


def _after_tildes(step: str) -> list[str]:
    return [part[:1] for part in step.split("~")[1:]]


def _bounded(text: str | None) -> str | None:
    text = None if text is None else text.strip()
    return text if text and len(text) <= VALUE_LENGTH_MAX else None
