"""Orders to another process: a line of JSON each way, over its stdin and stdout."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

_STOP_S = 30.0

Act = Callable[..., Awaitable[Mapping[str, object]]]


class Remote:
    """A process that takes orders."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pid = process.pid
        self.greeting = self._read()

    def order(self, act: str, **what: object) -> Any:  # Any: whatever the act answers
        """Do it; returns when it is done."""
        self.begin(act, **what)
        return self.end()

    def begin(self, act: str, **what: object) -> None:
        """Order something, without waiting; `end` waits."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([act, what]) + "\n")
        self._process.stdin.flush()

    def end(self) -> Any:  # Any: as above
        return self._read()

    def _read(self) -> Any:  # Any: as above
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._process.args!r} ended with status {self._process.wait()}.")
        return json.loads(line)


@contextmanager
def running(*command: str, environment: Mapping[str, str] | None = None) -> Iterator[Remote]:
    """`python COMMAND` for the length of the block; it ends when its stdin does."""
    process = subprocess.Popen(
        [sys.executable, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )
    try:
        yield Remote(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def serve_orders(acts: Mapping[str, Act], orders: IO[str]) -> None:
    """Do what is ordered, one after the other, until there are no more orders."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, orders.readline):
        act, what = json.loads(line)
        print(json.dumps(await acts[act](**what)), flush=True)
