"""A private PostgreSQL cluster on loopback, and fresh databases in it.

`postgres_server()` also serves bench, without pytest. fsync stays on: durability is tested. A
supervising shell holds a pipe from this process, so the cluster also ends when we are killed.
"""

import asyncio
import os
import pwd
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.services.ports import find_free_port
from tests.services.programs import POSTGRESQL, find_postgres

USER = "hookline"
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
}
# The pipe closes when its other end exits in whatever way; only then does `read` return.
SUPERVISE = """
"$1/pg_ctl" --pgdata="$2/data" --log="$2/log" --options="$3" --wait --timeout=40 start \
    >"$2/start" 2>&1 && echo ready || echo failed
read -r _
"$1/pg_ctl" --pgdata="$2/data" --mode=immediate --wait stop >/dev/null 2>&1
rm -rf "$2"
"""


class PostgresStartError(Exception):
    """There is no PostgreSQL here, or it does not start; the text says why."""


@dataclass(frozen=True)
class PostgresServer:
    """A running cluster. `create_database` and `drop_database` may be called from anywhere."""

    port: int
    numbers: Iterator[int] = field(default_factory=count, repr=False)

    def url(self, database: str = "postgres") -> str:
        """The database's URL, in the form that HOOKLINE_DATABASE_URL takes."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template0") -> str:
        """A new database's URL; as a copy when `template` names one that nobody is using."""
        name = f"test_{next(self.numbers)}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drops the database of `create_database`, whoever is still connected."""
        self._execute(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        async def execute() -> None:
            connection = await asyncpg.connect(self.url())
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        _run_beside_any_loop(execute)


def _run_beside_any_loop(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(work())).result()


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Starts a cluster in a temporary folder and removes both at the end.

    Raises PostgresStartError.
    """
    binaries = find_postgres()
    if binaries is None:
        raise PostgresStartError(POSTGRESQL.missing)
    account = _server_account()
    # Root's own TMPDIR may be closed to the account that the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="hookline-pg-", dir="/tmp" if account else None))
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    _initialise(binaries, folder, account)
    supervisor, port = _start(binaries, folder, account)
    try:
        yield PostgresServer(port)
    finally:
        _release(supervisor)


def _server_account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: there it runs as another account."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _identity(account: pwd.struct_passwd | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _initialise(binaries: Path, folder: Path, account: pwd.struct_passwd | None) -> None:
    options = ["--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C", "--no-sync"]
    done = subprocess.run(
        [binaries / "initdb", f"--pgdata={folder}/data", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT_S,
        check=False,
        **_identity(account),
    )
    if done.returncode:
        raise PostgresStartError(f"initdb failed: {done.stdout}{done.stderr}")


def _start(
    binaries: Path, folder: Path, account: pwd.struct_passwd | None
) -> tuple[subprocess.Popen[str], int]:
    port = find_free_port()
    settings = {**SETTINGS, "port": str(port)}
    options = " ".join(f"-c {key}={shlex.quote(value)}" for key, value in settings.items())
    supervisor = subprocess.Popen(
        ["/bin/sh", "-c", SUPERVISE, "postgres", str(binaries), str(folder), options],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for pytest, whose fixtures then stop the cluster
        **_identity(account),
    )
    assert supervisor.stdout
    if supervisor.stdout.readline().strip() != "ready":
        reports = [folder / "start", folder / "log"]
        said = "\n".join(report.read_text() for report in reports if report.exists())
        _release(supervisor)
        raise PostgresStartError(f"PostgreSQL did not start: {said}")
    return supervisor, port


def _release(supervisor: subprocess.Popen[str]) -> None:
    assert supervisor.stdin
    assert supervisor.stdout
    supervisor.stdin.close()
    supervisor.wait(STOP_TIMEOUT_S)
    supervisor.stdout.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The session's cluster; skips, with the reason, where PostgreSQL is missing."""
    if find_postgres() is None:
        pytest.skip(POSTGRESQL.missing)
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """An empty database of the test's own."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of the test's own, of each kind in turn: for conformance suites."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hookline.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url
