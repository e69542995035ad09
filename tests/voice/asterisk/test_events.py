"""What Asterisk tells the engine, and what it keeps to itself."""

from pathlib import Path

from tests.services.asterisk import Asterisk
from tests.voice.asterisk.rig import opened


async def test_only_what_is_looked_at_is_sent(asterisk: Asterisk, tmp_path: Path) -> None:
    async with opened(asterisk, tmp_path):
        found = next(one for one in asterisk.applications() if one["name"] == "hookline")
    told = found["events_allowed"]
    assert isinstance(told, list)
    types = {one["type"] for one in told}
    assert {"StasisStart", "ChannelDestroyed", "ApplicationReplaced"} <= types
    assert "ChannelVarset" not in types
