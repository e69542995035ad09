"""A webhook receiver on loopback that keeps all it was sent."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

PATIENCE_S = 30


@dataclass(frozen=True)
class Request:
    """One request, with header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What a request is answered with."""

    body: bytes = b""
    status: str = "200 OK"

    def encode(self) -> bytes:
        head = f"HTTP/1.1 {self.status}\r\nContent-Length: {len(self.body)}\r\n\r\n"
        return head.encode() + self.body


@dataclass
class Receiver:
    """Answers 200 to everything, unless it has been told what else."""

    url: str = ""
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    """By path, for one request after the other; the last one stays."""
    requests: list[Request] = field(default_factory=list)
    connections: set[asyncio.BaseTransport] = field(default_factory=set)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, request: Request) -> None:
        self.requests.append(request)
        self._news.set()

    def reply_to(self, path: str) -> Reply:
        left = self.replies.get(path, [Reply()])
        return left.pop(0) if len(left) > 1 else left[0]

    def left(self, connection: asyncio.BaseTransport) -> None:
        self.connections.discard(connection)
        self._news.set()

    def at(self, path: str) -> list[Request]:
        """What came to this path."""
        return [request for request in self.requests if request.path == path]

    async def until(
        self, is_enough: Callable[[], bool], patience_s: float = PATIENCE_S
    ) -> list[Request]:
        """All requests, once there are enough. Raises TimeoutError."""
        async with asyncio.timeout(patience_s):
            while not is_enough():
                self._news.clear()
                await self._news.wait()
        return self.requests

    async def until_alone(self) -> None:
        """Until nobody is connected."""
        async with asyncio.timeout(PATIENCE_S):
            while self.connections:
                self._news.clear()
                await self._news.wait()

    async def take(self, count: int, path: str = "/") -> list[Request]:
        """The first requests to this path."""
        await self.until(lambda: len(self.at(path)) >= count)
        return self.at(path)[:count]


class _Connection(asyncio.Protocol):
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._receiver.connections.add(transport)

    def connection_lost(self, _error: Exception | None) -> None:
        assert self._transport is not None
        self._receiver.left(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
            pairs = [line.partition(":") for line in lines]
            headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
            whole = end + 4 + int(headers.get("content-length", "0"))
            if len(self._buffer) < whole:
                return
            body, self._buffer = self._buffer[end + 4 : whole], self._buffer[whole:]
            path = first.split(" ")[1]
            reply = self._receiver.reply_to(path).encode()
            self._receiver.note(Request(path, headers, body))
            assert self._transport is not None
            self._transport.write(reply)


@asynccontextmanager
async def receiving(port: int = 0) -> AsyncIterator[Receiver]:
    """A receiver for the length of the block, on any port unless one is given."""
    receiver = Receiver()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Connection(receiver), "127.0.0.1", port, backlog=1_024
    )
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield receiver
    finally:
        server.close()
        for connection in receiver.connections:
            connection.close()
        await receiver.until_alone()
