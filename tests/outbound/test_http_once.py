"""Requests that a server must not see twice, and servers that are only reached."""

import asyncio

import pytest

from hookline.clock import ManualClock
from hookline.outbound.errors import ConnectFailed, ConnectionLost, TargetNotAllowed
from hookline.outbound.http_client import HttpClient
from tests.outbound.servers import LOOPBACK, OK, answering, client, read_request, serve


async def ask(made: HttpClient, url: str, sent: list[int]) -> int:
    response = await made.request(
        "POST", url, (), b"x",
        timeout_s=5, kept_max=100, may_repeat=False, on_sent=lambda: sent.append(1),
    )  # fmt: skip
    return response.status


async def test_request_that_is_cut_off_is_not_repeated() -> None:
    requests: list[tuple[str, bytes]] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await read_request(reader))
        writer.write(OK)
        requests.append(await read_request(reader))  # and no answer to this one

    sent: list[int] = []
    async with serve(handle) as server, client() as made:
        assert await ask(made, server.url(), sent) == 200
        with pytest.raises(ConnectionLost):
            await ask(made, server.url(), sent)
    assert (len(requests), len(sent)) == (2, 2)


async def test_what_never_left_is_not_said_to_have_left() -> None:
    sent: list[int] = []
    async with serve(answering(OK)) as server, client() as made:
        url = server.url()
    async with client() as made:
        with pytest.raises(ConnectFailed):
            await ask(made, url, sent)
    assert sent == []


async def test_connection_that_has_waited_long_is_not_trusted() -> None:
    clock, sent = ManualClock(), list[int]()
    async with serve(answering(OK)) as server, client(clock=clock) as made:
        await ask(made, server.url(), sent)
        await ask(made, server.url(), sent)
        assert server.connections == 1
        clock.advance(seconds=5)
        await ask(made, server.url(), sent)
        assert server.connections == 2


async def test_reached_server_has_its_connection_ready() -> None:
    async with serve(answering(OK)) as server, client() as made:
        await made.reach(server.url(), timeout_s=5)
        assert await ask(made, server.url("/other"), []) == 200
        assert server.connections == 1


async def test_forbidden_address_is_not_reached() -> None:
    made = HttpClient(allow_targets=LOOPBACK)
    with pytest.raises(TargetNotAllowed):
        await made.reach("http://10.0.0.1/", timeout_s=5)
    await made.close()
