"""When connections are kept, opened anew, and given up."""

import asyncio
import socket
from ipaddress import ip_network

import pytest

from hookline.clock import ManualClock
from hookline.errors import Unavailable
from hookline.outbound.errors import ConnectionLost, TargetNotAllowed
from hookline.outbound.http_client import HttpClient
from tests.outbound.servers import (
    OK,
    answering,
    answering_once,
    client,
    post,
    read_request,
    resolving_to,
    serve,
)


async def test_connection_is_kept_for_the_next_request() -> None:
    async with serve(answering(OK)) as server, client() as http:
        answers = [await post(http, server.url(f"/{number}")) for number in range(5)]
    assert [answer.reused for answer in answers] == [False, True, True, True, True]
    assert server.connections == 1


async def test_requests_at_once_have_a_connection_each() -> None:
    together = asyncio.Barrier(4)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            await together.wait()
            writer.write(OK)

    async with serve(handle) as server, client() as http:
        await asyncio.gather(*(post(http, server.url()) for _ in range(4)))
        await asyncio.gather(*(post(http, server.url()) for _ in range(4)))
    assert server.connections == 4


async def test_other_port_is_another_connection() -> None:
    async with serve(answering(OK)) as one, serve(answering(OK)) as two, client() as http:
        await post(http, one.url())
        answer = await post(http, two.url())
    assert not answer.reused


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
)
async def test_server_that_wants_to_close_is_obeyed(answer: bytes) -> None:
    async with serve(answering(answer)) as server, client() as http:
        await post(http, server.url())
        second = await post(http, server.url())
    assert (second.reused, server.connections) == (False, 2)


async def test_connection_closed_while_idle_is_replaced() -> None:
    async with serve(answering_once(OK)) as server, client() as http:
        for _ in range(3):
            server.ended.clear()
            assert (await post(http, server.url())).body == b"ok"
            await server.ended.wait()
    assert server.connections == 3


async def test_connection_that_dies_under_the_next_request_is_retried_once() -> None:
    requests: list[tuple[str, bytes]] = []

    async def die_on_second(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await read_request(reader))
        writer.write(OK)
        requests.append(await read_request(reader))

    async with serve(die_on_second) as server, client() as http:
        await post(http, server.url())
        second = await post(http, server.url())
    assert (second.body, second.reused) == (b"ok", False)
    assert (server.connections, len(requests)) == (2, 3)


async def test_answer_cut_off_on_a_kept_connection_is_not_retried() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        await read_request(reader)
        writer.write(b"HTTP/1.1 200")
        await writer.drain()

    async with serve(cut) as server, client() as http:
        await post(http, server.url())
        with pytest.raises(ConnectionLost):
            await post(http, server.url())
    assert server.connections == 1


async def test_fresh_connection_that_dies_is_not_retried() -> None:
    async with serve(answering_once(b"")) as server, client() as http:
        with pytest.raises(ConnectionLost):
            await post(http, server.url())
    assert server.connections == 1


@pytest.mark.parametrize(
    "surplus",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        b"garbage",
    ],
)
async def test_second_answer_to_one_request_is_never_used(surplus: bytes) -> None:
    async with serve(answering(OK + surplus, OK)) as server, client() as http:
        first = await post(http, server.url())
        await server.ended.wait()
        second = await post(http, server.url())
    assert (first.body, second.body, second.reused) == (b"ok", b"ok", False)


async def test_bytes_on_an_idle_connection_end_it() -> None:
    answered = asyncio.Event()

    async def speak_unasked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        await answered.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        await reader.read()

    async with serve(speak_unasked) as server, client() as http:
        await post(http, server.url())
        answered.set()
        await server.ended.wait()
        again = await post(http, server.url())
    assert (again.body, again.reused) == (b"ok", False)


async def test_old_idle_connection_is_not_used() -> None:
    clock = ManualClock()
    async with serve(answering(OK)) as server, client(clock=clock) as http:
        await post(http, server.url())
        clock.advance(seconds=31)
        answer = await post(http, server.url())
    assert not answer.reused


async def test_canceled_request_gives_its_connection_up() -> None:
    asked = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        asked.set()
        await reader.read()

    async with serve(stall) as server, client() as http:
        request = asyncio.ensure_future(post(http, server.url()))
        await asked.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        await server.ended.wait()


async def test_closing_ends_requests_and_refuses_new_ones() -> None:
    asked = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        asked.set()
        await reader.read()

    async with serve(stall) as server, client() as http:
        request = asyncio.ensure_future(post(http, server.url()))
        await asked.wait()
        await http.close()
        with pytest.raises(ConnectionLost):
            await request
        with pytest.raises(Unavailable):
            await post(http, server.url())


async def test_closing_does_not_retry_on_a_new_connection() -> None:
    second = asyncio.Event()

    async def stall_on_second(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        await read_request(reader)
        second.set()
        await reader.read()

    async with serve(stall_on_second) as server, client() as http:
        await post(http, server.url())
        request = asyncio.ensure_future(post(http, server.url()))
        await second.wait()
        await http.close()
        with pytest.raises(ConnectionLost):
            await request
    assert server.connections == 1


async def test_name_is_resolved_once_per_connection_and_pinned() -> None:
    """A name that turns private after it was vetted (rebinding) reaches nothing new."""
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    asked: list[str] = []

    async def rebind(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers.pop(0)

    requests: list[tuple[str, bytes]] = []
    http = HttpClient(allow_targets=[ip_network("127.0.0.0/8")], resolver=rebind)
    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    async with serve(answering(OK, closing, requests=requests)) as server:
        url = server.url(host="hooks.example.com")
        first, second = await post(http, url), await post(http, url)
        assert (first.address, second.address, asked) == (
            "127.0.0.1",
            "127.0.0.1",
            ["hooks.example.com"],
        )
        with pytest.raises(TargetNotAllowed):
            await post(http, url)
    await http.close()
    assert f"\r\nHost: hooks.example.com:{server.port}\r\n" in requests[0][0]


async def test_next_address_is_tried_when_one_refuses() -> None:
    async with (
        serve(answering(OK)) as server,
        client(resolver=resolving_to("127.0.0.77", "127.0.0.1")) as http,
    ):
        answer = await post(http, server.url(host="hooks.example.com"))
    assert answer.address == "127.0.0.1"


async def test_unread_request_does_not_hold_up_the_end() -> None:
    """A peer that never reads leaves the request in our buffer; the time limit still ends it."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    try:
        async with client() as http:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            body = b"x" * (32 * 2**20)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await http.request("POST", url, [], body, timeout_s=60, kept_max=10)
    finally:
        listener.close()
