"""One PostgreSQL database for all tests of the room, emptied after each; clients of many addresses."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from hookline.storage.store import Store
from tests.credentials.addresses import From, clients_of
from tests.messages.conftest import empty, kept_postgres_url

__all__ = ["kept_postgres_url"]


@pytest.fixture
def migrated_postgres_url(kept_postgres_url: str) -> Iterator[str]:
    yield kept_postgres_url
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(empty(kept_postgres_url))).result()


@pytest.fixture
async def client_from(store: Store) -> AsyncIterator[From]:
    async with clients_of(store) as client_from:
        yield client_from
