"""The audit trail is tested on both kinds of database."""

from tests.storage.conftest import (
    database,
    migrated_postgres_url,
    migrated_sqlite_url,
    migrated_url,
    postgres_template,
    settings,
    sqlite_template,
    writer,
)

__all__ = [
    "database",
    "migrated_postgres_url",
    "migrated_sqlite_url",
    "migrated_url",
    "postgres_template",
    "settings",
    "sqlite_template",
    "writer",
]
