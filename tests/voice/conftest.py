"""The engines that every test of the port runs on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.voice.asterisk_world import open_asterisk
from tests.voice.sandbox_world import open_sandbox
from tests.voice.world import OpenWorld, World

WORLDS = [
    pytest.param(open_sandbox, id="sandbox"),
    pytest.param(open_asterisk, id="asterisk"),
]


@pytest.fixture(params=WORLDS)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    opened: OpenWorld = request.param
    async with opened(request, tmp_path) as made:
        yield made
