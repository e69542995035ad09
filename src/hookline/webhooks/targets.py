"""Where an endpoint's requests may go, and with which headers of its own."""

from ipaddress import IPv4Address

from hookline.errors import Invalid
from hookline.events.model import EventType, scope_of
from hookline.outbound.addresses import is_public
from hookline.outbound.errors import AttemptFailed
from hookline.outbound.http_client import check_header
from hookline.outbound.targets import Target, check_target, parse_target
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.webhooks.model import Endpoint, Policy

_HEADERS_REFUSED = frozenset(
    [
        "host",
        "connection",
        "keep-alive",
        "proxy-connection",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
        "user-agent",
    ]
)
_HEADERS_REFUSED_PREFIXES = ("content-", "webhook-")


def check_url(store: Store, url: str, *, https_only: bool = False) -> Target:
    """Whether requests may go there. `https_only` excepts private targets that the operator lists.

    Raises Invalid.
    """
    try:
        target = check_target(url, store.settings.allow_targets)
    except AttemptFailed as error:
        raise Invalid.at("/url", error.code, error.detail) from error
    if https_only and target.scheme != "https" and not _is_listed(target):
        raise Invalid.at("/url", "https_required", "The URL must start with https://.")
    return target


def check_policy(store: Store, policy: Policy) -> None:
    if policy.failover_url is None:
        return
    try:
        check_target(policy.failover_url, store.settings.allow_targets)
    except AttemptFailed as error:
        raise Invalid.at("/failover_url", error.code, error.detail) from error


def _is_listed(target: Target) -> bool:
    """Whether a checked target is private: then the operator's list is what let it through."""
    address = target.address
    if target.host == "localhost" or target.host.endswith(".localhost"):
        address = IPv4Address("127.0.0.1")
    return address is not None and not is_public(address)


def check_may_redirect(
    principal: Principal,
    before: Endpoint,
    target: Target,
    *,
    url: str,
    keeps_events: bool,
    keeps_headers: bool,
) -> None:
    """Sending what others asked for elsewhere is as good as reading it. Raises InsufficientScope."""
    if url == before.url:
        return
    if keeps_events:
        for kind in filter(before.subscription.covers, EventType):
            principal.require(scope_of(kind))
    tells_headers = keeps_headers and before.headers is not None
    if tells_headers and target.origin != parse_target(before.url).origin:
        principal.require(Scope.ACCOUNT_SECRETS)


def check_may_add_target(principal: Principal, before: Endpoint, policy: Policy) -> None:
    """A failover URL is another place to send what others asked for. Raises InsufficientScope."""
    url = policy.failover_url
    if url is None or url == before.policy.failover_url:
        return
    for kind in filter(before.subscription.covers, EventType):
        principal.require(scope_of(kind))
    if before.headers is not None and parse_target(url).origin != parse_target(before.url).origin:
        principal.require(Scope.ACCOUNT_SECRETS)


def checked_headers(headers: dict[str, str]) -> dict[str, str]:
    seen: set[str] = set()
    for name, value in headers.items():
        pointer = "/headers/" + name.replace("~", "~0").replace("/", "~1")
        lowered = name.lower()
        if lowered in _HEADERS_REFUSED or lowered.startswith(_HEADERS_REFUSED_PREFIXES):
            raise Invalid.at(pointer, "header_reserved", f"Hookline sets the header {name} itself.")
        if lowered in seen:
            raise Invalid.at(pointer, "header_twice", f"The header {name} is there twice.")
        seen.add(lowered)
        try:
            check_header(name, value)
        except AttemptFailed as error:
            raise Invalid.at(pointer, error.code, error.detail) from error
    return headers
