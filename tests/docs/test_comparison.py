"""Each line about Hookline's credentials beside others is linked to a test that exists."""

import re

import pytest

from tests.docs.markdown import ROOT
from tests.docs.proofs import is_there

PAGE = ROOT / "docs" / "explanation" / "credentials-compared.md"
NAMED = sorted(
    set(re.findall(r"\[`(test_\w+)`\]\(\.\./\.\./(tests/[\w/]+\.py)\)", PAGE.read_text()))
)
LINES = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]


@pytest.mark.parametrize(("test", "file"), NAMED)
def test_proof_exists(test: str, file: str) -> None:
    assert is_there(file, test)


def test_every_claim_has_its_test() -> None:
    cells = [line.split(" | ")[1] for line in LINES if not line.startswith("| What ")]
    assert len(cells) > 25
    assert all("](../../tests/" in cell or cell.rstrip(" |") == "no" for cell in cells)
