"""Tests that pages name as proofs."""

import re
from pathlib import Path

from tests.docs.markdown import ROOT

_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def proofs(page: Path) -> list[tuple[str, str]]:
    """File and function of every test that the page names."""
    return sorted(set(_NAMED.findall(page.read_text())))


def is_there(file: str, test: str) -> bool:
    path = ROOT / file
    pattern = rf"^(async )?def {test}\("
    return path.exists() and re.search(pattern, path.read_text(), re.MULTILINE) is not None
