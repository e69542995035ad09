"""Hookline as an operator has it: a data folder or a database, and the `hookline` command on it.

What a server writes to stderr is kept, and judged when the installation is closed: no secret, no
text and no full number may be in it, and nothing may have failed unnoticed.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.services.ports import find_free_port
from tests.system.forks import Forks

FORKS = Forks()
PROGRAM = Path(sys.executable).with_name("hookline")
TEXT = "Zebra crossing at five"
"""Every text that these tests send begins like this, so that logs can be searched for it."""
START_S = 60
STOP_S = 15
LOOK_EVERY_S = 0.05

_LEAKS = {
    "a token": re.compile(r"hk_(?:live|test)_[0-9A-Za-z]{12,}"),
    "a signing secret": re.compile(r"whsec_[0-9A-Za-z+/=]{8,}"),
    "a full number": re.compile(r"\+\d{9,15}|(?<!\d)(?:1202555|4477009|1500555)\d{4,5}(?!\d)"),
    "a text": re.compile(r"zebra crossing", re.IGNORECASE),
}
_FAILURES = re.compile(r"request_failed|task_failed|Traceback|never (?:retrieved|awaited)")


class NotReadyError(Exception):
    """The server did not become ready; the text holds what it wrote."""


class Installation:
    """One data folder, perhaps with a PostgreSQL database, and at most one server of ours on it."""

    def __init__(self, folder: Path, database_url: str = "", **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.data = folder / "data"
        self.database_url = database_url
        self.port = find_free_port()
        self.log = folder / "stderr.log"
        self.banner = folder / "stdout.log"
        own = {name: text for name, text in os.environ.items() if not name.startswith("HOOKLINE_")}
        self.environment = own | {
            "HOOKLINE_DATA_DIR": str(self.data),
            "HOOKLINE_PORT": str(self.port),
            "HOOKLINE_ALLOW_TARGETS": "127.0.0.0/8",
            "HOOKLINE_LOG_LEVEL": "debug",
            **({"HOOKLINE_DATABASE_URL": database_url} if database_url else {}),
            **{f"HOOKLINE_{name.upper()}": text for name, text in settings.items()},
        }
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # --- commands -----------------------------------------------------------------------------

    def run(self, *arguments: str, status: int = 0) -> "subprocess.CompletedProcess[str]":
        """A command, run to its end, which must be with this status."""
        done = FORKS.run(list(arguments), self.environment, self.folder)
        assert done.returncode == status, (arguments, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def json(self, *arguments: str) -> Any:
        """What a command answers with `--json`."""
        return json.loads(self.run(*arguments, "--json").stdout)

    def token(self, *options: str) -> str:
        """The token of a new credential; with all scopes unless told otherwise."""
        chosen = options if "--scope" in options else (*options, "--all-scopes")
        create = ("credentials", "create", "--description", "Test", *chosen, "--token-only")
        return self.run(*create).stdout.strip()

    # --- the server ---------------------------------------------------------------------------

    def launch(self, *options: str) -> "subprocess.Popen[str]":
        """`hookline up`, not waited for."""
        with self.log.open("a") as log, self.banner.open("a") as banner:
            self.process = subprocess.Popen(
                [PROGRAM, "up", *options],
                env=self.environment,
                cwd=self.folder,
                stdout=banner,
                stderr=log,
                text=True,
                start_new_session=True,  # so that one signal reaches its workers too
            )
        return self.process

    def start(self, *options: str) -> None:
        """`hookline up`, until it says that it is ready."""
        process = self.launch(*options)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise NotReadyError(f"status {process.returncode}: {self.log.read_text()}")
            if self.is_ready():
                return
            time.sleep(LOOK_EVERY_S)
        raise NotReadyError(self.log.read_text())

    def is_ready(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/readyz", timeout=5).close()
        except OSError:
            return False
        return True

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """A clean stop, which must be one; how long it took, in seconds."""
        process = self._running()
        began = time.monotonic()
        process.send_signal(number)
        status = process.wait(STOP_S)
        took = time.monotonic() - began
        self.process = None
        assert status == 0, (status, self.log.read_text()[-4_000:])
        return took

    def kill(self) -> None:
        """kill -9, the workers too."""
        process = self._running()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_S)
        self.process = None

    def pause(self) -> None:
        """Freeze it, until it is killed."""
        os.killpg(self._running().pid, signal.SIGSTOP)

    def close(self) -> None:
        """End what is left. Fails when the log holds what it must not."""
        if self.process is not None and self.process.poll() is None:
            self.stop()
        if self.log.exists():
            judge_log(self.log.read_text())

    def _running(self) -> "subprocess.Popen[str]":
        assert self.process is not None, "no server was started"
        return self.process


def judge_log(text: str) -> None:
    """Fails when a log tells a secret, or of a failure that nobody expects."""
    for line in text.splitlines():
        for what, pattern in _LEAKS.items():
            assert not pattern.search(line), f"the log holds {what}: {line[:2_000]}"
        assert not _FAILURES.search(line), f"something failed: {line[:4_000]}"


@contextmanager
def installed(folder: Path, database_url: str = "", **settings: str) -> Iterator[Installation]:
    """An installation for the length of the block."""
    installation = Installation(folder, database_url, **settings)
    try:
        yield installation
    except BaseException:
        if installation.process is not None and installation.process.poll() is None:
            installation.kill()
        raise
    installation.close()
