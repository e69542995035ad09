"""The room's own fixtures; other rooms name the same plugin where they need it."""

import pytest

from tests.storage.databases import fresh_postgres_url, writer

__all__ = ["fresh_postgres_url", "migrated_postgres_url", "writer"]


@pytest.fixture
def migrated_postgres_url(fresh_postgres_url: str) -> str:
    """Here a database is what is tested: each test has its own."""
    return fresh_postgres_url
