"""Each complaint of others is answered with tests that exist."""

import re

import pytest

from tests.docs.markdown import ROOT
from tests.docs.proofs import is_there

FOLDER = ROOT / "docs" / "explanation"
ANSWERS = {"webhooks-compared.md": 15, "sms-compared.md": 7}
PROOF = re.compile(r"\[`(test_\w+)`\]\(\.\./\.\./(tests/[\w/]+\.py)\)")
NAMED = sorted({proof for name in ANSWERS for proof in PROOF.findall((FOLDER / name).read_text())})


@pytest.mark.parametrize(("test", "file"), NAMED)
def test_proof_exists(test: str, file: str) -> None:
    assert is_there(file, test)


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_has_its_tests(name: str) -> None:
    lines = [one for one in (FOLDER / name).read_text().splitlines() if one.startswith("| ")]
    answers = [line.split(" | ")[2] for line in lines if not line.startswith("| What people")]
    assert len(answers) == ANSWERS[name]
    assert all("](../../tests/" in answer for answer in answers)
