"""The complete receivers of examples/receivers, run against real deliveries and forged ones."""

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import structs
from playwright._impl._driver import compute_driver_executable

from hookline.events.model import EventType
from hookline.outbound.signing import new_secret, signature_headers
from hookline.principal import Principal
from hookline.webhooks.endpoints import EndpointChange, patch_endpoint, rotate_secret
from tests.docs.markdown import ROOT
from tests.services.ports import find_free_port
from tests.services.programs import PHP
from tests.system.inspection import wait_for
from tests.webhooks.nodes import BOX, DATA, Node, caller, message_event, running_node

FOLDER = ROOT / "examples" / "receivers"
START_S = 60  # Go is compiled first
SENT, DELIVERED = EventType.MESSAGE_SENT, EventType.MESSAGE_DELIVERED


def python(_port: int) -> Sequence[str]:
    return sys.executable, str(FOLDER / "receiver.py")


def typescript(_port: int) -> Sequence[str]:
    node, _ = compute_driver_executable()  # the browser tests' own Node.js runs TypeScript
    return str(node), str(FOLDER / "receiver.mts")


def go(_port: int) -> Sequence[str]:
    if shutil.which("go") is None:
        pytest.skip("Go is missing: it is no tool of this project, and is run where it is there")
    return "go", "run", str(FOLDER / "receiver.go")


def php(port: int) -> Sequence[str]:
    if PHP.find() is None:
        pytest.skip(PHP.missing)
    return str(PHP.find()), "-S", f"127.0.0.1:{port}", str(FOLDER / "receiver.php")


Command = Callable[[int], Sequence[str]]


@dataclass
class Example:
    """A receiver that runs, and what it has printed."""

    url: str
    lines: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, stream: asyncio.StreamReader) -> None:
        async for line in stream:
            self.lines.append(line.decode().strip())
            self.news.set()

    async def until(self, text: str) -> None:
        try:
            async with asyncio.timeout(START_S):
                while not any(text in line for line in self.lines):
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            raise AssertionError((text, self.lines)) from None

    def count(self, text: str) -> int:
        return sum(text in line for line in self.lines)

    async def post(self, headers: dict[str, str], body: bytes) -> int | None:
        """The status; None when it hung up instead."""
        async with httpx.AsyncClient(timeout=30) as client:
            try:
                return (await client.post(self.url, content=body, headers=headers)).status_code
            except (httpx.ReadError, httpx.WriteError):
                return None


@asynccontextmanager
async def running(command: Command, folder: Path, *secrets: str) -> AsyncIterator[Example]:
    """The receiver for the length of the block; its inbox stays in the folder."""
    port = find_free_port()
    process = await asyncio.create_subprocess_exec(
        *command(port),
        env={
            **os.environ, "WEBHOOK_SECRET": " ".join(secrets), "RECEIVER_PORT": str(port),
            "INBOX": str(folder / "inbox.jsonl"),
        },
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout
    example = Example(f"http://127.0.0.1:{port}/hooks")
    reading = asyncio.create_task(example.read(process.stdout))
    try:
        await _until_listening(port)
        yield example
    finally:
        os.killpg(process.pid, 9)  # its inbox must bear it
        await process.wait()
        await reading


async def _until_listening(port: int) -> None:
    async with asyncio.timeout(START_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            await writer.wait_closed()
            return


@pytest.fixture(params=[python, typescript, go, php], ids=lambda command: command.__name__)
def command(request: pytest.FixtureRequest) -> Command:
    found: Command = request.param
    found(0)  # skips where its program is missing
    return found


@pytest.fixture
async def node(migrated_sqlite_url: str) -> AsyncIterator[Node]:
    async with running_node(migrated_sqlite_url) as made:
        yield made


@pytest.fixture
async def owner(node: Node) -> Principal:
    return caller(await node.account())


async def statuses(node: Node) -> list[int | None]:
    """What the attempts were answered, in their order."""
    return [
        attempt.status for attempt in sorted(await node.attempts(), key=lambda a: a.attempted_at)
    ]


async def test_real_deliveries_are_taken_also_during_a_rotation_and_after_kill_9(
    command: Command, node: Node, owner: Principal, tmp_path: Path
) -> None:
    made, old = await node.endpoint(owner, "http://127.0.0.1:9/")
    async with running(command, tmp_path, old) as example:
        await _point(node, owner, made.id, example.url)
        await node.append(message_event(owner.account_id, SENT))
        await example.until("did message.sent msg_1 1")
        await node.quiet()  # the work may be done before the answer has arrived
        _, new = await _rotate(node, owner, made.id)
        await node.append(message_event(owner.account_id, DELIVERED))  # signed by both
        await example.until("did message.delivered msg_1 2")
        await node.quiet()
        await _until_noted(tmp_path, "2")
    async with running(command, tmp_path, new, old) as example:
        await _point(node, owner, made.id, example.url)
        other = message_event(owner.account_id, SENT, resource_id="msg_2")
        await node.append(structs.replace(other, data=DATA.replace(b"msg_1", b"msg_2")))
        await example.until("did message.sent msg_2 1")
        await node.quiet()
        assert example.count("msg_1") == 0  # the inbox knows what was done
    assert await statuses(node) == [204, 204, 204]


async def _until_noted(folder: Path, count: str) -> None:
    """Until it has noted how much is done; killed before, it would do the last one again."""
    file = folder / "inbox.jsonl.done"
    await asyncio.to_thread(wait_for, lambda: file.exists() and file.read_text() == count)


async def _point(node: Node, owner: Principal, endpoint_id: str, url: str) -> None:
    change = EndpointChange(url=url)
    await node.store.commit(
        lambda tx: patch_endpoint(tx, node.store, BOX, owner, endpoint_id, change)
    )


async def _rotate(node: Node, owner: Principal, endpoint_id: str) -> Any:
    return await node.store.commit(
        lambda tx: rotate_secret(tx, node.store, BOX, owner, endpoint_id, 3_600)
    )


def signed(
    secret: str, event_id: str, sequence: int = 1, age_s: int = 0
) -> tuple[dict[str, str], bytes]:
    """A request as Hookline sends it."""
    event = {"id": event_id, "type": "message.sent", "sequence": sequence, "data": {"id": "msg_9"}}
    body = json.dumps(event | {"timestamp": "2026-01-15T09:30:00.412Z"}).encode()
    at = int(time.time()) - age_s  # noqa: TID251 - the code under test asks the real clock
    return dict(signature_headers([secret], event_id, at, body)), body


async def test_forged_old_and_repeated_requests_do_no_work(
    command: Command, tmp_path: Path
) -> None:
    secret = new_secret()
    async with running(command, tmp_path, secret) as example:
        headers, body = signed(secret, "evt_2", sequence=2)
        assert await example.post(*signed(new_secret(), "evt_1")) == 401
        assert await example.post(*signed(secret, "evt_1", age_s=600)) == 401
        assert await example.post(headers, body.replace(b"msg_9", b"msg_8")) == 401
        assert await example.post({}, body) == 401
        assert await example.post(headers, b"x" * 1_100_000) in {413, None}
        assert await example.post(headers, body) == 204
        await example.until("did message.sent msg_9 2")
        assert await example.post(headers, body) == 204
        await example.until("again evt_2")
        assert await example.post(*signed(secret, "evt_3", sequence=1)) == 204
        await example.until("older message.sent msg_9 1")
    assert example.count("did ") == 1
    assert example.count("refused") == 4


async def test_what_cannot_be_stored_is_asked_for_again_later(
    command: Command, tmp_path: Path
) -> None:
    secret = new_secret()
    async with running(command, tmp_path, secret) as example:
        (tmp_path / "inbox.jsonl").mkdir()
        assert await example.post(*signed(secret, "evt_1")) == 503
        (tmp_path / "inbox.jsonl").rmdir()
        assert await example.post(*signed(secret, "evt_1")) == 204
        await example.until("did message.sent msg_9 1")
