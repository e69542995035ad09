"""Receivers that misbehave: each costs one slot, leaves a clear row and nothing else, and delays nobody.

Over real sockets. The short time limit is what ends those that never end; nothing is measured.
"""

import asyncio
import gzip
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from hookline.clock import ManualClock
from hookline.outbound.http_client import HttpClient
from tests.outbound.certificates import NAME, Authority
from tests.outbound.servers import (
    LOOPBACK,
    OK,
    Handler,
    Server,
    answering_once,
    read_request,
    resolving_to,
    serve,
)
from tests.webhooks.nodes import Node, caller, message_event, receiving, running_node

SOON_S = 1.0
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(bytes(50 * 2**20))


def flooding(start: bytes, piece: bytes) -> Handler:
    """Sends without end, and fails when it was allowed to send 100 MB."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(start)
        for _ in range(100 * 2**20 // len(piece)):
            writer.write(piece)
            await writer.drain()
        raise AssertionError("nobody hung up")

    return handle


def stalling(part: bytes, *, is_half_closed: bool = False) -> Handler:
    """Answers so much, and then no more, until the other side hangs up."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(part)
        if is_half_closed:
            writer.write_eof()
        await reader.read()

    return handle


def dribbling(start: bytes, piece: bytes) -> Handler:
    """A little now and then, for ever: no pause is ever long."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)

    return handle


def resetting(part: bytes) -> Handler:
    """Ends in the middle with a reset."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(part)
        await writer.drain()
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return handle


@dataclass(frozen=True)
class Case:
    """A receiver, and what the attempt's row says of it."""

    handler: Handler
    error: str | None
    advice: str = ""
    status: int | None = None
    body: bytes | None = None


LOG, AT_ONCE, PLAIN = "Look into its log", "Answer at once", "Check that the URL names a web server"
CASES = {
    "says nothing": Case(stalling(b""), "timeout", AT_ONCE),
    "stops in the head": Case(stalling(HEAD + b"X-Slow: "), "timeout", AT_ONCE),
    "stops in the body": Case(
        stalling(HEAD + b"Content-Length: 9\r\n\r\nabc"), "timeout", AT_ONCE, 200, b"abc"
    ),
    "half-closes without a word": Case(
        stalling(b"", is_half_closed=True), "connection_lost", LOG
    ),
    "half-closes after its answer": Case(stalling(OK, is_half_closed=True), None, "", 200, b"ok"),
    "sends 100 MB": Case(
        flooding(HEAD + b"Content-Length: 104857600\r\n\r\n", b"x" * 65_536), None, "", 200,
        b"x" * 16_384,
    ),
    "sends 100 MB without saying how much": Case(
        flooding(HEAD + b"\r\n", b"x" * 65_536), None, "", 200, b"x" * 16_384
    ),
    "never ends its headers": Case(
        flooding(HEAD, b"X-More: " + b"x" * 1_000 + b"\r\n"), "response_too_large", "fewer"
    ),
    "dribbles headers": Case(dribbling(HEAD, b"X-A: b\r\n"), "timeout", AT_ONCE),
    "dribbles a body": Case(dribbling(HEAD + b"\r\n", b"."), "timeout", AT_ONCE, 200),
    "never ends its chunks": Case(
        flooding(CHUNKED, b"400\r\n" + b"x" * 1_024 + b"\r\n"), None, "", 200, b"x" * 16_384
    ),
    "dribbles chunks": Case(dribbling(CHUNKED, b"1\r\nx\r\n"), "timeout", AT_ONCE, 200),
    "never ends a chunk's size": Case(flooding(CHUNKED, b"0" * 1_024), "bad_response", PLAIN, 200),
    "never ends its trailers": Case(
        flooding(CHUNKED + b"0\r\n", b"X-T: " + b"x" * 1_000 + b"\r\n"), "bad_response", PLAIN, 200
    ),
    "continues for ever": Case(
        flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "response_too_large", "fewer"
    ),
    "hints for ever, slowly": Case(
        dribbling(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), "timeout", AT_ONCE
    ),
    "resets at once": Case(resetting(b""), "connection_lost", LOG),
    "resets in the body": Case(
        resetting(HEAD + b"Content-Length: 9\r\n\r\nabc"), "connection_lost", LOG, 200, b"abc"
    ),
    "is an SSH server": Case(stalling(b"SSH-2.0-OpenSSH_9.2\r\n"), "bad_response", PLAIN),
    "is noise": Case(stalling(bytes(range(256)) * 8), "bad_response", PLAIN),
    "answers in HTTP/2": Case(stalling(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00"), "bad_response", PLAIN),
    "promises more than it sends": Case(
        answering_once(HEAD + b"Content-Length: 10\r\n\r\nabc"), "connection_lost", LOG, 200, b"abc"
    ),
    "breaks a chunk": Case(
        answering_once(CHUNKED + b"5\r\nab"), "connection_lost", LOG, 200, b"ab"
    ),
    "garbles a chunk": Case(stalling(CHUNKED + b"3\r\nabc\r\nxyz\r\n"), "bad_response", PLAIN, 200),
    "says two lengths": Case(
        stalling(HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "bad_response", PLAIN
    ),
    "upgrades": Case(
        stalling(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
        "bad_response", PLAIN,
    ),
    "sends a gzip bomb": Case(
        answering_once(
            HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB
        ),
        None, "", 200, BOMB[:16_384],
    ),
}  # fmt: skip


async def _attempts(node: Node, endpoint_id: str, count: int) -> list[Any]:
    """The attempts at one endpoint, once there are so many."""

    async def mine() -> list[Any]:
        its = {row.id for row in await node.deliveries() if row.endpoint_id == endpoint_id}
        return [row for row in await node.attempts() if row.delivery_id in its]

    async def are_there() -> bool:
        return len(await mine()) >= count

    await node.until(are_there)
    return await mine()


def _connections_to(port: int) -> list[Any]:
    """This process's open connections to the port, as a client."""
    return [
        one
        for one in psutil.Process(os.getpid()).net_connections("tcp")
        if one.raddr and one.raddr.port == port and one.status == psutil.CONN_ESTABLISHED
    ]


@asynccontextmanager
async def _delivering(url: str, clock: ManualClock, **changes: Any) -> AsyncIterator[Node]:
    """A node whose retries never become due, so that each delivery has one attempt."""
    async with running_node(url, clock, webhook_timeout_s=SOON_S, **changes) as node:
        yield node


@pytest.mark.parametrize("name", CASES)
async def test_hostile_receiver_costs_one_slot(
    name: str, migrated_sqlite_url: str, clock: ManualClock
) -> None:
    case, before = CASES[name], len(asyncio.all_tasks())
    async with (
        serve(case.handler) as hostile,
        receiving() as healthy,
        _delivering(migrated_sqlite_url, clock, webhook_workers_max=2) as node,
    ):
        owner = caller(await node.account())
        bad, _ = await node.endpoint(owner, hostile.url())
        await node.endpoint(owner, healthy.url)
        await node.append(message_event(owner.account_id))
        await healthy.take()  # with two slots: the hostile one has no more than its own
        attempt = (await _attempts(node, bad.id, 1))[0]
        row = next(row for row in await node.deliveries() if row.endpoint_id == bad.id)
        await _until_left(hostile, case)
    assert attempt.status == case.status
    assert (attempt.error or "").partition(":")[0] == (case.error or "")
    assert case.advice in (attempt.error or ""), attempt.error
    assert row.status == ("pending" if case.error else "delivered")
    assert row.last_error == attempt.error
    assert len(attempt.response_body) <= 16_384
    if case.body is not None:
        assert bytes(attempt.response_body) == case.body
    assert hostile.connections == 1
    assert not _connections_to(hostile.port)
    assert len(asyncio.all_tasks()) <= before


async def _until_left(hostile: Server, case: Case) -> None:
    """Until the connection has been given up, while the node still runs."""
    if case.error is not None or case.status is None:
        async with asyncio.timeout(20):
            await hostile.ended.wait()


async def test_every_kind_at_once_delays_no_healthy_endpoint(
    migrated_sqlite_url: str, clock: ManualClock
) -> None:
    """Each hostile endpoint gets several events; the healthy one has all of its own all the same."""
    events = 5
    async with (
        AsyncExitStack() as stack,
        receiving() as healthy,
        _delivering(migrated_sqlite_url, clock, webhook_in_flight_max=2) as node,
    ):
        owner = caller(await node.account())
        servers = [await stack.enter_async_context(serve(case.handler)) for case in CASES.values()]
        for server in servers:
            await node.endpoint(owner, server.url())
        await node.endpoint(owner, healthy.url)
        drafts = [message_event(owner.account_id, resource_id=f"msg_{n}") for n in range(events)]
        await node.append(*drafts)
        assert len({body for _, body in await healthy.take(events)}) == events

        async def all_tried() -> bool:
            return len(await node.attempts()) == events * (len(CASES) + 1)

        await node.until(all_tried)
        assert max(server.connections for server in servers) <= events
    assert not any(_connections_to(server.port) for server in servers)


TLS = {
    "expired": (-1, NAME, "certificate has expired"),
    "of another name": (1, "other.example.com", "Hostname mismatch"),
}


@pytest.mark.parametrize("name", TLS)
async def test_certificate_that_is_wrong_is_told(
    name: str, migrated_sqlite_url: str, clock: ManualClock, tmp_path: Path
) -> None:
    days, certified, reason = TLS[name]
    authority = Authority(tmp_path)
    client = HttpClient(
        allow_targets=LOOPBACK,
        resolver=resolving_to("127.0.0.1"),
        ssl_context=authority.client_context(),
    )
    async with (
        serve(answering_once(OK), authority.server_context(certified, days=days)) as server,
        _delivering(migrated_sqlite_url, clock, client=client) as node,
    ):
        owner = caller(await node.account())
        made, _ = await node.endpoint(owner, server.url(scheme="https", host=NAME))
        await node.append(message_event(owner.account_id))
        attempt = (await _attempts(node, made.id, 1))[0]
    assert attempt.error.startswith(f"tls_failed: TLS with {NAME} failed:")
    assert reason in attempt.error
    assert "Check the certificate's name, chain and dates" in attempt.error
    assert (attempt.status, attempt.address) == (None, "127.0.0.1")


async def test_plain_http_behind_https_is_told(
    migrated_sqlite_url: str, clock: ManualClock
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(OK)
        await writer.drain()

    async with serve(talk) as server, _delivering(migrated_sqlite_url, clock) as node:
        owner = caller(await node.account())
        made, _ = await node.endpoint(owner, server.url(scheme="https"))
        await node.append(message_event(owner.account_id))
        attempt = (await _attempts(node, made.id, 1))[0]
    assert attempt.error.startswith("tls_failed:")
    assert "that the port speaks TLS" in attempt.error


async def test_name_that_leads_inside_is_told_and_not_called(
    migrated_sqlite_url: str, clock: ManualClock
) -> None:
    """Entered while it led outside: it is judged whenever it is connected to, for tests, too."""
    client = HttpClient(resolver=resolving_to("8.8.8.8", "10.0.0.1"))
    async with _delivering(migrated_sqlite_url, clock, client=client, allow_targets="") as node:
        owner = caller(await node.account())
        made, _ = await node.endpoint(owner, "https://hooks.example.com/")
        status_url = "https://status.example.com/"
        await node.append(message_event(owner.account_id, status_url=status_url))
        await _attempts(node, made.id, 1)

        async def both_tried() -> bool:
            return len(await node.attempts()) == 2

        await node.until(both_tried)
        errors = [row.error for row in await node.attempts()]
    assert all(error.startswith("target_not_allowed:") for error in errors)
    assert all("leads to 10.0.0.1, a private network" in error for error in errors)
    assert all("HOOKLINE_ALLOW_TARGETS" in error for error in errors)
