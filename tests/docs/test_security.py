"""The walk through OWASP ASVS 5.0.0 names each requirement of levels 1 and 2, and tests that exist."""

import re
from collections import Counter

import pytest

from tests.docs.markdown import ROOT
from tests.docs.proofs import is_there, proofs

PAGE = ROOT / "docs" / "security.md"
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([^|]+) \| ([a-z ]+) \| (.+) \|$", re.MULTILINE)
ROWS = ROW.findall(PAGE.read_text())
OF_LEVELS_1_AND_2 = {
    1: 27, 2: 11, 3: 19, 4: 10, 5: 9, 6: 35, 7: 18, 8: 7, 9: 7, 10: 29, 11: 14, 12: 9, 13: 13,
    14: 9, 15: 13, 16: 16, 17: 7,
}  # fmt: skip
"""How many requirements each chapter of the standard has there."""


@pytest.mark.parametrize(("file", "test"), proofs(PAGE))
def test_proof_exists(file: str, test: str) -> None:
    assert is_there(file, test)


def test_every_requirement_is_there_once() -> None:
    numbers = [number for number, *_ in ROWS]
    assert len(numbers) == len(set(numbers)) == 253
    assert Counter(int(number.partition(".")[0]) for number in numbers) == OF_LEVELS_1_AND_2
    places = [tuple(int(part) for part in number.split(".")) for number in numbers]
    assert places == sorted(places)


def test_every_state_has_its_proof_or_reason() -> None:
    for number, _, state, told in ROWS:
        assert state in {"met", "not met", "not applicable"}, number
        if state == "met":
            assert "::" in told or "](" in told or told == "There are none.", number


def test_the_sum_is_right() -> None:
    states = Counter(state for _, _, state, _ in ROWS)
    sums = (states["met"], states["not met"], states["not applicable"])
    assert "**%s are met, %s are not, %s do not apply.**" % sums in PAGE.read_text()  # noqa: UP031
