"""Servers on loopback that answer as told, well or badly."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network

from hookline.clock import Clock
from hookline.outbound.errors import Response
from hookline.outbound.http_client import HttpClient
from hookline.outbound.resolver import Resolver

LOOPBACK = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Runs one handler a connection and remembers what was asked."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0
        self.port = 0
        self.ended = asyncio.Event()
        """Set whenever a handler has ended and its connection is closed."""

    def url(self, path: str = "/hook", *, scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    async def serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone, or the test is over
        finally:
            self._tasks.discard(task)
            writer.close()
            self.ended.set()

    async def stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def serve(
    handler: Handler, tls: ssl.SSLContext | None = None, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Server]:
    """A server for the length of the block."""
    server = Server(handler)
    listener = await asyncio.start_server(server.serve_one, host, port, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await server.stop()
        await listener.wait_closed()


async def read_request(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """The head and the body of the next request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    length = 0
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            length = int(value)
    return head, await reader.readexactly(length)


def answering(*answers: bytes, requests: list[tuple[str, bytes]] | None = None) -> Handler:
    """Answer each request with the next of these, then with the last one for ever."""
    left = list(answers)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            if requests is not None:
                requests.append(request)
            writer.write(left.pop(0) if len(left) > 1 else left[0])
            await writer.drain()

    return handle


def answering_once(answer: bytes) -> Handler:
    """Answer one request and close."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer)
        await writer.drain()

    return handle


def resolving_to(*addresses: str) -> Resolver:
    """A resolver that knows one answer."""

    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolve


@asynccontextmanager
async def client(
    *,
    read_max: int = 65_536,
    connect_timeout_s: float = 5.0,
    clock: Clock | None = None,
    resolver: Resolver | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[HttpClient]:
    """A client that may reach loopback, for the length of the block."""
    made = HttpClient(
        allow_targets=LOOPBACK,
        connect_timeout_s=connect_timeout_s,
        response_read_max=read_max,
        clock=clock,
        resolver=resolver,
        ssl_context=tls,
    )
    try:
        yield made
    finally:
        await made.close()


async def post(
    http: HttpClient, url: str, *, timeout_s: float = 5.0, kept_max: int = 16_384
) -> Response:
    """The usual request."""
    headers = [("Content-Type", "application/json"), ("webhook-id", "evt_1")]
    return await http.request(
        "POST", url, headers, b'{"a":1}', timeout_s=timeout_s, kept_max=kept_max
    )
