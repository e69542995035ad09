"""The room's own fixtures; other rooms name the same plugin where they need it."""

from tests.storage.databases import (
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
