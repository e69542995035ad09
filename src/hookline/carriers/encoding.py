"""How a text becomes SMS segments: GSM 7 bit or UCS-2, and the octets of each (3GPP TS 23.038, 23.040).

Pure and on the path of every message, so an ordinary short text costs one regular expression.
A text that needs a national language table goes out as UCS-2; what comes in with one is read in
`national.py`.
"""

import codecs
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

SEGMENTS_MAX = 10
"""The most segments that one message may have: 1,530 septets or 670 UTF-16 code units."""

CHARACTERS_MAX = SEGMENTS_MAX * 153
"""No longer text fits in any encoding, so it can be refused by its length alone."""


class Encoding(StrEnum):
    GSM7 = "gsm7"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True)
class Segmentation:
    """What a text costs. `units` are septets for gsm7 and UTF-16 code units for ucs2."""

    encoding: Encoding
    segments: int
    """0 for an empty text."""
    characters: int
    """Code points, as a person counts them."""
    units: int
    units_per_segment: int
    """Less in a concatenated message, whose segments carry a 6 octet header (TS 23.040 §9.2.3.24.1)."""
    forcing: tuple[str, ...]
    """The characters that GSM 7 bit lacks, each once, in the order of the text."""
    remaining: int
    """Units that still fit into the last segment."""


# TS 23.038 §6.2.1, in the order of its codes. 0x1B is the escape, and no character of a text.
_ESCAPE = "\x1b"
_MAIN = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# TS 23.038 §6.2.1.1: what follows the escape, named by its character in the main table.
_EXTENSION = {
    "\n": "\f",
    "Λ": "^",
    "(": "{",
    ")": "}",
    "/": "\\",
    "<": "[",
    "=": "~",
    ">": "]",
    "¡": "|",
    "e": "€",
}
_EXTENDED = frozenset(_EXTENSION.values())
_SEPTETS = {ord(char): chr(code) for code, char in enumerate(_MAIN) if char != _ESCAPE} | {
    ord(char): _ESCAPE + chr(_MAIN.index(main)) for main, char in _EXTENSION.items()
}

MAIN_SEPTETS = {code: char for code, char in enumerate(_MAIN) if char != _ESCAPE}
EXTENSION_SEPTETS = {_MAIN.index(main): char for main, char in _EXTENSION.items()}

_MAIN_CLASS = re.escape(_MAIN.replace(_ESCAPE, ""))
_EXTENDED_CLASS = re.escape("".join(_EXTENSION.values()))
_only_main = re.compile(f"[{_MAIN_CLASS}]*+").fullmatch
_find_extended = re.compile(f"[{_EXTENDED_CLASS}]").findall
_find_forcing = re.compile(f"[^{_MAIN_CLASS}{_EXTENDED_CLASS}]").findall
_find_pairs = re.compile("[\U00010000-\U0010ffff]").findall
_escapes = re.compile(f"{_ESCAPE}(.?)", re.DOTALL)

_LIMITS = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}


def segment(text: str) -> Segmentation:
    """How a text would be sent. The caller compares `segments` with 1 and `SEGMENTS_MAX`."""
    if len(text) <= 160 and _only_main(text):
        return _one_plain_segment(len(text))
    forcing = tuple(dict.fromkeys(_find_forcing(text)))
    encoding = Encoding.UCS2 if forcing else Encoding.GSM7
    wide = _wide_characters(text, encoding)
    units = len(text) + len(wide)
    alone, joined = _LIMITS[encoding]
    if units <= alone:
        return Segmentation(encoding, 1, len(text), units, alone, forcing, alone - units)
    if wide:
        parts = _cut(text, frozenset(wide), joined)
        segments, last = len(parts), len(parts[-1]) + len(_wide_characters(parts[-1], encoding))
    else:
        segments = -(-units // joined)
        last = units - (segments - 1) * joined
    return Segmentation(encoding, segments, len(text), units, joined, forcing, joined - last)


def split(text: str) -> list[str]:
    """The text of each segment; no escape sequence and no surrogate pair is ever divided."""
    if not text:
        return []
    encoding = Encoding.UCS2 if _find_forcing(text) else Encoding.GSM7
    wide = _wide_characters(text, encoding)
    alone, joined = _LIMITS[encoding]
    if len(text) + len(wide) <= alone:
        return [text]
    return _cut(text, frozenset(wide), joined)


def split_ucs2(text: str) -> list[str]:
    """As `split`, for a link that must send a text of the GSM 7 bit alphabet as UCS-2."""
    if not text:
        return []
    wide = _wide_characters(text, Encoding.UCS2)
    alone, joined = _LIMITS[Encoding.UCS2]
    return [text] if len(text) + len(wide) <= alone else _cut(text, frozenset(wide), joined)


def encode_gsm7(text: str) -> bytes:
    """Unpacked septets, one an octet. Raises UnicodeEncodeError for a text that needs UCS-2."""
    if found := _find_forcing(text):
        at = text.index(found[0])
        raise UnicodeEncodeError("gsm7", text, at, at + 1, "not in the GSM 7 bit alphabet")
    return text.translate(_SEPTETS).encode("latin-1")


def decode_gsm7(data: bytes) -> str:
    """The text of unpacked septets, whatever they are: a carrier's octets are never refused.

    As TS 23.038 §6.2.1.1 asks, an escape before a code without extension shows that code's
    ordinary character, and one before nothing or another escape shows a space. An octet above
    0x7F is no septet and becomes U+FFFD.
    """
    text = codecs.charmap_decode(data, "replace", _MAIN)[0]
    return _escapes.sub(_unescape, text) if _ESCAPE in text else text


def encode_ucs2(text: str) -> bytes:
    """UTF-16 big-endian, which phones take for UCS-2. A lone surrogate becomes a question mark."""
    return text.encode("utf-16-be", "replace")


def decode_ucs2(data: bytes) -> str:
    """The text of UTF-16 big-endian octets; broken pairs and a spare octet become U+FFFD."""
    return data.decode("utf-16-be", "replace")


@lru_cache(maxsize=161)
def _one_plain_segment(length: int) -> Segmentation:
    """Kept by length, because making the object costs more than reading the text."""
    return Segmentation(Encoding.GSM7, min(length, 1), length, length, 160, (), 160 - length)


def _wide_characters(text: str, encoding: Encoding) -> list[str]:
    """Every occurrence of a character that takes two units."""
    found: list[str] = _find_extended(text) if encoding is Encoding.GSM7 else _find_pairs(text)
    return found


def _cut(text: str, wide: frozenset[str], limit: int) -> list[str]:
    if not wide:
        return [text[at : at + limit] for at in range(0, len(text), limit)]
    parts: list[str] = []
    start = used = 0
    for at, char in enumerate(text):
        width = 2 if char in wide else 1
        if used + width > limit:
            parts.append(text[start:at])
            start, used = at, 0
        used += width
    parts.append(text[start:])
    return parts


def _unescape(match: re.Match[str]) -> str:
    char: str = match[1]
    if not char or char == _ESCAPE:
        return " "
    return _EXTENSION.get(char, char)
