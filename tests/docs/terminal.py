"""A reader's terminal: a shell that is given one block after the other, and what it prints."""

import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

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
        self._printed: list[str] = []
        self._blocks = 0

    def run(self, block: str) -> str:
        """Type the block; what was printed until it ended. Fails unless its status is 0."""
        assert self._shell.stdin
        self._blocks += 1
        mark = f"end-of-block-{self._blocks}"
        before = len(self._printed)
        self._shell.stdin.write(f"{block}\nprintf '\\n%s %s\\n' {mark} $?\n")
        self._shell.stdin.flush()
        last = self.wait_for(mark)
        printed = "\n".join(self._printed[before:-1])
        assert last == f"{mark} 0", f"{block}\nprinted:\n{printed}"
        return printed

    def ask(self, block: str) -> Any:
        """The JSON that the block prints; what runs in the background may print around it."""
        printed = self.run(block)
        return json.JSONDecoder().raw_decode(printed, printed.index("{"))[0]

    def repeat(self, block: str, *, until: str) -> str:
        """Type the block again, as a person would, until it prints the words."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while until not in (printed := self.run(block)):
            assert time.monotonic() < deadline_s, f"no {until!r}:\n{printed}"
        return printed

    def wait_for(self, words: str) -> str:
        """The first line with these words, of all that was printed or is yet to be."""
        seen = 0
        while True:
            for line in self._printed[seen:]:
                if words in line:
                    return line
            seen = len(self._printed)
            self._printed.append(self._next_line(words))

    def _next_line(self, words: str) -> str:
        try:
            line = self._lines.get(timeout=TIMEOUT_S)
        except queue.Empty:
            line = None
        assert line is not None, f"no {words!r}, but:\n" + "\n".join(self._printed)
        return line.rstrip("\n")

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
