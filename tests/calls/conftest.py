"""The call room on each database in turn."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hookline.accounts.model import Account
from hookline.settings import Settings
from hookline.storage.store import Store
from tests.calls.played import PlayedEngine
from tests.calls.room import Room, furnish
from tests.messages.room import SignalingFanOut
from tests.storage.databases import settings_for


@pytest.fixture
def changes() -> dict[str, Any]:
    """Settings that differ from the defaults; tests parametrise it."""
    return {}


@pytest.fixture
def settings(migrated_url: str, changes: dict[str, Any]) -> Settings:
    return settings_for(migrated_url, **changes)


@pytest.fixture
def fan_out() -> SignalingFanOut:
    return SignalingFanOut()


@pytest.fixture
async def room(
    store: Store, fan_out: SignalingFanOut, account: Account, tmp_path: Path
) -> AsyncIterator[Room]:
    carrier_id = await furnish(store, account.id)
    made = Room(store, fan_out, account.id, carrier_id, tmp_path)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def engine(room: Room) -> PlayedEngine:
    return room.engine
