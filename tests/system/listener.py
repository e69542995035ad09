"""`hookline listen` as a developer runs it, in a process that the tests read from and interrupt."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.system.installation import PROGRAM, Installation
from tests.system.receiver import PATIENCE_S


class Listener:
    """One run of the command."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []
        """What it has printed about events."""
        self.notices: list[str] = []
        """What it has said about itself."""
        self._news = asyncio.Event()
        self._readers = [
            asyncio.create_task(self._read(process.stdout, self.lines)),
            asyncio.create_task(self._read(process.stderr, self.notices)),
        ]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of its JSON lines, in their order."""
        return [json.loads(line)["event"] for line in self.lines]

    async def until_lines(self, count: int) -> list[str]:
        await self._until(lambda: len(self.lines) >= count)
        return self.lines

    async def until_said(self, text: str) -> None:
        await self._until(lambda: any(text in notice for notice in self.notices))

    async def ended(self) -> int:
        """Its exit status, once everything that it printed has been read."""
        async with asyncio.timeout(PATIENCE_S):
            status = await self._process.wait()
            await asyncio.gather(*self._readers)
        return status

    async def interrupt(self) -> int:
        """Ctrl-C; the exit status."""
        self._process.send_signal(signal.SIGINT)
        return await self.ended()

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self.ended()

    async def _read(self, stream: asyncio.StreamReader | None, into: list[str]) -> None:
        assert stream is not None
        async for line in stream:
            into.append(line.decode().rstrip("\n"))
            self._news.set()

    async def _until(self, is_so: Any) -> None:
        try:
            async with asyncio.timeout(2 * PATIENCE_S):
                while not is_so():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError((self.lines[-5:], self.notices)) from None


@asynccontextmanager
async def listening(installation: Installation, *options: str) -> AsyncIterator[Listener]:
    """The command for the length of the block, once it listens."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        "listen",
        *options,
        env=installation.environment,
        cwd=installation.folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=os.setpgrp,
    )
    listener = Listener(process)
    try:
        await listener.until_said("Listening to")
        yield listener
    finally:
        await listener.kill()
