"""The message room on each database in turn."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hookline.accounts.model import Account
from hookline.settings import Settings
from hookline.storage.store import Store
from tests.messages.room import PlayedLink, Room, SignalingFanOut, furnish
from tests.storage.databases import settings_for


@pytest.fixture
def changes() -> dict[str, Any]:
    """Settings that differ from the defaults; tests parametrise it."""
    return {}


@pytest.fixture
def manner() -> dict[str, Any]:
    """How the played link is: window, policy; tests parametrise it."""
    return {}


@pytest.fixture
def settings(migrated_url: str, changes: dict[str, Any]) -> Settings:
    return settings_for(migrated_url, **{"sandbox_receipt_delay_s": 0.0, **changes})


@pytest.fixture
def fan_out() -> SignalingFanOut:
    return SignalingFanOut()


@pytest.fixture
async def room(
    store: Store, fan_out: SignalingFanOut, account: Account, manner: dict[str, Any]
) -> AsyncIterator[Room]:
    made = Room(store, fan_out, account.id, await furnish(store, account.id), manner)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def link(room: Room) -> PlayedLink:
    return await room.link()
