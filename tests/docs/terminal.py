"""A reader's terminal: a shell that is given one block after the other, and what it prints."""

import os
import queue
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

TIMEOUT_S = 60


class Terminal:
    """Bash without a person's own set-up. Closing it ends what it left running."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=dict(variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._blocks = 0

    def run(self, block: str) -> str:
        """Type the block; what was printed until it ended. Fails unless its status is 0."""
        assert self._shell.stdin
        self._blocks += 1
        mark = f"end-of-block-{self._blocks}"
        self._shell.stdin.write(f"{block}\nprintf '\\n%s %s\\n' {mark} $?\n")
        self._shell.stdin.flush()
        printed = self.wait_for(mark)
        last = printed.splitlines()[-1]
        assert last == f"{mark} 0", f"{block}\nprinted:\n{printed}"
        return printed.removesuffix(f"\n{last}\n")

    def repeat(self, block: str, *, until: str) -> str:
        """Type the block again, as a person would, until it prints the words."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while until not in (printed := self.run(block)):
            assert time.monotonic() < deadline_s, f"no {until!r}:\n{printed}"
        return printed

    def wait_for(self, words: str) -> str:
        """What is printed up to the line with these words."""
        printed = ""
        while True:
            try:
                line = self._lines.get(timeout=TIMEOUT_S)
            except queue.Empty:
                raise AssertionError(f"no {words!r} within {TIMEOUT_S} s:\n{printed}") from None
            assert line is not None, f"the shell has ended without {words!r}:\n{printed}"
            printed += line
            if words in line:
                return printed

    def close(self) -> None:
        assert self._shell.stdin
        self._shell.stdin.write("kill $(jobs -p) 2>/dev/null; exit\n")
        self._shell.stdin.close()
        self._shell.wait(TIMEOUT_S)
        self._reader.join(TIMEOUT_S)
        assert self._shell.stdout
        self._shell.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        assert self._shell.stdout
        for line in self._shell.stdout:
            self._lines.put(line)
        self._lines.put(None)


def plain_environment() -> dict[str, str]:
    """This process's environment without what make, pytest or an operator has put there."""
    dropped = ("HOOKLINE_", "MAKE", "MFLAGS", "PYTEST_", "PYTHONPATH", "RECEIVER_", "WEBHOOK_")
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
