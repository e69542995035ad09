from pathlib import Path

import pytest

from hookline.outbound.errors import TlsFailed
from tests.outbound.certificates import NAME, Authority
from tests.outbound.servers import OK, answering, client, post, resolving_to, serve


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def test_certificate_is_checked_against_the_name_in_the_url(authority: Authority) -> None:
    names: list[str | None] = []
    server_tls = authority.server_context()
    server_tls.sni_callback = lambda _socket, name, _context: names.append(name)
    async with (
        serve(answering(OK), server_tls) as server,
        client(tls=authority.client_context(), resolver=resolving_to("127.0.0.1")) as http,
    ):
        url = server.url(scheme="https", host=NAME)
        first, second = await post(http, url), await post(http, url)
    assert (first.body, first.address, second.reused) == (b"ok", "127.0.0.1", True)
    assert names == [NAME]


async def test_certificate_for_an_address_is_accepted(authority: Authority) -> None:
    async with (
        serve(answering(OK), authority.server_context()) as server,
        client(tls=authority.client_context()) as http,
    ):
        assert (await post(http, server.url(scheme="https"))).status == 200


async def test_certificate_of_another_name_is_refused(authority: Authority) -> None:
    async with (
        serve(answering(OK), authority.server_context()) as server,
        client(tls=authority.client_context(), resolver=resolving_to("127.0.0.1")) as http,
    ):
        with pytest.raises(TlsFailed, match=r"[Hh]ostname mismatch") as caught:
            await post(http, server.url(scheme="https", host="other.example.com"))
    assert (caught.value.permanent, caught.value.address) == (False, "127.0.0.1")


async def test_unknown_authority_is_refused_by_default(authority: Authority) -> None:
    async with (
        serve(answering(OK), authority.server_context()) as server,
        client(resolver=resolving_to("127.0.0.1")) as http,
    ):
        with pytest.raises(TlsFailed, match="issuer certificate"):
            await post(http, server.url(scheme="https", host=NAME))


async def test_long_body_over_tls_is_cut_off(authority: Authority) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + b"x" * 5_000_000
    async with (
        serve(answering(answer), authority.server_context()) as server,
        client(tls=authority.client_context(), read_max=70_000) as http,
    ):
        response = await post(http, server.url(scheme="https"), kept_max=100)
    assert (response.truncated, response.body) == (True, b"x" * 100)
