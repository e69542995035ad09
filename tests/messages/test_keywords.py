"""Which inbound texts are opt-out words, and which only contain one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.messages.keywords import Keyword, classify

STOP = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE"]
START = ["START", "YES", "UNSTOP"]
HELP = ["HELP", "INFO"]
ALL = [
    *((word, Keyword.STOP) for word in STOP),
    *((word, Keyword.START) for word in START),
    *((word, Keyword.HELP) for word in HELP),
]

surroundings = st.text(st.sampled_from(" \t\r\n.,!?\"'“”«»¡¿-_*()🛑\u00a0\u200b"), max_size=8)


@given(surroundings, st.sampled_from(ALL), surroundings)
def test_spaces_and_punctuation_around_a_word_do_not_matter(
    before: str, word: tuple[str, Keyword], after: str
) -> None:
    assert classify(before + word[0] + after) is word[1]


@given(st.sampled_from(ALL), st.data())
def test_case_does_not_matter(word: tuple[str, Keyword], data: st.DataObject) -> None:
    letters = [data.draw(st.sampled_from([c.lower(), c])) for c in word[0]]
    assert classify("".join(letters)) is word[1]


@pytest.mark.parametrize("text", ["opt out", "Opt-out", "STOP ALL", "stop  all."])
def test_two_word_spellings_are_known(text: str) -> None:
    assert classify(text) is Keyword.STOP


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "🛑",
        "...",
        "please stop",
        "stop by at nine",
        "don't stop",
        "STOP STOP",
        "stop it",
        "un stop",
        "st op",
        "yes please",
        "yesterday",
        "STOP1",
        "helpful",
        "the end",
    ],
)
def test_only_the_whole_message_counts(text: str) -> None:
    assert classify(text) is None


@given(st.text())
def test_any_text_is_classified(text: str) -> None:
    classify(text)
