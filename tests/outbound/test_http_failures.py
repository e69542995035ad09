"""Servers that misbehave. Short time limits here are what triggers a failure; nothing is measured."""

import asyncio
import socket
import struct

import pytest

from hookline.outbound.errors import (
    AttemptFailed,
    AttemptTimeout,
    BadResponse,
    ConnectFailed,
    ConnectionLost,
    ConnectTimeout,
    DnsFailed,
    ResponseTooLarge,
    TargetNotAllowed,
    TlsFailed,
)
from hookline.outbound.http_client import HttpClient
from tests.outbound.servers import (
    OK,
    Handler,
    answering,
    answering_once,
    client,
    post,
    read_request,
    resolving_to,
    serve,
)

SOON_S = 0.25


def stalling_after(part: bytes) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(part)
        await writer.drain()
        await reader.read()

    return handle


def flooding_with(start: bytes, piece: bytes, times: int) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(start)
        for _ in range(times):
            writer.write(piece)
            await writer.drain()

    return handle


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        b"HTTP/1.1 200 OK\r\n\r\nabc",
    ],
)
async def test_answer_that_stalls_times_out(part: bytes) -> None:
    async with serve(stalling_after(part)) as server, client() as http:
        with pytest.raises(AttemptTimeout) as caught:
            await post(http, server.url(), timeout_s=SOON_S)
        await server.ended.wait()  # the connection was given up, not kept
    failure = caught.value
    assert (failure.code, failure.permanent, failure.address) == ("timeout", False, "127.0.0.1")
    assert (failure.partial is not None) is (b"abc" in part)
    if failure.partial is not None:
        assert (failure.partial.status, failure.partial.body) == (200, b"abc")
        assert failure.partial.truncated


async def test_body_that_dribbles_for_ever_times_out() -> None:
    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not reader.at_eof():
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with serve(dribble) as server, client() as http:
        with pytest.raises(AttemptTimeout):
            await post(http, server.url(), timeout_s=SOON_S)


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
async def test_endless_body_is_cut_off(start: bytes) -> None:
    flood = flooding_with(start, b"x" * 65_536, 1_600)
    async with serve(flood) as server, client(read_max=100_000) as http:
        response = await post(http, server.url(), kept_max=5_000)
        await server.ended.wait()
        again = await post(http, server.url(), kept_max=5_000)
    assert (response.status, response.truncated) == (200, True)
    assert response.body == b"x" * 5_000
    assert not again.reused


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 1_000 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x" * 1_000),
        (b"HTTP/1.1 200 OK\r\n" + b"X" * 1_000, b"X" * 1_000),
        (b"HTTP/1.1 200 ", b"x" * 1_000),
        (b"", b"HTTP/1.1 100 Continue\r\nX: " + b"x" * 500 + b"\r\n\r\n"),
        (b"", b"\r\n" * 500),
    ],
)
async def test_endless_head_is_refused(start: bytes, piece: bytes) -> None:
    async with serve(flooding_with(start, piece, 1_000)) as server, client() as http:
        with pytest.raises(ResponseTooLarge) as caught:
            await post(http, server.url())
    assert caught.value.code == "response_too_large"


async def test_long_head_in_one_piece_is_refused() -> None:
    answer = b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40_000 + b"\r\nContent-Length: 0\r\n\r\n"
    async with serve(answering(answer)) as server, client() as http:
        with pytest.raises(ResponseTooLarge):
            await post(http, server.url())


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"1;", b"x" * 1_000),
        (b"0\r\n", b"X-Trailer: " + b"x" * 1_000 + b"\r\n"),
        (b"", b"1;" + b"x" * 1_000 + b"\r\nx\r\n"),
    ],
)
async def test_endless_chunk_decoration_is_refused(start: bytes, piece: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with serve(flooding_with(head + start, piece, 5_000)) as server, client() as http:
        with pytest.raises(BadResponse):
            await post(http, server.url())


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"220 mail.example.com ESMTP\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
)
async def test_garbage_is_a_bad_response(garbage: bytes) -> None:
    async with serve(stalling_after(garbage)) as server, client() as http:
        with pytest.raises(BadResponse) as caught:
            await post(http, server.url(), timeout_s=5)
        await server.ended.wait()
    assert (caught.value.code, caught.value.address) == ("bad_response", "127.0.0.1")


@pytest.mark.parametrize("part", [b"", b"HTTP/1.1 200 OK\r\nX: y"])
async def test_end_before_the_head_is_complete_is_a_lost_connection(part: bytes) -> None:
    async with serve(answering_once(part)) as server, client() as http:
        with pytest.raises(ConnectionLost) as caught:
            await post(http, server.url())
    assert (caught.value.code, caught.value.partial) == ("connection_lost", None)


@pytest.mark.parametrize(
    "part",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    ],
)
async def test_end_within_the_body_keeps_what_was_read(part: bytes) -> None:
    async with serve(answering_once(part)) as server, client() as http:
        with pytest.raises(ConnectionLost) as caught:
            await post(http, server.url())
    partial = caught.value.partial
    assert partial is not None
    assert (partial.status, partial.body, partial.truncated) == (200, b"abc", True)


async def test_reset_is_a_lost_connection() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with serve(reset) as server, client() as http:
        with pytest.raises(ConnectionLost):
            await post(http, server.url())


async def test_half_closed_answer_is_complete() -> None:
    async def half_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        writer.write_eof()
        await reader.read()

    async with serve(half_close) as server, client() as http:
        response = await post(http, server.url())
        await server.ended.wait()  # the client closes its half too
    assert response.body == b"ok"


async def test_refused_connection_names_the_address() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        async with client() as http:
            with pytest.raises(ConnectFailed, match=r"127\.0\.0\.1") as caught:
                await post(http, f"http://127.0.0.1:{port}/")
    assert (caught.value.code, caught.value.address) == ("connect_failed", "127.0.0.1")


async def test_silent_tls_handshake_is_a_connect_timeout() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serve(silent) as server, client(connect_timeout_s=SOON_S) as http:
        with pytest.raises(ConnectTimeout) as caught:
            await post(http, server.url(scheme="https"))
    assert (caught.value.code, caught.value.address) == ("connect_timeout", "127.0.0.1")


async def test_whole_time_limit_covers_dns_and_connecting() -> None:
    async def hang(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        raise AssertionError

    async with client(resolver=hang) as http:
        with pytest.raises(AttemptTimeout):
            await post(http, "http://a.example/", timeout_s=SOON_S)


async def test_plain_http_behind_https_is_a_tls_failure() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with serve(talk) as server, client() as http:
        with pytest.raises(TlsFailed) as caught:
            await post(http, server.url(scheme="https"))
    assert caught.value.code == "tls_failed"


async def test_unknown_name_is_a_dns_failure() -> None:
    async def fail(host: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    async with client(resolver=fail) as http:
        with pytest.raises(DnsFailed):
            await post(http, "http://a.example/")


async def test_private_address_is_not_connected_to() -> None:
    http = HttpClient(resolver=resolving_to("8.8.8.8", "127.0.0.1"))
    async with serve(answering(OK)) as server:
        for host in ("127.0.0.1", "name.example", "[::ffff:127.0.0.1]"):
            with pytest.raises(TargetNotAllowed):
                await post(http, server.url(host=host))
    await http.close()
    assert server.connections == 0


async def test_every_failure_has_its_own_code() -> None:
    codes = [failure.code for failure in AttemptFailed.__subclasses__()]
    assert len(codes) == len(set(codes))
    assert all(failure.__doc__ for failure in AttemptFailed.__subclasses__())
