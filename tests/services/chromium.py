"""Chromium as the page tests start it: the system's browser, without a word to the outside."""

from typing import Any

import pytest

from tests.services.programs import CHROMIUM, find_chromium

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def chromium_launch() -> dict[str, Any]:
    """Keyword arguments of Playwright's `chromium.launch`; skips where there is no Chromium."""
    path = find_chromium()
    if path is None:
        pytest.skip(CHROMIUM.missing)
    return {"executable_path": str(path), "headless": True, "args": list(FLAGS)}
