"""The real program, started by its command on loopback, on each database in turn."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.services.asterisk import running_asterisk
from tests.services.postgres import PostgresServer
from tests.services.sounds import wav_of
from tests.system.installation import FORKS, Installation, installed
from tests.system.pbx import HUM, OTHER_HUM, Line, Pbx, connect
from tests.system.receiver import Receiver, receiving
from tests.system.recipes import World
from tests.system.site import Site, operations_of


@pytest.fixture(scope="session", autouse=True)
def forks() -> Iterator[None]:
    """Ends the process that the commands are forked from."""
    yield
    FORKS.close()


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """An empty SQLite installation; nothing runs yet."""
    with installed(tmp_path) as made:
        yield made


@pytest.fixture
def installation_on_postgres(tmp_path: Path, postgres: PostgresServer) -> Iterator[Installation]:
    """An empty PostgreSQL installation; nothing runs yet."""
    url = postgres.create_database()
    try:
        with installed(tmp_path, url, lease_ttl_s="2") as made:
            yield made
    finally:
        postgres.drop_database(url)


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An SQLite installation whose server runs; tests share it, and leave it running."""
    with installed(tmp_path_factory.mktemp("desk")) as made:
        made.start()
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def each_installation(request: pytest.FixtureRequest) -> Installation:
    """An empty installation on each database in turn."""
    name = "installation" if request.param == "sqlite" else "installation_on_postgres"
    made: Installation = request.getfixturevalue(name)
    return made


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """A server that tests share, on each database in turn."""
    folder = tmp_path_factory.mktemp("installation")
    if request.param == "sqlite":
        with installed(folder) as made:
            made.start()
            yield made
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    url = postgres.create_database()
    try:
        with installed(folder, url) as made:
            made.start()
            yield made
    finally:
        postgres.drop_database(url)


@pytest.fixture(scope="session")
def site(running: Installation) -> Iterator[Site]:
    """The shared server with an account of ours, which may do everything, and another."""
    token = running.token()
    running.run("accounts", "add", "Outsiders")
    outsider = running.token("--account", "Outsiders")
    headers = {"Authorization": f"Bearer {token}"}
    with (
        httpx.Client(base_url=running.url, timeout=30) as client,
        httpx.Client(base_url=running.url, timeout=30, headers=headers) as owner,
    ):
        operations = operations_of(client.get("/openapi.json").json())
        world = World(owner, f"{running.url}/healthz")
        yield Site(client, token, outsider, world, operations)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


# --- an office with an Asterisk ---------------------------------------------------------------------


@pytest.fixture(scope="session")
def line(asterisk_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A running server on an Asterisk; tests share it, and leave it as it was."""
    with running_asterisk() as asterisk, installed(tmp_path_factory.mktemp("office")) as server:
        server.start()
        yield connect(server, asterisk)


@pytest.fixture
async def pbx(line: Line) -> AsyncIterator[Pbx]:
    async with line.opened() as made:
        yield made


@pytest.fixture(scope="session")
def hums(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Files of what is hummed."""
    folder = tmp_path_factory.mktemp("hums")
    files = {hertz: folder / f"{hertz}.wav" for hertz in (HUM, OTHER_HUM)}
    for hertz, file in files.items():
        file.write_bytes(wav_of(hertz, seconds=2))
    return files
