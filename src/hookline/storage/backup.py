"""Online backups: SQLite's own copy of a live database, or `pg_dump`."""

import asyncio
import os
import shutil
import sqlite3
from pathlib import Path

from hookline.errors import HooklineError
from hookline.settings import Settings
from hookline.storage import sqlite

_PAGES_AT_ONCE = 1_000


class BackupFailed(HooklineError):
    """The backup could not be made; nothing is left of it. The detail says why."""

    code = "backup_failed"
    title = "The backup failed"


async def back_up(settings: Settings, file: Path) -> int:
    """Write a consistent copy; its size in bytes. The file appears only when it is whole.

    Raises BackupFailed.
    """
    partial = file.with_name(file.name + ".partial")
    try:
        if settings.is_sqlite:
            await asyncio.to_thread(_copy_sqlite, settings, partial)
        else:
            await _dump_postgres(settings, partial)
        return await asyncio.to_thread(_finish, partial, file)
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(f"{error}") from error
    finally:
        await asyncio.to_thread(partial.unlink, missing_ok=True)


def _finish(partial: Path, file: Path) -> int:
    partial.replace(file)
    return file.stat().st_size


def _copy_sqlite(settings: Settings, file: Path) -> None:
    if not settings.sqlite_path.exists():
        raise BackupFailed(f"There is no database at {settings.sqlite_path}.")
    source = sqlite.connect(settings.sqlite_path, timeout_s=settings.database_timeout_s)
    descriptor = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    os.close(descriptor)
    target = sqlite3.connect(file)
    try:
        source.backup(target, pages=_PAGES_AT_ONCE)
        target.execute("PRAGMA journal_mode=DELETE")
    finally:
        target.close()
        source.close()


async def _dump_postgres(settings: Settings, file: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise BackupFailed("pg_dump is not installed; it comes with PostgreSQL's client package.")
    process = await asyncio.create_subprocess_exec(
        program,
        "--format=custom",
        f"--file={file}",
        f"--dbname=postgresql://{settings.database_url.split('://', 1)[1]}",
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    if process.returncode != 0:
        raise BackupFailed(errors.decode(errors="replace").strip()[:500])
