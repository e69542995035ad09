"""Runs Hookline as a person would, by its command, on a data folder or database of its own.

Settings are the documented defaults, but for what a benchmark on loopback cannot do without.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.smsc import RECEIPT_DELAY_MS, running_smsc
from bench.usage import postmaster
from tests.services.ports import find_free_port
from tests.services.postgres import PostgresServer

SENDER = "+12025550100"
_START_S = 60.0
_STOP_S = 15.0


@dataclass(frozen=True)
class Setup:
    """What is measured."""

    carrier: str
    """smpp or sandbox."""
    postgres: PostgresServer | None = None
    """None: SQLite."""
    workers: int = 1
    window: int = 50
    profile: Path | None = None
    """Where the profile goes, of a server that runs under the profiler."""


@dataclass(frozen=True)
class Hookline:
    """A running server with a credential that may do everything; a target of the driver."""

    port: int
    token: str
    pids: Mapping[str, int]

    def request(self, place: int, callback_port: int) -> bytes:
        body = (
            f'{{"from":"{SENDER}","to":"+4477009{place % 100_000:05d}","text":"hi {place}",'
            f'"status_url":"http://127.0.0.1:{callback_port}/status?i={place}",'
            f'"status_events":["message.delivered"]}}'
        )
        return (
            "POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self.token}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


@dataclass(frozen=True)
class Server:
    """A running server, before it has a carrier."""

    environment: Mapping[str, str]
    """Of its command line."""
    port: int
    token: str
    pids: Mapping[str, int]

    def command(self, *arguments: str) -> str:
        """What `hookline …` prints."""
        return _command(self.environment, *arguments)


@contextmanager
def running_hookline(setup: Setup) -> Iterator[Hookline]:
    """A server whose sender is on the carrier, with an SMSC of its own for SMPP."""
    with ExitStack() as stack:
        server = stack.enter_context(running_server(setup))
        if setup.carrier == "smpp":
            add_carrier(server, stack.enter_context(running_smsc()), setup.window)
        yield Hookline(server.port, server.token, server.pids)


@contextmanager
def running_server(setup: Setup) -> Iterator[Server]:
    """A server on a data folder or database of its own, with a credential that may do everything."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hookline-bench-")))
        pids = {}
        database_url = ""
        if setup.postgres is not None:
            database_url = setup.postgres.create_database()
            stack.callback(setup.postgres.drop_database, database_url)
            pids["PostgreSQL"] = postmaster(setup.postgres)
        environment = os.environ | {
            "HOOKLINE_DATA_DIR": str(folder),
            "HOOKLINE_DATABASE_URL": database_url,
            "HOOKLINE_PORT": str(find_free_port()),
            "HOOKLINE_ALLOW_TARGETS": "127.0.0.0/8",
            "HOOKLINE_SANDBOX_RECEIPT_DELAY_S": str(RECEIPT_DELAY_MS / 1e3),
        }
        port = int(environment["HOOKLINE_PORT"])
        pid = stack.enter_context(_serving(setup, environment, folder / "server.log"))
        shown = _command(
            environment, "credentials", "create", "--description", "bench", "--all-scopes", "--json"
        )
        yield Server(environment, port, str(json.loads(shown)["token"]), {"Hookline": pid} | pids)


@contextmanager
def _serving(setup: Setup, environment: Mapping[str, str], log: Path) -> Iterator[int]:
    launcher = ["-m", "hookline.cli"]
    if setup.profile is not None:
        launcher = ["-m", "bench.profiled", str(setup.profile)]
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, *launcher, "up", "--workers", str(setup.workers)],
            env=environment,
            stdout=said,
            stderr=said,
        )
        try:
            _wait_until_ready(environment["HOOKLINE_PORT"], process, log)
            yield process.pid
        finally:
            process.terminate()
            process.wait(_STOP_S)


def _wait_until_ready(port: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"The server ended.\n{log.read_text()[-2_000:]}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the server did not become ready")


def add_carrier(server: Server, smsc_port: int, window: int) -> None:
    """The sender's way out: the SMSC, without a limit a second."""
    server.command(
        "carriers", "add", "smpp", "--name", "bench",
        "--host", "127.0.0.1", "--port", str(smsc_port),
        "--system-id", "esme", "--password", "secret",
        "--window", str(window), "--rate", "0", "--json",
    )  # fmt: skip
    server.command("numbers", "add", SENDER, "--carrier", "bench")


def _command(environment: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "hookline.cli", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"hookline {' '.join(arguments[:3])} failed:\n{done.stderr[-2_000:]}")
    return done.stdout
