"""The words by which a person stops, restarts or asks about messages, in the languages of `opt_out_words`.

Only a whole text counts, and it counts however it is written: texts and words are compared by their `fold`. That
decomposes (NFKD: ＳＴＯＰ is STOP, é is e and an accent), folds case, drops accents and what cannot be seen, and knows
the few letters that Unicode does not decompose. So ARRÊT, arret and Arrêt. are one word. Vowel signs that are no
accents stay, as without them बाद (later) would be बद. In a list so folded, no word is in two keywords (a test says).
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from hookline.messages.opt_out_words import INTERNATIONAL, WORDS


class Keyword(StrEnum):
    STOP = "stop"
    START = "start"
    HELP = "help"


class Found(NamedTuple):
    """What a text asks for."""

    keyword: Keyword
    language: str | None
    """None where people of several languages write it so."""


_LETTERS = str.maketrans(
    {
        **dict.fromkeys("ıİ", "i"),
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "æ": "ae",
        "œ": "oe",
        "\u0640": "",
        # Joiners, marks of direction and the byte order mark.
        **dict.fromkeys(map(chr, (0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0x00AD, 0xFEFF)), ""),
        **dict.fromkeys(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))), ""),
    }
)
_LETTER = r"[^\W_\u0900-\u0903\u093a-\u094f]|[\u0900-\u0903\u093a-\u094f]"
_word = re.compile(rf"(?:{_LETTER})+").findall
# A word in a script whose vowels are signs is several for `\w`. Everything longer is soon refused.
_is_short = re.compile(r"[\W_]*+(?:[^\W_]{1,24}+[\W_]*+){1,12}+").fullmatch


def fold(text: str) -> str:
    """The words of the text as they are compared, with single spaces; empty when there are none."""
    if text.isascii():
        return " ".join(_word(text.lower()))
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(c for c in plain if not unicodedata.combining(c)).translate(_LETTERS)
    return " ".join(_word(plain))


def _folded() -> Mapping[str, Found]:
    found: dict[str, Found] = {}
    languages: list[tuple[str | None, tuple[tuple[str, ...], ...]]] = [
        *WORDS.items(),
        (None, INTERNATIONAL),
    ]
    for language, words in languages:
        for keyword, spelled in zip(Keyword, words, strict=True):
            for word in map(fold, spelled):
                is_shared = word in found and found[word].language != language
                found[word] = Found(keyword, None if is_shared else language)
    return MappingProxyType(found)


KNOWN = _folded()
"""Every built-in word, folded."""
NO_OTHERS: Mapping[str, Found | None] = MappingProxyType({})


def own_words(
    words: Mapping[Keyword, Iterable[str]], ignored: Iterable[str]
) -> Mapping[str, Found | None]:
    """An account's words, and those that it does not listen to, for `classify`."""
    return {
        **{fold(word): None for word in ignored},
        **{fold(word): Found(keyword, None) for keyword in words for word in words[keyword]},
    }


def classify(text: str, others: Mapping[str, Found | None] = NO_OTHERS) -> Found | None:
    """What the whole text asks for, or None: `Stop!` is a keyword, `please stop by` is not.

    `others` go before the built-in words. YES counts as START, so act on START only for somebody
    who had opted out; to all others a yes is an ordinary answer.
    """
    if _is_short(text) is None:
        return None
    folded = fold(text)
    if folded in others:
        return others[folded]
    return KNOWN.get(folded)
