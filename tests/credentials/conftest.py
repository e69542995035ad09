"""Clients of many addresses."""

from collections.abc import AsyncIterator

import pytest

from hookline.storage.store import Store
from tests.credentials.addresses import From, clients_of


@pytest.fixture
async def client_from(store: Store) -> AsyncIterator[From]:
    async with clients_of(store) as client_from:
        yield client_from
