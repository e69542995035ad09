"""Runs Hookline as a person would, by its command, on a data folder or database of its own."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.services.ports import find_free_port

_START_S = 60.0
_STOP_S = 15.0


@dataclass
class Server:
    """A running server."""

    port: int
    token: str
    pid: int
    environment: dict[str, str]

    def cpu_s(self) -> float:
        """CPU seconds of the server and its workers so far."""
        return sum(sum(process.cpu_times()[:2]) for process in self._processes())

    def rss_mb(self) -> float:
        return sum(process.memory_info().rss for process in self._processes()) / 2**20

    def _processes(self) -> list[psutil.Process]:
        parent = psutil.Process(self.pid)
        return [parent, *parent.children(recursive=True)]


@contextmanager
def running(
    *, database_url: str = "", workers: int = 1, profile: Path | None = None
) -> Iterator[Server]:
    """A server with a credential that may do everything."""
    with tempfile.TemporaryDirectory(prefix="hookline-bench-") as folder:
        port = find_free_port()
        environment = os.environ | {
            "HOOKLINE_DATA_DIR": folder,
            "HOOKLINE_DATABASE_URL": database_url,
            "HOOKLINE_PORT": str(port),
            "HOOKLINE_ALLOW_TARGETS": "127.0.0.0/8",
            "HOOKLINE_SANDBOX_RECEIPT_DELAY_S": "0.02",
            "HOOKLINE_LOG_LEVEL": "warning",
        }
        launcher = [sys.executable, "-m", "hookline.cli"]
        if profile is not None:
            launcher = [sys.executable, "-m", "bench.profiled", str(profile)]
        process = subprocess.Popen(
            [*launcher, "up", "--workers", str(workers)],
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        try:
            _wait_until_ready(port, process)
            yield Server(port, _credential(environment), process.pid, environment)
        finally:
            process.terminate()
            process.wait(_STOP_S)


def _wait_until_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the server did not become ready")


def _credential(environment: dict[str, str]) -> str:
    shown = subprocess.run(
        [
            sys.executable, "-m", "hookline.cli", "credentials", "create",
            "--description", "bench", "--all-scopes", "--json",
        ],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )  # fmt: skip
    return str(json.loads(shown.stdout)["token"])
