"""One PostgreSQL database for all tests of the room, emptied after each."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.messages.conftest import empty, kept_postgres_url

__all__ = ["kept_postgres_url"]


@pytest.fixture
def migrated_postgres_url(kept_postgres_url: str) -> Iterator[str]:
    yield kept_postgres_url
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(empty(kept_postgres_url))).result()
