"""The page of opt-out words for `reference.py`."""

from collections.abc import Iterator, Sequence

from hookline.messages.confirmation_texts import DEFAULT_TEXTS
from hookline.messages.keywords import Keyword
from hookline.messages.opt_out_words import INTERNATIONAL, LANGUAGES, REQUIRED, WORDS

_NOTE = (
    "These and no others are understood. Only a whole message counts, in any case, with or without accents and "
    "punctuation. How to add words and to ignore some: [Respect opt-outs](../how-to/respect-opt-outs.md)."
)


def opt_out_words() -> Iterator[str]:
    yield "# Opt-out words"
    yield ""
    yield _NOTE
    yield ""
    yield f"| Language | {' | '.join(keyword.upper() for keyword in Keyword)} |"
    yield "|---|---|---|---|"
    yield f"| all | {' | '.join(_words(words) for words in INTERNATIONAL)} |"
    for code, name in sorted(LANGUAGES.items(), key=lambda item: item[1]):
        yield f"| {name} (`{code}`) | {' | '.join(_words(words) for words in WORDS[code])} |"
    yield ""
    yield f"Carriers require, so that no account can ignore: {_words(sorted(REQUIRED))}."
    yield ""
    yield "## Answers"
    yield ""
    yield "`{account}` becomes the account's name."
    yield ""
    for code, name in sorted(LANGUAGES.items(), key=lambda item: item[1]):
        yield f"- {name}"
        for keyword, text in DEFAULT_TEXTS[code].items():
            yield f"  - {keyword.upper()}: {text}"


def _words(words: Sequence[str]) -> str:
    return ", ".join(words) or "–"
