"""Each complaint of others is answered with tests that exist."""

import re

import pytest

from tests.docs.markdown import ROOT
from tests.docs.proofs import is_there

PAGE = ROOT / "docs" / "explanation" / "webhooks-compared.md"
NAMED = sorted(
    set(re.findall(r"\[`(test_\w+)`\]\(\.\./\.\./(tests/[\w/]+\.py)\)", PAGE.read_text()))
)
LINES = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]


@pytest.mark.parametrize(("test", "file"), NAMED)
def test_proof_exists(test: str, file: str) -> None:
    assert is_there(file, test)


def test_every_answer_has_its_tests() -> None:
    answers = [line.split(" | ")[2] for line in LINES if not line.startswith("| What people")]
    assert len(answers) == 15
    assert all("](../../tests/" in answer for answer in answers)
