"""A server with the request log, whose requests come from wherever a test wants."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hookline.accounts.model import Account
from hookline.settings import Settings
from hookline.storage.store import Store
from tests.requests.logged import Logged, logged_server
from tests.storage.databases import settings_for


@pytest.fixture
def changes() -> dict[str, Any]:
    """Settings that differ from the defaults; tests parametrise it."""
    return {}


@pytest.fixture
def settings(migrated_url: str, changes: dict[str, Any]) -> Settings:
    return settings_for(migrated_url, **changes)


@pytest.fixture
async def logged(store: Store, account: Account, other_account: Account) -> AsyncIterator[Logged]:
    async with logged_server(store, account, other_account) as running:
        yield running
