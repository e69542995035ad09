"""What is left of a person where their number and what they said have to go. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

ERASED = "erased"
"""Stands where the number was."""
_BETWEEN = r"(?:[\s()./-]|%20)*"
_SAID = ("text", "caller_name")
_code = re.compile(r"[a-z][a-z0-9_]*").fullmatch  # not digits, which may be somebody's
Json = Any  # Any: whatever JSON holds


@dataclass(frozen=True)
class Person:
    """Whoever has this number, an E.164 text."""

    number: str

    def mentioned_in(self, text: str | None) -> bool:
        """Whether a text holds the number, however its digits are grouped."""
        return text is not None and self._written.search(text) is not None

    def without(self, text: str) -> str:
        """The text with the number replaced."""
        return self._written.sub(ERASED, text)

    def party(self, party: str) -> str:
        """One side of a message or call."""
        return ERASED if party == self.number else party

    def resource(self, data: Mapping[str, Json]) -> dict[str, Json]:
        """A message, call or recording that is about the person: no number, no text, no metadata."""
        left = {name: self._value(name, value) for name, value in data.items()}
        if "metadata" in left:
            left["metadata"] = {}
        return left

    def named_by(self, value: Json) -> Iterator[str]:
        """The ids of the resources in any JSON that have the person on one side."""
        if isinstance(value, list):
            for part in value:
                yield from self.named_by(part)
        elif isinstance(value, dict):
            if self._is_about(value):
                yield value["id"]
            yield from self.named_by(list(value.values()))

    def answer(self, value: Json, about: Collection[str]) -> Json:
        """Any JSON, of which only the resources with these ids change."""
        if isinstance(value, list):
            return [self.answer(part, about) for part in value]
        if not isinstance(value, dict):
            return value
        if self._is_about(value) and value["id"] in about:
            return self.resource(value)
        return {name: self.answer(part, about) for name, part in value.items()}

    def timeline(self, lines: str) -> str:
        """A timeline without free text; codes and ids stay."""
        return "".join(_without_text(line) for line in lines.splitlines())

    def _is_about(self, data: Mapping[str, Json]) -> bool:
        return self.number in data.values() and isinstance(data.get("id"), str)

    def _value(self, name: str, value: Json) -> Json:
        if name in _SAID:
            return None
        if name == "digit":  # a key that was pressed
            return ""
        if name == "peaks":  # of their voice
            return []
        if isinstance(value, str):
            return self.without(value)
        if isinstance(value, dict):
            return self.resource(value)
        return [self._value(name, part) for part in value] if isinstance(value, list) else value

    @cached_property
    def _written(self) -> re.Pattern[str]:
        digits = _BETWEEN.join(self.number.removeprefix("+"))
        return re.compile(rf"(?:\+|%2[Bb])?(?<!\d){digits}(?!\d)")


def _without_text(line: str) -> str:
    entry = msgspec.json.decode(line)
    if _code(entry.get("detail") or "") is None:
        entry.pop("detail", None)
    return msgspec.json.encode(entry).decode() + "\n"
