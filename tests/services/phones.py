"""SIP telephones that this project did not write: SIPp for signalling, pjsua2 for sound and digits."""

import asyncio
import importlib.util
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.services.asterisk import Asterisk
from tests.services.ports import find_free_port
from tests.services.programs import ASTERISK_FOLDER, ASTERISK_ROOT

WAIT_S = 10.0
CALLED = "+442079460999"


@dataclass
class Phone:
    """A SIPp that plays one scenario."""

    port: int
    process: Process = field(repr=False)

    @property
    def uri(self) -> str:
        """What to dial to reach it."""
        return f"sip:phone@127.0.0.1:{self.port}"

    async def succeeded(self) -> bool:
        """Whether the scenario went as written, once it has ended."""
        async with asyncio.timeout(WAIT_S):
            return await self.process.wait() == 0


@asynccontextmanager
async def sip_phone(
    asterisk: Asterisk, scenario: str, *, code: int = 0, port: int | None = None, calls: int = 1
) -> AsyncIterator[Phone]:
    """Takes calls as the scenario says."""
    async with _sipp(_script(asterisk, scenario, code), [], port, calls) as phone:
        yield phone


@asynccontextmanager
async def calling_phone(asterisk: Asterisk, scenario: str, code: int = 0) -> AsyncIterator[Phone]:
    """Calls CALLED as the scenario says."""
    target = f"127.0.0.1:{asterisk.sip_port}"
    script = _script(asterisk, scenario, code)
    async with _sipp(script, ["-s", CALLED, target], None, 1) as phone:
        yield phone


def _script(asterisk: Asterisk, scenario: str, code: int) -> str:
    """The scenario where its SIPp sees it."""
    text = (ASTERISK_FOLDER / "phones" / f"{scenario}.xml").read_text()
    (asterisk.home / "phones" / f"{scenario}-{code}.xml").write_text(
        text.replace("CODE", str(code))
    )
    return f"{asterisk.there}/phones/{scenario}-{code}.xml"


@asynccontextmanager
async def _sipp(
    script: str, options: list[str], port: int | None, calls: int
) -> AsyncIterator[Phone]:
    port = port or find_free_port()
    command = [
        "sipp", "-sf", script, "-i", "127.0.0.1", "-p", str(port),
        "-mi", "127.0.0.1", "-mp", str(find_free_port()), "-m", str(calls), "-nostdin", "-nd",
        "-timeout", "60", *options,
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        "setpriv", "--pdeathsig", "KILL", "chroot", str(ASTERISK_ROOT), *command,
        stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, env={"TERM": "dumb", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )  # fmt: skip
    try:
        yield Phone(port, process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@dataclass
class SoftPhone:
    """A pjsua2 in a process of its own; it takes one call."""

    port: int
    process: Process = field(repr=False)
    events: list[dict[str, object]] = field(default_factory=list)
    commands: int = 0
    _news: asyncio.Condition = field(default_factory=asyncio.Condition, repr=False)

    @property
    def uri(self) -> str:
        """What to dial to reach it."""
        return f"sip:phone@127.0.0.1:{self.port}"

    async def tell(self, command: str) -> None:
        """Returns when it has done so."""
        assert self.process.stdin
        self.process.stdin.write(f"{command}\n".encode())
        await self.process.stdin.drain()
        self.commands += 1
        await self.wait_for("obeyed", self.commands)

    async def read(self) -> None:
        """Take its events until it ends."""
        assert self.process.stdout
        async for line in self.process.stdout:
            if line.startswith(b"{"):  # the library says a word about itself
                async with self._news:
                    self.events.append(json.loads(line))
                    self._news.notify_all()

    async def wait_for(self, event: str, number: int = 1) -> list[dict[str, object]]:
        """So many of these events."""

        def found() -> list[dict[str, object]]:
            return [one for one in self.events if one["event"] == event]

        async with asyncio.timeout(WAIT_S), self._news:
            await self._news.wait_for(lambda: len(found()) >= number)
        return found()

    def digits(self) -> str:
        return "".join(str(one["digit"]) for one in self.events if one["event"] == "digit")


@asynccontextmanager
async def soft_phone(login: Sequence[str] = ()) -> AsyncIterator[SoftPhone]:
    """A telephone with sound; `login`: the registrar, user and password that it registers with.

    Skips where pjsua2 has no wheel.
    """
    if importlib.util.find_spec("pjsua2") is None:
        pytest.skip(
            "pjsua2-python is missing: it has wheels for Linux x86_64 and Python 3.11, 3.12"
        )
    port = find_free_port()
    script = ASTERISK_FOLDER / "softphone.py"
    async with AsyncExitStack() as stack:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(script), str(port), str(find_free_port() & ~1), *login,
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL, cwd=Path("/tmp"),
        )  # fmt: skip
        stack.push_async_callback(_end, process)
        phone = SoftPhone(port, process)
        reader = asyncio.create_task(phone.read())
        stack.push_async_callback(_settle, reader)
        await phone.wait_for("ready")
        if login:
            (told,) = await phone.wait_for("registered")
            assert told["code"] == 200, told
        yield phone


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


async def _settle(reader: asyncio.Task[None]) -> None:
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
