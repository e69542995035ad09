"""The audit trail is tested on both kinds of database."""

import pytest

from tests.storage.databases import fresh_postgres_url, writer

__all__ = ["fresh_postgres_url", "migrated_postgres_url", "writer"]


@pytest.fixture
def migrated_postgres_url(fresh_postgres_url: str) -> str:
    """Some tests take the guards of the trail away: each has a database of its own."""
    return fresh_postgres_url
