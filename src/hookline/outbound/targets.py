"""From a customer's URL to the addresses that may be called: parse, resolve once, vet every answer.

The invariant: what is connected to is an address from here, never a name, so that a second DNS
answer (rebinding) has no effect.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import chain, zip_longest
from urllib.parse import quote

import idna

from hookline.outbound.addresses import Address, why_refused
from hookline.outbound.errors import DnsFailed, TargetInvalid, TargetNotAllowed
from hookline.outbound.resolver import Resolver
from hookline.settings import Network

URL_LENGTH_MAX = 2_048
DNS_TIMEOUT_S = 5.0
_HOST_LENGTH_MAX = 253
_DEFAULT_PORTS = {"http": 80, "https": 443}

_URL = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.IGNORECASE)
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff]")
_AUTHORITY = re.compile(r"(?:\[([^\]]*)\]|([^:\[\]]*))(?::([0-9]{0,5}))?")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")
# Left as they are in paths and queries: what RFC 3986 allows there, and escapes that exist already.
_PATH_SAFE = "%/?:@!$&'()*+,;=-._~[]"


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart, in one spelling."""

    scheme: str
    host: str
    """ASCII, lower case, without brackets or a trailing dot."""
    port: int
    path: str
    """Path and query as the request line needs them."""
    address: Address | None
    """The address, when the host is one."""

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """The Host header's value."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@lru_cache(maxsize=4_096)
def parse_target(url: str) -> Target:
    """Take a URL apart strictly: what two readers could understand differently is refused.

    Raises TargetInvalid. Numbers for hosts (`2130706433`, `0x7f.1`) become the IPv4 address that
    the operating system would take them for (WHATWG URL §3.5).
    """
    if len(url) > URL_LENGTH_MAX:
        raise TargetInvalid(f"The URL is longer than {URL_LENGTH_MAX} characters.")
    if _UNSAFE.search(url):
        raise TargetInvalid("The URL contains a space, a control character or a backslash.")
    match = _URL.fullmatch(url)
    if match is None:
        raise TargetInvalid("The URL must start with https:// or http://.")
    scheme, authority, path, query, fragment = match.groups()
    if fragment is not None:
        raise TargetInvalid("The URL has a fragment (#…), which is never sent; leave it out.")
    scheme = scheme.lower()
    host, address, port = _split_authority(authority)
    return Target(
        scheme=scheme,
        host=host,
        port=_DEFAULT_PORTS[scheme] if port is None else port,
        path=quote((path or "/") + (query or ""), safe=_PATH_SAFE),
        address=address,
    )


def check_target(url: str, allow: Sequence[Network], *, https_only: bool = False) -> Target:
    """What can be said about a URL without asking DNS; for when somebody enters it.

    Raises TargetInvalid or TargetNotAllowed. Names are judged when they are connected to.
    """
    target = parse_target(url)
    if https_only and target.scheme != "https":
        raise TargetInvalid("The URL must start with https://.")
    address = target.address
    if target.host == "localhost" or target.host.endswith(".localhost"):
        address = IPv4Address("127.0.0.1")  # RFC 6761 §6.3: whatever DNS says
    if address is not None:
        _refuse_unless_public(target, address, allow)
    return target


async def resolve_vetted(
    target: Target,
    allow: Sequence[Network],
    resolver: Resolver,
    *,
    timeout_s: float = DNS_TIMEOUT_S,
) -> list[Address]:
    """The addresses to connect to, in the order to try them.

    One answer that is not public refuses them all: a name that mixes both is an attack or a
    mistake. Raises TargetNotAllowed (permanent) or DnsFailed (not permanent).
    """
    if target.address is not None:
        found = [target.address]
    else:
        found = await _look_up(target, resolver, timeout_s)
    for address in found:
        _refuse_unless_public(target, address, allow)
    return _families_in_turn(found)


@lru_cache(maxsize=4_096)
def _split_authority(authority: str) -> tuple[str, Address | None, int | None]:
    if "@" in authority:
        raise TargetInvalid("The URL must not contain a user name or password.")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise TargetInvalid("The host or port of the URL is not valid.")
    bracketed, name, port_text = match.groups()
    port = int(port_text) if port_text else None
    if port is not None and not 1 <= port <= 65_535:
        raise TargetInvalid("The port of the URL must be between 1 and 65535.")
    if bracketed is not None:
        address: Address | None = _parse_ipv6(bracketed)
        return str(address), address, port
    host = _to_ascii(name)
    address = _parse_ipv4(host)
    return str(address or host), address, port


def _parse_ipv6(text: str) -> IPv6Address:
    if "%" in text:
        raise TargetInvalid("The URL must not name a network zone (%…).")
    try:
        return IPv6Address(text)
    except ValueError as error:
        raise TargetInvalid("The IPv6 address in the URL is not valid.") from error


def _to_ascii(name: str) -> str:
    host = name.lower()
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise TargetInvalid("The host name of the URL is not valid.") from error
    host = host.removesuffix(".")
    if len(host) > _HOST_LENGTH_MAX or not all(map(_LABEL.fullmatch, host.split("."))):
        raise TargetInvalid("The host name of the URL is not valid.")
    return host


def _parse_ipv4(host: str) -> IPv4Address | None:
    """The address, if the host ends in a number; None for a name (WHATWG URL §3.5)."""
    parts = host.split(".")
    if _NUMBER.fullmatch(parts[-1]) is None:
        return None
    numbers = [_parse_number(part) for part in parts]
    *leading, last = numbers
    if len(numbers) > 4 or max(leading, default=0) > 255 or last >= 256 ** (5 - len(numbers)):
        raise TargetInvalid("The IPv4 address in the URL is not valid.")
    value = last + sum(number << 8 * (3 - index) for index, number in enumerate(leading))
    return IPv4Address(value)


def _parse_number(text: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise TargetInvalid("The IPv4 address in the URL is not valid.")
    try:
        if text[:2] in {"0x", "0X"}:
            return int(text[2:] or "0", 16)
        return int(text, 8 if text.startswith("0") else 10)
    except ValueError as error:
        raise TargetInvalid("The IPv4 address in the URL is not valid.") from error


async def _look_up(target: Target, resolver: Resolver, timeout_s: float) -> list[Address]:
    try:
        async with asyncio.timeout(timeout_s):
            texts = await resolver(target.host, target.port)
    except TimeoutError as error:
        text = f"The name servers did not answer for {target.host} in time. Check its DNS records."
        raise DnsFailed(text) from error
    except OSError as error:
        reason = error.strerror or "no reason given"
        text = (
            f"The host name {target.host} could not be resolved: {reason}. Check its DNS records."
        )
        raise DnsFailed(text) from error
    if not texts:
        raise DnsFailed(f"The host name {target.host} has no address. Check its DNS records.")
    return [ip_address(text) for text in dict.fromkeys(texts)]


def _refuse_unless_public(target: Target, address: Address, allow: Sequence[Network]) -> None:
    kind = why_refused(address, allow)
    if kind is None:
        return
    leads = "is" if target.address else f"leads to {address},"
    raise TargetNotAllowed(
        f"{target.host} {leads} {kind}. Requests go to public addresses only; "
        "the operator can allow others with HOOKLINE_ALLOW_TARGETS.",
        address=str(address),
    )


def _families_in_turn(found: Sequence[Address]) -> list[Address]:
    """Alternate IPv6 and IPv4, so that a network without one of them costs one try, not all."""
    first = [address for address in found if address.version == found[0].version]
    other = [address for address in found if address.version != found[0].version]
    pairs = chain.from_iterable(zip_longest(first, other))
    return [address for address in pairs if address is not None]
