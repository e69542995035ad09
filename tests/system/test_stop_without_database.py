"""A server whose database does not answer stops all the same."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from hookline.app import Server
from hookline.settings import Settings
from hookline.storage.migrate import migrate

PATIENCE_S = 20


async def test_every_step_is_taken_while_another_program_holds_the_database(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_timeout_s=0.1, shutdown_timeout_s=0.5)
    await migrate(settings)
    server = Server(settings)
    await server.start()
    with closing(sqlite3.connect(settings.sqlite_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.timeout(PATIENCE_S):
            await server.stop()
            await server.core.writer.wait_until_ended()
    assert asyncio.all_tasks() == {asyncio.current_task()}
