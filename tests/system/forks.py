"""Runs `hookline` commands, each in a process of its own, without paying for the imports each time.

As a program it has the command line loaded and forks for every line on stdin. The console script
itself is started by the tests that serve.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_LONGEST_S = 60


class Forks:
    """Starts commands; may be used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def run(
        self, arguments: list[str], environment: dict[str, str], folder: Path
    ) -> "subprocess.CompletedProcess[str]":
        """The command's status and what it wrote."""
        with self._lock, TemporaryDirectory(prefix="hookline-command-") as place:
            out, errors = Path(place, "out"), Path(place, "errors")
            order = {
                "arguments": arguments,
                "environment": environment,
                "folder": str(folder),
                "out": str(out),
                "errors": str(errors),
            }
            status = self._ask(order)
            return subprocess.CompletedProcess(
                arguments, status, out.read_text(), errors.read_text()
            )

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate()

    def _ask(self, order: dict[str, Any]) -> int:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def serve() -> None:
    from hookline.cli import main  # what every fork shares

    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(order)
            main()
            sys.exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _become(order: dict[str, Any]) -> None:
    for number, path in ((1, order["out"]), (2, order["errors"])):
        file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(file, number)
        os.close(file)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    sys.argv = ["hookline", *order["arguments"]]
    signal.alarm(_LONGEST_S)  # ends the process, should the command never end


if __name__ == "__main__":
    serve()
