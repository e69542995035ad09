from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.outbound.addresses import is_public, why_refused

REFUSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.254",
    "255.255.255.255",
    "::",
    "::1",
    "::2",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "::ffff:0:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::10.0.0.1",
    "64:ff9b::224.0.0.1",
    "64:ff9b::1:8.8.8.8",
    "64:ff9b:1::1",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "100:0:0:1::1",
    "200::1",
    "400::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:1::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2001:db8:ffff::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "3fff:fff::1",
    "4000::1",
    "5f00::1",
    "8000::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fe80::1%1",
    "febf::1",
    "fec0::1",
    "feff::1",
    "ff00::1",
    "ff02::1",
    "ff0e::1",
]

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.0.3.0",
    "192.88.98.255",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "203.0.112.255",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2606:4700:4700::1111",
    "2a00:1450::1",
    "3ffe::1",
]

ipv4 = st.ip_addresses(v=4)


@pytest.mark.parametrize("text", REFUSED)
def test_special_address_is_refused(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_public_address_is_allowed(text: str) -> None:
    assert why_refused(ip_address(text)) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("127.0.0.1", "a loopback address"),
        ("::ffff:10.0.0.1", "a private network"),
        ("64:ff9b::a9fe:a9fe", "a link-local address"),
        ("255.255.255.255", "the broadcast address"),
        ("2002::1", "a 6to4 tunnel"),
        ("2001::1", "a Teredo tunnel"),
        ("4000::1", "an unassigned network"),
    ],
)
def test_refusal_names_the_kind_of_address(text: str, kind: str) -> None:
    assert why_refused(ip_address(text)) == kind


@pytest.mark.parametrize(
    ("text", "cidr"),
    [
        ("10.1.2.3", "10.1.0.0/16"),
        ("::ffff:10.1.2.3", "10.1.0.0/16"),
        ("127.0.0.1", "127.0.0.1/32"),
        ("fd00::1", "fd00::/8"),
        ("64:ff9b::10.0.0.1", "64:ff9b::/96"),
    ],
)
def test_operators_cidr_wins(text: str, cidr: str) -> None:
    assert is_public(ip_address(text), [ip_network(cidr)])


@pytest.mark.parametrize(
    ("text", "cidr"),
    [
        ("10.2.0.1", "10.1.0.0/16"),
        ("10.0.0.1", "::/0"),
        ("::1", "0.0.0.0/0"),
        ("64:ff9b::10.0.0.1", "10.0.0.0/8"),
        ("2002:a00:1::", "10.0.0.0/8"),
    ],
)
def test_other_cidr_does_not_win(text: str, cidr: str) -> None:
    assert not is_public(ip_address(text), [ip_network(cidr)])


@given(ipv4)
def test_embedded_address_is_never_judged_more_kindly(ip: IPv4Address) -> None:
    public = is_public(ip)
    assert is_public(IPv6Address(0xFFFF << 32 | int(ip))) is public
    assert is_public(IPv6Address(0x64FF9B << 96 | int(ip))) is public
    assert not is_public(IPv6Address(int(ip)))
    assert not is_public(IPv6Address(0xFFFF << 48 | int(ip)))
    assert not is_public(IPv6Address(0x2002 << 112 | int(ip) << 80))


@given(st.ip_addresses())
def test_public_is_stricter_than_the_standard_library(ip: IPv4Address | IPv6Address) -> None:
    if is_public(ip) and ip.is_private:
        assert isinstance(ip, IPv6Address)  # 3.11 calls every mapped address private
        assert ip.ipv4_mapped is not None
    if ip.is_multicast or ip.is_loopback or ip.is_link_local or ip.is_unspecified:
        assert not is_public(ip)
