"""One Asterisk for the module's tests, each of which has an engine of its own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.services.asterisk import Asterisk, running_asterisk
from tests.voice.asterisk.rig import Rig, opened


@pytest.fixture(scope="session")
def asterisk(asterisk_root: Path) -> Iterator[Asterisk]:
    """The session's Asterisk. Who kills one starts another."""
    with running_asterisk() as one:
        yield one


@pytest.fixture
async def rig(asterisk: Asterisk, tmp_path: Path) -> AsyncIterator[Rig]:
    """A connected engine."""
    async with opened(asterisk, tmp_path) as rig:
        yield rig
