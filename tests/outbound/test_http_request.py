import asyncio

import pytest

from hookline.outbound.errors import HeaderInvalid, TargetInvalid
from hookline.outbound.http_client import check_header
from tests.outbound.servers import OK, answering, answering_once, client, post, serve


async def test_answer_has_status_headers_body_and_address() -> None:
    answer = b"HTTP/1.1 201 Created\r\nX-A: 1\r\nx-a: \xfc\r\nContent-Length: 5\r\n\r\nhello"
    async with serve(answering(answer)) as server, client() as http:
        response = await post(http, server.url())
    assert (response.status, response.body, response.truncated) == (201, b"hello", False)
    assert response.headers == [("X-A", "1"), ("x-a", "ü"), ("Content-Length", "5")]
    assert (response.address, response.reused) == ("127.0.0.1", False)
    assert response.elapsed_ms > 0


async def test_request_is_written_as_given() -> None:
    requests: list[tuple[str, bytes]] = []
    async with serve(answering(OK, requests=requests)) as server, client() as http:
        await post(http, server.url("/a/ü?b=c%20d"))
    head, body = requests[0]
    assert head == (
        "POST /a/%C3%BC?b=c%20d HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{server.port}\r\n"
        "Content-Type: application/json\r\n"
        "webhook-id: evt_1\r\n"
        "Content-Length: 7\r\n\r\n"
    )
    assert body == b'{"a":1}'


async def test_large_body_arrives_whole() -> None:
    requests: list[tuple[str, bytes]] = []
    body = bytes(range(256)) * 8_192
    async with serve(answering(OK, requests=requests)) as server, client() as http:
        await http.request("PUT", server.url(), [], body, timeout_s=10, kept_max=10)
    assert requests[0][1] == body


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirect_is_an_answer(status: int) -> None:
    answer = (
        f"HTTP/1.1 {status} X\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    )
    async with serve(answering(answer.encode())) as server, client() as http:
        response = await post(http, server.url())
    assert (response.status, server.connections) == (status, 1)


@pytest.mark.parametrize("status", [204, 304])
async def test_answer_without_a_body_is_complete_after_its_head(status: int) -> None:
    answer = f"HTTP/1.1 {status} X\r\nETag: 1\r\n\r\n".encode()
    async with serve(answering(answer, OK)) as server, client() as http:
        first = await post(http, server.url())
        second = await post(http, server.url())
    assert (first.status, first.body, second.body, second.reused) == (status, b"", b"ok", True)


async def test_head_request_does_not_wait_for_a_body() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
    requests: list[tuple[str, bytes]] = []
    async with serve(answering(answer, requests=requests)) as server, client() as http:
        response = await http.request("HEAD", server.url(), [], b"", timeout_s=5, kept_max=10)
    assert (response.status, response.body) == (200, b"")
    assert "Content-Length" not in requests[0][0]


async def test_interim_answers_are_passed_over() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    async with serve(answering(interim + OK)) as server, client() as http:
        first = await post(http, server.url())
        second = await post(http, server.url())
    assert (first.status, first.body) == (200, b"ok")
    assert first.headers == [("Content-Length", "2")]
    assert second.reused


async def test_chunks_are_joined_and_trailers_ignored() -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n"
    )
    async with serve(answering(answer)) as server, client() as http:
        first = await post(http, server.url())
        second = await post(http, server.url())
    assert (first.body, second.body, second.reused) == (b"abcde", b"abcde", True)
    assert first.headers == [("Transfer-Encoding", "chunked")]


async def test_answer_may_come_byte_by_byte() -> None:
    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for byte in OK:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)

    async with serve(dribble) as server, client() as http:
        response = await post(http, server.url())
    assert (response.status, response.body) == (200, b"ok")


async def test_end_of_stream_ends_a_body_without_a_length() -> None:
    answer = b"HTTP/1.1 200 OK\r\n\r\nall there is"
    async with serve(answering_once(answer)) as server, client() as http:
        response = await post(http, server.url())
        again = await post(http, server.url())
    assert (response.body, response.truncated) == (b"all there is", False)
    assert not again.reused


async def test_only_the_wanted_part_of_a_body_is_kept() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1_000
    async with serve(answering(answer)) as server, client() as http:
        first = await post(http, server.url(), kept_max=10)
        second = await post(http, server.url(), kept_max=1_000)
    assert (first.body, first.truncated) == (b"x" * 10, True)
    assert (len(second.body), second.truncated, second.reused) == (1_000, False, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "1\r\nX-B: 2"),
        ("X-A", "1\nX-B: 2"),
        ("X-A", "1\rX-B: 2"),
        ("X-A", "1\0"),
        ("X-A", "1\x1b"),
        ("X-A", "€"),
        ("X-A\r\nX-B", "1"),
        ("X-A:", "1"),
        ("X A", "1"),
        ("", "1"),
        ("Host", "internal"),
        ("content-length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
    ],
)
def test_header_that_breaks_the_request_is_refused_when_entered(name: str, value: str) -> None:
    with pytest.raises(HeaderInvalid):
        check_header(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "1\r\nX-B: 2"),
        ("X-A", "1\nX-B: 2"),
        ("X-A", "1\rX-B: 2"),
        ("X-A", "1\0"),
        ("X-A", "€"),
        ("X-A\r\nX-B", "1"),
        ("Host", "internal"),
    ],
)
async def test_header_that_breaks_the_request_is_never_sent(name: str, value: str) -> None:
    async with serve(answering(OK)) as server, client() as http:
        with pytest.raises(HeaderInvalid):
            await http.request("POST", server.url(), [(name, value)], b"", timeout_s=5, kept_max=10)
    assert server.connections == 0


def test_ordinary_header_is_accepted() -> None:
    check_header("X-Api_Key", 'Zürich\t "1"')


async def test_method_and_url_are_checked() -> None:
    async with client() as http:
        with pytest.raises(HeaderInvalid):
            await http.request(
                "GET / HTTP/1.1\r\nX:", "http://a.example", [], b"", timeout_s=1, kept_max=1
            )
        with pytest.raises(TargetInvalid):
            await http.request("GET", "http://a.example/\r\nX: y", [], b"", timeout_s=1, kept_max=1)
