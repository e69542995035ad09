"""Which addresses a customer's URL may lead to. Pure: no name is resolved here.

`ipaddress.is_global` is not enough: it lets NAT64, 6to4, IPv4-compatible and multicast addresses
through, each of which can lead to a private IPv4 address. Source: the IANA special-purpose address
registries (RFC 6890 and successors).
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from hookline.settings import Network

Address = IPv4Address | IPv6Address

_REFUSED_V4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(cidr), kind)
    for cidr, kind in (
        ("0.0.0.0/8", "an unspecified address"),
        ("10.0.0.0/8", "a private network"),
        ("100.64.0.0/10", "a carrier-grade NAT network"),
        ("127.0.0.0/8", "a loopback address"),
        # Azure's virtual host: not special to IANA, but it answers every machine there.
        ("168.63.129.16/32", "a cloud platform's own address"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private network"),
        ("192.0.0.0/24", "a protocol assignment"),
        ("192.0.2.0/24", "a documentation network"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "a private network"),
        ("198.18.0.0/15", "a benchmarking network"),
        ("198.51.100.0/24", "a documentation network"),
        ("203.0.113.0/24", "a documentation network"),
        ("224.0.0.0/4", "a multicast address"),
        ("255.255.255.255/32", "the broadcast address"),
        ("240.0.0.0/4", "a reserved network"),
    )
)

_REFUSED_V6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(cidr), kind)
    for cidr, kind in (
        ("::/128", "an unspecified address"),
        ("::1/128", "a loopback address"),
        ("64:ff9b:1::/48", "a local-use NAT64 network"),
        ("::/8", "a reserved network"),  # IPv4-compatible, IPv4-translated and whatever follows
        ("100::/64", "a discard-only network"),
        ("2001::/32", "a Teredo tunnel"),
        ("2001::/23", "a protocol assignment"),
        ("2001:db8::/32", "a documentation network"),
        ("2002::/16", "a 6to4 tunnel"),
        ("3fff::/20", "a documentation network"),
        ("5f00::/16", "a segment-routing network"),
        ("fc00::/7", "a private network"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a site-local address"),
        ("ff00::/8", "a multicast address"),
    )
)

_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")


def is_public(ip: Address, allow: Sequence[Network] = ()) -> bool:
    """Whether requests may go to the address: it is public, or the operator listed it."""
    return why_refused(ip, allow) is None


def why_refused(ip: Address, allow: Sequence[Network] = ()) -> str | None:
    """What is wrong with the address, such as "a private network"; None when it may be reached.

    `allow` are the operator's CIDRs, which win. An IPv4-mapped address is judged, and matched
    against them, as the IPv4 address that the kernel will connect to.
    """
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if any(ip.version == network.version and ip in network for network in allow):
        return None
    if isinstance(ip, IPv4Address):
        return _why_refused_v4(ip)
    if ip in _NAT64:
        # The gateway connects to the IPv4 address in the last 32 bits. The operator's IPv4 CIDRs do
        # not count: the gateway's private networks need not be ours.
        return _why_refused_v4(IPv4Address(int(ip) & 0xFFFF_FFFF))
    return _why_refused_v6(ip)


def _why_refused_v4(ip: IPv4Address) -> str | None:
    return next((kind for network, kind in _REFUSED_V4 if ip in network), None)


def _why_refused_v6(ip: IPv6Address) -> str | None:
    for network, kind in _REFUSED_V6:
        if ip in network:
            return kind
    return None if ip in _GLOBAL_UNICAST else "an unassigned network"
