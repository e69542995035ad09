import socket
from ipaddress import IPv4Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.outbound.errors import TargetInvalid, TargetNotAllowed
from hookline.outbound.targets import check_target, parse_target

LOOPBACK = [ip_network("127.0.0.0/8")]


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://example.com", ("https", "example.com", 443), "/"),
        ("HTTP://Example.COM/A", ("http", "example.com", 80), "/A"),
        ("http://example.com:8080/a?b=c", ("http", "example.com", 8080), "/a?b=c"),
        ("https://example.com?b", ("https", "example.com", 443), "/?b"),
        ("https://example.com./x", ("https", "example.com", 443), "/x"),
        ("https://example.com:/x", ("https", "example.com", 443), "/x"),
        ("https://my_host-1.example/x", ("https", "my_host-1.example", 443), "/x"),
        ("https://bücher.example/", ("https", "xn--bcher-kva.example", 443), "/"),
        ("https://straße.example/", ("https", "xn--strae-oqa.example", 443), "/"),
        ("https://例え。テスト/", ("https", "xn--r8jz45g.xn--zckzah", 443), "/"),
        ("https://example.com/ü%20<", ("https", "example.com", 443), "/%C3%BC%20%3C"),
        ("https://[2001:DB8::1]:8443/", ("https", "2001:db8::1", 8443), "/"),
    ],
)
def test_url_is_taken_apart(url: str, origin: tuple[str, str, int], path: str) -> None:
    target = parse_target(url)
    assert (target.origin, target.path) == (origin, path)


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://example.com:443/", "example.com"),
        ("http://example.com:443/", "example.com:443"),
        ("http://[::1]/", "[::1]"),
        ("http://[::1]:81/", "[::1]:81"),
    ],
)
def test_authority_is_the_host_header(url: str, authority: str) -> None:
    assert parse_target(url).authority == authority


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https:example.com",
        "https:///path",
        "https://",
        "https://user@example.com/",
        "https://user:pw@example.com/",
        "https://example.com@127.0.0.1/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com/#here",
        "https://example.com/#",
        " https://example.com/",
        "https://example.com/ ",
        "https://exam ple.com/",
        "https://example.com/a\r\nX: y",
        "https://example.com/\t",
        "https://example.com/\0",
        "https://example.com/\x7f",
        "https://example.com/\u00a0",
        "https://example.com/\ud800",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:123456/",
        "https://example.com:-1/",
        "https://example.com:٨/",
        "https://example.com:80:80/",
        "https://exa%6dple.com/",
        "https://example..com/",
        "https://.example.com/",
        "https://example.com../",
        "https://-example.com/",
        "https://exa,mple.com/",
        f"https://{'a' * 64}.com/",
        f"https://{'a.' * 127}com/",
        "https://[::1/",
        "https://::1/",
        "https://[::1]x/",
        "https://[example.com]/",
        "https://[1.2.3.4]/",
        "https://[fe80::1%eth0]/",
        "https://[fe80::1%25eth0]/",
        "https://[v1.x]/",
        "https://1.2.3.256/",
        "https://256.2.3.4/",
        "https://1.2.3.4.5/",
        "https://1.2.3.08/",
        "https://4294967296/",
        "https://0x100000000/",
        "https://1..2/",
        "https://a.1/",
        "https://\u2488com/",
        "https://example.com/" + "a" * 2_029,
    ],
)
def test_doubtful_url_is_refused(url: str) -> None:
    with pytest.raises(TargetInvalid):
        parse_target(url)


def test_longest_url_is_taken() -> None:
    assert parse_target("https://example.com/" + "a" * 2_028).path == "/" + "a" * 2_028


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "2130706433",
        "0x7f.1",
        "0x7F000001",
        "017700000001",
        "0177.0.0.01",
        "127.1",
        "127.0.1",
        "127.0x0.00.0x1",
        "１２７.0.0.1",  # full-width digits
        "①②⑦.0.0.1",
        "127。0。0。1",
    ],
)
def test_odd_spelling_of_loopback_is_loopback(host: str) -> None:
    assert parse_target(f"http://{host}/").address == IPv4Address("127.0.0.1")
    with pytest.raises(TargetNotAllowed):
        check_target(f"http://{host}/", [])


@given(
    st.lists(
        st.tuples(st.integers(0, 2**32 - 1), st.sampled_from(["{}", "0x{:x}", "0{:o}"])),
        min_size=1,
        max_size=4,
    )
)
def test_numbers_mean_what_the_operating_system_takes_them_for(
    parts: list[tuple[int, str]],
) -> None:
    host = ".".join(form.format(number) for number, form in parts)
    try:
        expected = ip_address(socket.inet_aton(host))
    except OSError:
        with pytest.raises(TargetInvalid):
            parse_target(f"http://{host}/")
    else:
        assert parse_target(f"http://{host}/").address == expected


@given(st.text(max_size=40))
def test_any_host_is_a_target_or_refused(text: str) -> None:
    try:
        target = parse_target(f"http://{text}/")
    except TargetInvalid:
        return
    assert target.host.isascii()
    assert not set(target.host + target.path) & set(" \r\n\0@\\#")


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/",
        "http://LOCALHOST.:8080/",
        "http://a.localhost/",
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
def test_private_target_is_refused_without_dns(url: str) -> None:
    with pytest.raises(TargetNotAllowed) as caught:
        check_target(url, [])
    assert caught.value.code == "target_not_allowed"
    assert caught.value.status == 422
    assert caught.value.permanent


def test_listed_loopback_is_accepted() -> None:
    assert check_target("http://localhost:9000/x", LOOPBACK).port == 9_000


def test_plain_http_is_refused_where_https_is_needed() -> None:
    with pytest.raises(TargetInvalid, match="https://"):
        check_target("http://example.com/", [], https_only=True)
    assert check_target("https://example.com/", [], https_only=True).host == "example.com"
