"""Server-side request forgery: whatever leads to an address that is not public is not connected to."""

import random
import ssl
from ipaddress import ip_address, ip_network

import pytest

from hookline.outbound.errors import TargetInvalid, TargetNotAllowed
from hookline.outbound.http_client import HttpClient
from hookline.outbound.targets import parse_target
from tests.outbound.forbidden import ANSWERS, HOSTS, URLS
from tests.outbound.servers import OK, answering, post, resolving_to, serve

PUBLIC = ("8.8.8.8", "2606:4700:4700::1111")
NAME = "http://hooks.example.com/"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Reading the machine's certificates for each client would take longer than the tests."""


async def refuse_to_resolve(host: str, port: int) -> list[str]:
    raise AssertionError(f"nobody is to be asked about {host}")


@pytest.mark.parametrize("host", HOSTS)
async def test_host_that_is_not_public_is_not_connected_to(host: str) -> None:
    """The server listens on loopback, so that a connection there would be seen."""

    async def resolve(name: str, port: int) -> list[str]:
        assert name == "localhost" or name.endswith(".localhost")
        return ["127.0.0.1"]

    http = HttpClient(resolver=resolve, ssl_context=NO_TLS)
    async with serve(answering(OK)) as server:
        with pytest.raises(TargetNotAllowed) as caught:
            await post(http, server.url(host=host))
    await http.close()
    assert (server.connections, caught.value.permanent) == (0, True)
    assert "HOOKLINE_ALLOW_TARGETS" in caught.value.detail


@pytest.mark.parametrize("url", URLS)
async def test_doubtful_url_is_not_even_resolved(url: str) -> None:
    http = HttpClient(resolver=refuse_to_resolve, ssl_context=NO_TLS)
    with pytest.raises(TargetInvalid):
        await post(http, url)
    await http.close()


@pytest.mark.parametrize("answer", ANSWERS)
async def test_name_that_leads_there_is_refused(answer: str) -> None:
    """Also if the name leads to public addresses besides."""
    mixed = [*PUBLIC, answer]
    random.Random(answer).shuffle(mixed)
    for answers in ([answer], mixed):
        http = HttpClient(resolver=resolving_to(*answers), ssl_context=NO_TLS)
        with pytest.raises(TargetNotAllowed) as caught:
            await post(http, NAME)
        await http.close()
        assert caught.value.address == str(ip_address(answer))


async def test_name_that_turns_private_after_it_was_vetted_reaches_nothing() -> None:
    """Rebinding: each answer is asked for once, vetted, and it alone is connected to.

    The operator lists 127.0.0.1 but not 127.0.0.2, which stands for the inside. Were the name resolved
    again between the check and the connection, the second answer would be connected to.
    """
    asked: list[str] = []

    async def rebind(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) % 2 else ["127.0.0.2"]

    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    http = HttpClient(
        allow_targets=[ip_network("127.0.0.1/32")], resolver=rebind, ssl_context=NO_TLS
    )
    async with (
        serve(answering(closing)) as listed,
        serve(answering(OK), host="127.0.0.2", port=listed.port) as inside,
    ):
        url = listed.url(host="hooks.example.com")
        assert (await post(http, url)).address == "127.0.0.1"
        with pytest.raises(TargetNotAllowed):
            await post(http, url)
    await http.close()
    assert (len(asked), listed.connections, inside.connections) == (2, 1, 0)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_to_the_inside_is_not_followed(status: int) -> None:
    http = HttpClient(allow_targets=[ip_network("127.0.0.1/32")], ssl_context=NO_TLS)
    async with serve(answering(OK), host="127.0.0.2") as inside:
        away = f"HTTP/1.1 {status} Away\r\nLocation: http://127.0.0.2:{inside.port}/\r\n"
        async with serve(answering(f"{away}Content-Length: 0\r\n\r\n".encode())) as listed:
            answer = await post(http, listed.url())
    await http.close()
    assert (answer.status, inside.connections) == (status, 0)


def test_no_spelling_of_a_host_is_left_to_the_resolver() -> None:
    """A literal address is recognised as one: the operating system gets no say in what it means."""
    names = {"localhost", "localhost.", "LOCALHOST", "a.b.localhost"}
    for host in HOSTS:
        target = parse_target(f"http://{host}/")
        assert target.address is not None or host in names or target.host == "localhost"
