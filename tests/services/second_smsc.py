"""A second third-party SMSC on loopback (twisted_smsc.py, on smpp.twisted3), and what it told."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

WAIT_S = 20.0
_MODULE = "tests.services.twisted_smsc"


class SecondSmsc:
    """A running one."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._told = asyncio.Event()
        self.events: list[dict[str, Any]] = []

    @property
    def port(self) -> int:
        return int(self.events[0]["port"])

    async def submits(self, count: int) -> list[dict[str, Any]]:
        """Those that it accepted, in order, once there are so many."""
        await self.telling("submit", count)
        return [event["submit"] for event in self.events if "submit" in event]

    def count(self, name: str) -> int:
        return sum(name in event for event in self.events)

    async def order(self, **order: Any) -> None:
        """Have it do something: throttle=N, receive=(source, destination, text), unbind=True."""
        done = self.count("done")
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        await self.telling("done", done + 1)

    async def telling(self, name: str, at_least: int = 1) -> None:
        """Once it has told of so many."""
        async with asyncio.timeout(WAIT_S):
            while self.count(name) < at_least:
                self._told.clear()
                await self._told.wait()

    async def listen(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self.events.append(json.loads(line))
            self._told.set()


@asynccontextmanager
async def running_second_smsc() -> AsyncIterator[SecondSmsc]:
    """A process of its own, which ends with its input."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", _MODULE, stdin=pipe, stdout=pipe
    )
    assert process.stdin is not None
    smsc = SecondSmsc(process)
    listening = asyncio.create_task(smsc.listen())
    try:
        await smsc.telling("port")
        yield smsc
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(WAIT_S):
                await process.wait()
                await listening
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
