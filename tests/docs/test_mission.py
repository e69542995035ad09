"""The page about what was asked for may only name tests that exist."""

import re

import pytest

from tests.docs.markdown import ROOT

PROOFS = sorted(
    set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "mission.md").read_text()))
)


@pytest.mark.parametrize(("file", "test"), PROOFS)
def test_proof_exists(file: str, test: str) -> None:
    assert re.search(rf"^(async )?def {test}\(", (ROOT / file).read_text(), re.MULTILINE)


def test_every_row_has_a_proof() -> None:
    rows = [line for line in (ROOT / "docs" / "mission.md").read_text().splitlines() if "|" in line]
    assert all("::" in row for row in rows[2:])
