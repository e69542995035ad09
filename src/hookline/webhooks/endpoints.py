"""Use cases of endpoints: create, read, change, rotate the secret, delete. Free of HTTP."""

from dataclasses import dataclass
from ipaddress import IPv4Address

from hookline.audit.append import record
from hookline.audit.repeated import record_once
from hookline.clock import SECOND_MS, UnixMs
from hookline.errors import Invalid
from hookline.events.model import EventType, scope_of
from hookline.ids import EndpointId
from hookline.numbers.e164 import InvalidNumber, parse_number
from hookline.outbound.addresses import is_public
from hookline.outbound.errors import AttemptFailed
from hookline.outbound.http_client import check_header
from hookline.outbound.sealing import SecretBox
from hookline.outbound.signing import new_secret
from hookline.outbound.targets import Target, check_target, parse_target
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.webhooks import store as sql
from hookline.webhooks.errors import ChannelTaken, EndpointNotFound
from hookline.webhooks.keys import ENDPOINT_SECRET, open_headers, seal_headers
from hookline.webhooks.model import (
    Endpoint,
    EndpointStatus,
    Subscription,
    is_pattern,
    subscribe,
)
from hookline.webhooks.results import announce

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


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """What somebody wants to be told, and where."""

    url: str
    events: tuple[str, ...]
    description: str = ""
    numbers: tuple[str, ...] = ()
    headers: dict[str, str] | None = None
    format: str = "standard"
    channel: str | None = None
    https_only: bool = False


@dataclass(frozen=True, slots=True)
class EndpointChange:
    """What to change; None stays as it is."""

    url: str | None = None
    events: tuple[str, ...] | None = None
    description: str | None = None
    numbers: tuple[str, ...] | None = None
    headers: dict[str, str] | None = None
    disabled: bool | None = None
    https_only: bool = False


async def create_endpoint(
    tx: Transaction, store: Store, box: SecretBox, principal: Principal, new: NewEndpoint
) -> tuple[Endpoint, str]:
    """Add an endpoint; it and its signing secret. Raises Invalid, InsufficientScope."""
    now = store.now()
    secret = new_secret()
    check_url(store, new.url, https_only=new.https_only)
    endpoint = Endpoint(
        id=EndpointId(store.ids.new("whk")),
        account_id=principal.account_id,
        mode=principal.mode,
        url=new.url,
        description=new.description,
        subscription=_subscription(principal, new.events),
        numbers=_numbers(new.numbers),
        format=new.format,
        status=EndpointStatus.ENABLED,
        disabled_reason=None,
        channel=new.channel,
        created_at=now,
        updated_at=now,
        sequence=0,
        secret=box.seal(ENDPOINT_SECRET, secret),
        previous_secret=None,
        previous_secret_until=None,
        headers=seal_headers(box, _checked_headers(new.headers or {})),
    )
    if not (await tx.insert(sql.INSERT, [sql.row_of(endpoint)]))[0]:
        raise ChannelTaken
    await sql.bump_version(tx, principal.account_id)
    record(tx, principal, "webhook.create", endpoint.id, after=_facts(endpoint))
    return endpoint, secret


async def get_endpoint(store: Store, principal: Principal, endpoint_id: str) -> Endpoint:
    """One endpoint of the caller's account and mode. Raises EndpointNotFound."""
    rows = await store.read(sql.by_id(principal.account_id, principal.mode, endpoint_id))
    if not rows:
        raise EndpointNotFound(endpoint_id)
    return sql.endpoint_of(rows[0])


async def patch_endpoint(
    tx: Transaction,
    store: Store,
    box: SecretBox,
    principal: Principal,
    endpoint_id: str,
    change: EndpointChange,
) -> Endpoint:
    """Change an endpoint. Raises EndpointNotFound, Invalid, InsufficientScope."""
    before = await _locked(tx, principal, endpoint_id)
    values: dict[str, object] = {}
    if change.url is not None:
        target = check_url(store, change.url, https_only=change.https_only)
        _check_may_redirect(principal, before, change, target)
        values["url"] = change.url
    if change.events is not None:
        values["events"] = sql.events_text(_subscription(principal, change.events))
    if change.description is not None:
        values["description"] = change.description
    if change.numbers is not None:
        values["numbers"] = sql.numbers_text(_numbers(change.numbers))
    if change.headers is not None:
        values["headers"] = seal_headers(box, _checked_headers(change.headers))
    if change.disabled is not None:
        status = EndpointStatus.DISABLED if change.disabled else EndpointStatus.ENABLED
        values["status"] = status.value
        values["disabled_reason"] = "by_request" if change.disabled else None
    after = await _change(tx, store, before, values)
    record(tx, principal, "webhook.update", before.id, before=_facts(before), after=_facts(after))
    if before.is_enabled and not after.is_enabled:
        await announce(tx, after, EventType.WEBHOOK_DISABLED)
    elif after.is_enabled and not before.is_enabled:
        await announce(tx, after, EventType.WEBHOOK_RECOVERED)
    return after


async def rotate_secret(
    tx: Transaction,
    store: Store,
    box: SecretBox,
    principal: Principal,
    endpoint_id: str,
    grace_seconds: int,
) -> tuple[Endpoint, str]:
    """A new signing secret; the old one signs along during the grace. Raises EndpointNotFound."""
    before = await _locked(tx, principal, endpoint_id)
    secret = new_secret()
    has_grace = grace_seconds > 0
    until = UnixMs(store.now() + grace_seconds * SECOND_MS)
    after = await _change(
        tx,
        store,
        before,
        {
            "secret": box.seal(ENDPOINT_SECRET, secret),
            "previous_secret": before.secret if has_grace else None,
            "previous_secret_until": until if has_grace else None,
        },
    )
    record(
        tx, principal, "webhook.rotate_secret", before.id,
        before={"secrets": _secrets(before, store.now())},
        after={"secrets": _secrets(after, store.now()), "grace_seconds": grace_seconds},
    )  # fmt: skip
    return after, secret


async def delete_endpoint(
    tx: Transaction, store: Store, principal: Principal, endpoint_id: str
) -> None:
    """Delete an endpoint; what was pending for it is canceled. Raises EndpointNotFound."""
    before = await _locked(tx, principal, endpoint_id)
    await tx.changed(sql.cancel_pending(before.id, store.now()))
    await tx.changed(sql.remove(before.id))
    await sql.bump_version(tx, before.account_id)
    record(tx, principal, "webhook.delete", before.id, before=_facts(before))


def secret_of(box: SecretBox, principal: Principal, endpoint: Endpoint) -> str | None:
    """The signing secret, for those who may see it."""
    if not principal.may(Scope.ACCOUNT_SECRETS):
        return None
    return box.open(ENDPOINT_SECRET, endpoint.secret)


async def show_secret(
    store: Store, box: SecretBox, principal: Principal, endpoint: Endpoint
) -> str | None:
    """The same; that somebody saw it is noted, once an hour."""
    secret = secret_of(box, principal, endpoint)
    if secret is not None:
        await record_once(store, principal, "webhook.show_secret", endpoint.id)
    return secret


def headers_of(box: SecretBox, principal: Principal, endpoint: Endpoint) -> dict[str, str] | None:
    """The endpoint's own headers; their values only for those who may see secrets."""
    if endpoint.headers is None:
        return None
    headers = open_headers(box, endpoint.headers)
    if principal.may(Scope.ACCOUNT_SECRETS):
        return headers
    return dict.fromkeys(headers, "[hidden]")


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


def _is_listed(target: Target) -> bool:
    """Whether a checked target is private: then the operator's list is what let it through."""
    address = target.address
    if target.host == "localhost" or target.host.endswith(".localhost"):
        address = IPv4Address("127.0.0.1")
    return address is not None and not is_public(address)


def _check_may_redirect(
    principal: Principal, before: Endpoint, change: EndpointChange, target: Target
) -> None:
    """Sending what others asked for elsewhere is as good as reading it. Raises InsufficientScope."""
    if change.url == before.url:
        return
    if change.events is None:
        for kind in filter(before.subscription.covers, EventType):
            principal.require(scope_of(kind))
    keeps_headers = change.headers is None and before.headers is not None
    if keeps_headers and target.origin != parse_target(before.url).origin:
        principal.require(Scope.ACCOUNT_SECRETS)


def _subscription(principal: Principal, patterns: tuple[str, ...]) -> Subscription:
    for place, pattern in enumerate(patterns):
        if not is_pattern(pattern):
            raise Invalid.at(
                f"/events/{place}",
                "unknown_event_type",
                f"There is no event type {pattern[:64]!r}; see the list.",
            )
    return subscribe(principal, patterns)


def _numbers(texts: tuple[str, ...]) -> frozenset[str]:
    numbers = set()
    for place, text in enumerate(texts):
        try:
            numbers.add(parse_number(text))
        except InvalidNumber as error:
            raise Invalid.at(f"/numbers/{place}", error.code, error.detail) from error
    return frozenset(numbers)


def _checked_headers(headers: dict[str, str]) -> dict[str, str]:
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


async def _locked(tx: Transaction, principal: Principal, endpoint_id: str) -> Endpoint:
    statement = sql.by_id(principal.account_id, principal.mode, endpoint_id)
    rows = await tx.execute(statement.with_for_update())
    if not rows:
        raise EndpointNotFound(endpoint_id)
    return sql.endpoint_of(rows[0])


async def _change(
    tx: Transaction, store: Store, before: Endpoint, values: dict[str, object]
) -> Endpoint:
    await tx.changed(sql.change(before.id, store.now(), **values))
    await sql.bump_version(tx, before.account_id)
    rows = await tx.execute(sql.by_ids([before.id]))
    return sql.endpoint_of(rows[0])


def _secrets(endpoint: Endpoint, now: UnixMs) -> int:
    """How many secrets sign its requests."""
    return (
        1 if endpoint.previous_secret is None or now >= (endpoint.previous_secret_until or 0) else 2
    )


def _facts(endpoint: Endpoint) -> dict[str, object]:
    """What the audit trail keeps: nothing secret."""
    return {
        "url": endpoint.url,
        "description": endpoint.description,
        "events": list(endpoint.subscription.patterns),
        "numbers": sorted(endpoint.numbers),
        "format": endpoint.format,
        "mode": endpoint.mode.value,
        "status": endpoint.status.value,
        "has_headers": endpoint.headers is not None,
    }
