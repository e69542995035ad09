"""Patterns: what Python's engine finds, in a time that no pattern can stretch."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.carriers.http.template.patterns import TEXT_LENGTH_MAX, parse_pattern

ATOMS = st.sampled_from(["a", "b", "[ab]", ".", r"\d", r"\w", "[^a]", r"\.", r"\s"])
TIMES = st.sampled_from(["", "*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "+?", "??", "{1,3}?"])
PARTS = st.lists(st.tuples(ATOMS, TIMES).map("".join), max_size=4).map("".join)


@given(
    begin=st.sampled_from(["", "^"]),
    before=PARTS,
    group=PARTS,
    after=PARTS,
    end=st.sampled_from(["", "$"]),
    text=st.text("ab1. \n", max_size=12),
)
def test_it_finds_what_pythons_engine_finds(
    begin: str, before: str, group: str, after: str, end: str, text: str
) -> None:
    known = re.search(
        f"{begin}{before}({group}){after}{end.replace('$', chr(92) + 'Z')}", text, re.DOTALL
    )
    found = parse_pattern(f"{begin}{before}({group}){after}{end}").find(text)
    assert found == (known[1] if known else None)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"ID: ([0-9a-f-]+)", "OK\nID: 4f-2a, queued", "4f-2a"),
        (r"^0\|[^|]*\|(\d+)$", "0|IN_PROGRESS|65540", "65540"),
        (r"<id>(.+?)</id>", "<a><id>x1</id><id>x2</id></a>", "x1"),
        (r"\((\w+)\)", "taken (abc)", "abc"),
        (r"ID: (\d+)", "ERR: 105", None),
    ],
)
def test_answers_of_carriers_are_read(pattern: str, text: str, found: str | None) -> None:
    assert parse_pattern(pattern).find(text) == found


@pytest.mark.parametrize(
    "pattern",
    ["a", "(a)(b)", "((a))", "(a|b)", "(a)+", "(a", "a)", "(?:a)", r"(a)\1", "([)", "(a**)", "(a{3,1})",
     "(" + "a" * 200 + ")", "(" + "a?" * 41 + ")", r"\b(a)", "(?=a)(b)", "({3})"],
)  # fmt: skip
def test_what_it_does_not_know_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"pattern|repetitions|class"):
        parse_pattern(pattern)


def test_work_is_bounded_whatever_the_pattern_is() -> None:
    """Python's own engine would not come to an end with this."""
    pattern = parse_pattern("(" + "x*" * 38 + ")y")
    assert pattern.find("x" * 100 * TEXT_LENGTH_MAX) is None
