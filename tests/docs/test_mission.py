"""The page about what was asked for may only name tests that exist."""

import pytest

from tests.docs.markdown import ROOT
from tests.docs.proofs import is_there, proofs

PAGE = ROOT / "docs" / "mission.md"


@pytest.mark.parametrize(("file", "test"), proofs(PAGE))
def test_proof_exists(file: str, test: str) -> None:
    assert is_there(file, test)


def test_every_row_has_a_proof() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if "|" in line]
    assert all("::" in row for row in rows[2:])
