"""What a restriction lets through, and which of two is the wider one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.credentials.model import restrictions_from_text, restrictions_text
from hookline.restrictions import UNRESTRICTED, Restrictions, parse_network

ADDRESSES = st.ip_addresses().map(str)


def bound_to(*cidrs: str) -> Restrictions:
    return Restrictions(allowed_ips=tuple(parse_network(one) for one in cidrs))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::/0", "::/0"),
    ],
)
def test_a_network_is_read(text: str, meant: str) -> None:
    assert str(parse_network(text)) == meant


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "CIDR"),
        ("example.com", "CIDR"),
        ("203.0.113.0/33", "CIDR"),
        ("203.0.113", "CIDR"),
        ("203.0.113.0/-1", "CIDR"),
        ("203.0.113.7/24", "do you mean 203.0.113.0/24"),
        ("fe80::1%eth0", "zone"),
    ],
)
def test_what_is_no_network_is_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_network(text)


@pytest.mark.parametrize(
    ("ip", "admitted"),
    [
        ("203.0.113.7", True),
        ("::ffff:203.0.113.7", True),
        ("203.0.114.1", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("", False),
        ("unknown", False),
    ],
)
def test_an_address_is_let_in_or_not(ip: str, admitted: bool) -> None:
    assert bound_to("203.0.113.0/24", "2001:db8::/32").admits(ip) is admitted


@given(ADDRESSES)
def test_without_restriction_every_address_is_let_in(ip: str) -> None:
    assert UNRESTRICTED.admits(ip)


@given(ADDRESSES)
def test_an_address_is_within_itself_alone(ip: str) -> None:
    assert bound_to(ip).admits(ip)
    assert not bound_to("198.51.100.1").admits(ip) or ip == "198.51.100.1"


@pytest.mark.parametrize(
    ("wanted", "own", "wider"),
    [
        (UNRESTRICTED, UNRESTRICTED, []),
        (UNRESTRICTED, bound_to("10.0.0.0/8"), ["allowed_ips"]),
        (bound_to("10.1.0.0/16"), bound_to("10.0.0.0/8"), []),
        (bound_to("10.0.0.0/8"), bound_to("10.1.0.0/16"), ["allowed_ips"]),
        (bound_to("10.1.0.0/16", "11.0.0.1"), bound_to("10.0.0.0/8"), ["allowed_ips"]),
        (bound_to("2001:db8::/48"), bound_to("2001:db8::/32", "10.0.0.0/8"), []),
        (bound_to("10.0.0.0/8"), UNRESTRICTED, []),
    ],
)
def test_what_allows_more_is_named(
    wanted: Restrictions, own: Restrictions, wider: list[str]
) -> None:
    assert list(wanted.wider_than(own)) == wider


@pytest.mark.parametrize("one", [UNRESTRICTED, bound_to("10.0.0.0/8", "2001:db8::/32")])
def test_what_is_stored_is_what_was_set(one: Restrictions) -> None:
    assert restrictions_from_text(restrictions_text(one)) == one
