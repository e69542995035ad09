"""What is hardly HTTP, or never ends, is refused like everything else."""

import contextlib
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.system.installation import installed
from tests.system.site import Site

HALF_A_BODY = (
    b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
    b"Content-Type: application/json\r\nAuthorization: Bearer TOKEN\r\n\r\n{"
)
_WHOLE = re.compile(rb"(.*?)\r\n\r\n(\{.*\})\Z", re.DOTALL)


@dataclass(frozen=True)
class Impatient:
    """A server that waits for a moment only."""

    port: int
    token: str


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Impatient]:
    folder = tmp_path_factory.mktemp("impatient")
    with installed(folder, head_timeout_s="0.3", body_timeout_s="0.3") as made:
        made.start()
        yield Impatient(made.port, made.token())


@pytest.mark.parametrize(
    "sent",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a TLS hello
        b"GET /v1/messages HTTP/1.1\r\n\r\n",
        b"GET /v1/messages HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET /v1/messages HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET /v1/messages HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
        b"GET http://evil.example/v1/messages HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /v1/messages HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 2_000_000,
    ],
)
def test_what_is_hardly_http_is_refused(site: Site, sent: bytes) -> None:
    head, body = exchange(site.client.base_url.port or 80, sent)
    assert re.match(rb"HTTP/1\.1 4\d\d ", head), head
    assert b"content-type: application/problem+json" in head.lower()
    assert json.loads(body)["code"]


@pytest.mark.parametrize(
    "sent",
    [b"GET /v1/messages HTTP/1.1\r\nHost: local", HALF_A_BODY],
    ids=["half a head", "half a body"],
)
def test_who_stops_in_the_middle_is_not_waited_for(impatient: Impatient, sent: bytes) -> None:
    sent = sent.replace(b"TOKEN", impatient.token.encode())
    head, body = exchange(impatient.port, sent)
    assert head.startswith(b"HTTP/1.1 400 ")
    assert "in time" in json.loads(body)["detail"]


def test_who_says_nothing_is_let_go(impatient: Impatient) -> None:
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=10) as connection:
        assert connection.recv(1) == b""


def exchange(port: int, sent: bytes) -> tuple[bytes, bytes]:
    """Head and body of the answer; the connection stays open until it has come."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        with contextlib.suppress(ConnectionError):  # it may be refused before all is sent
            connection.sendall(sent)
        while not (whole := _WHOLE.match(answer)):
            more = connection.recv(65_536)
            assert more, answer
            answer += more
    return whole[1], whole[2]
