"""The call room on each database in turn."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hookline.accounts.model import Account
from hookline.settings import Settings
from hookline.storage.store import Store
from tests.calls.played import PlayedEngine
from tests.calls.room import Room, furnish
from tests.messages.conftest import empty, kept_postgres_url
from tests.messages.room import SignalingFanOut
from tests.storage.databases import settings_for

__all__ = ["kept_postgres_url"]


@pytest.fixture
def migrated_postgres_url(kept_postgres_url: str) -> Iterator[str]:
    """One database for all tests of the room, emptied after each."""
    yield kept_postgres_url
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(empty(kept_postgres_url))).result()


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
