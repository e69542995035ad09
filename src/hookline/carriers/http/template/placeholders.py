"""Texts with placeholders such as {to} or {secret.api_key}; {{ and }} stand for the braces themselves."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

NAMES: Mapping[str, str] = {
    "from": "The sender.",
    "from_digits": "The sender without its plus sign.",
    "to": "The recipient.",
    "to_digits": "The recipient without its plus sign.",
    "text": "The text.",
    "message_id": "Our own id of the message.",
    "receipt_url": "Where to call back about it.",
    "validity_seconds": "For how long it is worth delivering.",
    "encoding": "gsm7 or ucs2, or what `encodings` has for it.",
    "is_unicode": "true or false.",
    "segments": "How many segments it has.",
}
"""What every message has."""
OF_SECRETS = "secret."
TYPED = frozenset({"validity_seconds", "is_unicode", "segments"})
"""Alone in a text of a JSON body, these become a number or a truth value."""
_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_SECRET_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")

Values = Mapping[str, Any]  # Any: text, a number, a truth value
Parts = tuple[tuple[str, str], ...]
"""Literal text, and behind it the name of a placeholder; the last name is empty."""


@lru_cache(maxsize=4_000)
def parse(text: str) -> Parts:
    """Take a text apart. Raises ValueError, which names what is not known."""
    parts: list[tuple[str, str]] = []
    literal, place = "", 0
    for token in _TOKEN.finditer(text):
        literal += text[place : token.start()]
        place = token.end()
        if token[0] in {"{{", "}}"}:
            literal += token[0][0]
        elif token[1] is None:
            raise ValueError(f"a single {token[0]} is not understood; write {token[0] * 2} for it")
        else:
            parts.append((literal, _checked(token[1])))
            literal = ""
    return (*parts, (literal + text[place:], ""))


def names_in(texts: Iterable[str]) -> set[str]:
    """The placeholders that these have."""
    return {name for text in texts for _, name in parse(text) if name}


def secrets_in(names: Iterable[str]) -> set[str]:
    """The secrets among placeholders."""
    return {name.removeprefix(OF_SECRETS) for name in names if name.startswith(OF_SECRETS)}


def fill(text: str, values: Values) -> str:
    """The text with what its placeholders stand for."""
    return "".join(
        literal + (_written(values[name]) if name else "") for literal, name in parse(text)
    )


def fill_path(text: str, values: Values) -> str:
    """Of a URL: what is put in cannot become more than a part of its path or query."""
    return "".join(
        literal + (quote(_written(values[name]), safe="") if name else "")
        for literal, name in parse(text)
    )


def fill_document(document: Any, values: Values) -> Any:  # Any: JSON
    """A JSON document, whose texts are filled and whose keys are left as they are."""
    if isinstance(document, dict):
        return {key: fill_document(part, values) for key, part in document.items()}
    if isinstance(document, list):
        return [fill_document(part, values) for part in document]
    if not isinstance(document, str):
        return document
    parts = parse(document)
    if len(parts) == 2 and parts[0][0] == parts[1][0] == "" and parts[0][1] in TYPED:
        return values[parts[0][1]]
    return fill(document, values)


def texts_of(document: Any) -> Iterator[str]:  # Any: JSON
    """Every text in a JSON document."""
    if isinstance(document, dict):
        for part in document.values():
            yield from texts_of(part)
    elif isinstance(document, list):
        for part in document:
            yield from texts_of(part)
    elif isinstance(document, str):
        yield document


def _checked(name: str) -> str:
    if name in NAMES:
        return name
    if name.startswith(OF_SECRETS) and _SECRET_NAME.fullmatch(name.removeprefix(OF_SECRETS)):
        return name
    known = ", ".join(f"{{{one}}}" for one in NAMES)
    raise ValueError(
        f"there is no placeholder {{{name[:40]}}}; there are {known}, and {{secret.NAME}} for the carrier's "
        "secrets"
    )


def _written(value: Any) -> str:  # Any: text, a number, a truth value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
