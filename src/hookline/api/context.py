"""What the edge knows about a request, carried in the ASGI scope."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

from starlette.requests import HTTPConnection
from starlette.types import Scope

from hookline.principal import Principal
from hookline.settings import Network

_KEY = "hookline"


class Presented(NamedTuple):
    """The token that came with a request, where it is a known one; let in or not."""

    digest: bytes
    account_id: str
    credential_id: str
    mode: str
    prefix: str
    last4: str
    is_old: bool
    """Whether it was rotated out."""


@dataclass(slots=True)
class RequestContext:
    """Facts of one request; made by the edge before anything else runs."""

    request_id: str
    ip: str
    user_agent: str
    route: str
    """Method and path, as a person reads it: `POST /v1/messages`."""
    principal: Principal | None = None
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Headers that every answer to this request carries."""
    presented: Presented | None = None
    body: bytes = b""
    """What came, as long as it is short enough to be looked at afterwards."""
    body_bytes: int = 0
    answer: bytes = b""
    """The first part of the answer's body."""
    is_kept: bool = False
    """Whether the request log keeps it."""


def attach(scope: Scope, context: RequestContext) -> None:
    scope[_KEY] = context


def context_of(connection: HTTPConnection) -> RequestContext:
    """The context of the request that is being answered."""
    context: RequestContext = connection.scope[_KEY]
    return context


def context_in(scope: Scope) -> RequestContext:
    """The same, for those who have only the ASGI scope."""
    context: RequestContext = scope[_KEY]
    return context


def header_in(scope: Scope, name: bytes) -> str | None:
    """The first value of a header, named in small letters, without an object for all of them."""
    for key, value in scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return None


def client_ip(scope: Scope, trusted: Sequence[Network]) -> str:
    """The caller's address: what trusted proxies say, from the right, else the peer itself."""
    peer = scope["client"][0] if scope.get("client") else ""
    if not trusted or not _is_within(peer, trusted):
        return _plain(peer)
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    hops = [hop.strip() for hop in b",".join(forwarded).decode("latin-1").split(",") if hop.strip()]
    for hop in reversed(hops):
        if not _is_within(hop, trusted):
            return _plain(hop) if _is_address(hop) else _plain(peer)
    return _plain(hops[0]) if hops else _plain(peer)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4_096)
def _plain(text: str) -> str:
    if not _is_address(text):
        return text[:64]
    address = ip_address(text)
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _is_within(text: str, networks: Sequence[Network]) -> bool:
    if not _is_address(text):
        return False
    address = ip_address(_plain(text))
    return any(address.version == network.version and address in network for network in networks)
