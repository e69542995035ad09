"""What holds a caller besides their scopes: from where, from and to which numbers, how much. Pure.

Who enforces a restriction asks here; None means that nothing is restricted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import phonenumbers

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

IPS_MAX = 50
NUMBERS_MAX = 100
COUNTRIES_MAX = 300
RATE_MAX = 1_000_000
CAP_MAX = 1_000_000_000
_MAPPED_PREFIX = 96
"""Of `::ffff:0:0/96`, where IPv6 has the addresses of IPv4 (RFC 4291 §2.5.5.2)."""


@dataclass(frozen=True, slots=True)
class Restrictions:
    """The restrictions of one caller."""

    allowed_ips: tuple[Network, ...] | None = None
    """Where requests may come from."""
    allowed_numbers: tuple[str, ...] | None = None
    """Which of the account's numbers and senders may be sent and called from."""
    allowed_countries: tuple[str, ...] | None = None
    """Where messages and calls may go, as ISO 3166 codes."""
    rate_limit: int | None = None
    """Requests a second, on each node."""
    daily_message_cap: int | None = None
    """Messages that are accepted on a UTC day."""
    daily_call_cap: int | None = None
    """Calls that are placed on a UTC day."""

    def admits(self, ip: str) -> bool:
        """Whether a request may come from this address; what is none may not."""
        if self.allowed_ips is None:
            return True
        try:
            address = unmapped(ip_address(ip))
        except ValueError:
            return False
        return any(_holds(network, address) for network in self.allowed_ips)

    def wider_than(self, own: "Restrictions") -> Iterator[str]:
        """The names of those in which these allow more than `own`."""
        if own.allowed_ips is not None and not _are_within(self.allowed_ips, own.allowed_ips):
            yield "allowed_ips"
        for name in ("allowed_numbers", "allowed_countries"):
            mine, theirs = getattr(own, name), getattr(self, name)
            if mine is not None and (theirs is None or not set(theirs) <= set(mine)):
                yield name
        for name in ("rate_limit", "daily_message_cap", "daily_call_cap"):
            most, wanted = getattr(own, name), getattr(self, name)
            if most is not None and (wanted is None or wanted > most):
                yield name

    @property
    def in_words(self) -> Mapping[str, object]:
        """Those that there are, as JSON knows them."""
        values = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


UNRESTRICTED = Restrictions()


@lru_cache(maxsize=4_096)
def parse_network(text: str) -> Network:
    """A CIDR, or one address. An IPv4-mapped IPv6 network becomes the IPv4 one that it stands for.

    Raises ValueError, in words for whoever wrote it.
    """
    if "%" in text:
        raise ValueError("an address with a zone is known on one machine only; leave the zone out")
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError("write it as a CIDR, like 203.0.113.0/24 or 2001:db8::/32") from None
    address = text.partition("/")[0]
    if ip_address(address) != network.network_address:
        raise ValueError(f"{address} is not where a network begins; do you mean {network}?")
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED_PREFIX:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((int(mapped), network.prefixlen - _MAPPED_PREFIX))
    return network


def parse_country(text: str) -> str:
    """An ISO 3166 code of two letters that telephone numbers are from, in capitals.

    Raises ValueError, in words for whoever wrote it.
    """
    code = text.strip().upper()
    if code not in phonenumbers.SUPPORTED_REGIONS:
        hint = "; do you mean GB?" if code == "UK" else ""
        raise ValueError(
            f"there is no country {text[:10]!r}; write its ISO 3166 code, like US{hint}"
        )
    return code


def unmapped(address: Address) -> Address:
    """The IPv4 address that an IPv4-mapped IPv6 one stands for; any other as it is."""
    return getattr(address, "ipv4_mapped", None) or address


def _holds(network: Network, address: Address) -> bool:
    return network.version == address.version and address in network


def _are_within(inner: tuple[Network, ...] | None, outer: tuple[Network, ...]) -> bool:
    return inner is not None and all(
        any(_is_within(network, other) for other in outer) for network in inner
    )


def _is_within(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def _plain(value: object) -> object:
    return [str(one) for one in value] if isinstance(value, tuple) else value
