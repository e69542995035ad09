"""A server as `make run` starts it, on a free port and a folder of its own, and a reader's terminal."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT
from tests.docs.terminal import Terminal, plain_environment
from tests.services.ports import find_free_port

STOP_TIMEOUT_S = 15


@dataclass(frozen=True)
class RunningServer:
    """Where it is, and what makes the documented commands find it."""

    url: str
    variables: dict[str, str]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    variables = plain_environment() | {
        "HOOKLINE_DATA_DIR": str(tmp_path / "data"),
        "HOOKLINE_LOG_FORMAT": "json",
    }
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(
            ["scripts/run.sh", "--port", "0"],
            cwd=ROOT,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout
    printed = ""
    for line in process.stdout:
        printed += line
        if "curl -sS" in line:  # the banner's last line
            break
    found = re.search(r"Hookline is at +(http://localhost:\d+)", printed)
    assert found, printed + (tmp_path / "server.log").read_text()
    yield RunningServer(found[1], variables)
    process.terminate()
    process.communicate(timeout=STOP_TIMEOUT_S)
    assert process.returncode == 0


@pytest.fixture
def terminal(server: RunningServer, tmp_path: Path) -> Iterator[Terminal]:
    """In the repository's folder, with a home of its own; ports come by the environment alone."""
    home = tmp_path / "home"
    home.mkdir()
    variables = server.variables | {
        "HOME": str(home),
        "HOOKLINE_URL": server.url,
        "RECEIVER_PORT": str(find_free_port()),
    }
    with Terminal(ROOT, variables) as opened:
        yield opened
