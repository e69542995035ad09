import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from playwright.async_api import async_playwright

from tests.services.postgres import PostgresServer
from tests.services.programs import CHROMIUM, KAMAILIO, KANNEL, NODE, NODE_SMPP, POSTGRESQL

ROOT = Path(__file__).parents[2]
START_AND_WAIT = """
from tests.services.postgres import postgres_server
with postgres_server() as server:
    print(server.port, flush=True)
    input()
"""


async def fetch(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


@pytest.mark.postgres
async def test_cluster_keeps_what_it_commits(postgres: PostgresServer) -> None:
    assert await fetch(postgres.url(), "SHOW fsync") == "on"
    assert await fetch(postgres.url(), "SHOW synchronous_commit") == "on"


@pytest.mark.postgres
async def test_database_is_a_copy_of_its_template(postgres: PostgresServer) -> None:
    template = postgres.create_database()
    await fetch(template, "CREATE TABLE kept AS SELECT 7 AS n")
    copy = postgres.create_database(template=template.rpartition("/")[2])
    assert await fetch(copy, "SELECT n FROM kept") == 7
    for url in (copy, template):
        postgres.drop_database(url)


@pytest.mark.postgres
async def test_dropped_database_is_gone_though_in_use(postgres: PostgresServer) -> None:
    url = postgres.create_database()
    connection = await asyncpg.connect(url)
    postgres.drop_database(url)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url)
    connection.terminate()


@pytest.mark.postgres
def test_cluster_ends_with_the_process_that_started_it(postgres: PostgresServer) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as owner:
        assert owner.stdout
        port = int(owner.stdout.readline())
        family = psutil.Process(owner.pid).children(recursive=True)
        server = [member for member in psutil.process_iter() if is_listening(member, port)]
        owner.kill()
    _, alive = psutil.wait_procs(family + server, timeout=30)
    assert server
    assert not alive


def is_listening(process: psutil.Process, port: int) -> bool:
    try:
        connections = process.net_connections("tcp")
    except psutil.Error:
        return False
    return any(c.laddr.port == port and c.status == psutil.CONN_LISTEN for c in connections)


def test_both_kinds_of_database_are_offered(database_url: str) -> None:
    assert database_url.startswith(("sqlite:///", "postgresql://"))


@pytest.mark.browser
async def test_browser_opens_a_page(chromium_launch: dict[str, Any]) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**chromium_launch)
        page = await browser.new_page()
        await page.set_content("<title>Hookline</title>")
        assert await page.title() == "Hookline"
        await browser.close()


def test_a_missing_program_says_how_to_get_it() -> None:
    assert "apt install postgresql" in POSTGRESQL.missing
    assert "apt install chromium" in CHROMIUM.missing
    assert "apt install nodejs npm" in NODE.missing
    assert "npm ci in tests/services/smsc" in NODE_SMPP.missing
    assert "apt install kannel" in KANNEL.missing
    assert "apt install kamailio" in KAMAILIO.missing
