"""An engine of its own for each test, on the session's Asterisk."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.asterisk import Asterisk
from tests.voice.asterisk.rig import Rig, opened


@pytest.fixture
async def rig(asterisk: Asterisk, tmp_path: Path) -> AsyncIterator[Rig]:
    """A connected engine."""
    async with opened(asterisk, tmp_path) as rig:
        yield rig
