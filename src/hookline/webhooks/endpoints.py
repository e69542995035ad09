"""Use cases of endpoints: create, read, change, rotate the secret, delete. Free of HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hookline.audit.append import record
from hookline.audit.repeated import record_once
from hookline.clock import SECOND_MS, UnixMs
from hookline.errors import Invalid
from hookline.events.model import EventType
from hookline.ids import EndpointId
from hookline.numbers.e164 import InvalidNumber, parse_number
from hookline.outbound.sealing import SecretBox
from hookline.outbound.signing import new_secret
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.webhooks import ledger
from hookline.webhooks import store as sql
from hookline.webhooks.errors import ChannelTaken, EndpointNotFound
from hookline.webhooks.health import announce
from hookline.webhooks.keys import ENDPOINT_SECRET, open_headers, seal_headers
from hookline.webhooks.model import (
    DisabledReason,
    Endpoint,
    EndpointStatus,
    Policy,
    Subscription,
    is_pattern,
    subscribe,
)
from hookline.webhooks.targets import (
    check_may_add_target,
    check_may_redirect,
    check_policy,
    check_url,
    checked_headers,
)


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """What somebody wants to be told, and where."""

    url: str
    events: tuple[str, ...]
    description: str = ""
    numbers: tuple[str, ...] = ()
    headers: dict[str, str] | None = None
    policy: Policy = field(default_factory=Policy)
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
    policy: Mapping[str, object] = field(default_factory=dict)
    """The fields of the policy that change."""
    disabled: bool | None = None
    https_only: bool = False


async def create_endpoint(
    tx: Transaction, store: Store, box: SecretBox, principal: Principal, new: NewEndpoint
) -> tuple[Endpoint, str]:
    """Add an endpoint; it and its signing secret. Raises Invalid, InsufficientScope."""
    now = store.now()
    secret = new_secret()
    check_url(store, new.url, https_only=new.https_only)
    check_policy(store, new.policy)
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
        headers=seal_headers(box, checked_headers(new.headers or {})),
        policy=new.policy,
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
    values = _target_values(store, box, principal, before, change)
    if change.events is not None:
        values["events"] = sql.events_text(_subscription(principal, change.events))
    if change.description is not None:
        values["description"] = change.description
    if change.numbers is not None:
        values["numbers"] = sql.numbers_text(_numbers(change.numbers))
    if change.disabled is not None:
        status = EndpointStatus.DISABLED if change.disabled else EndpointStatus.ENABLED
        values["status"] = status.value
        values["disabled_reason"] = DisabledReason.BY_REQUEST.value if change.disabled else None
        values |= {} if change.disabled else sql.WELL
    after = await _change(tx, store, before, values)
    record(tx, principal, "webhook.update", before.id, before=_facts(before), after=_facts(after))
    if before.is_enabled and not after.is_enabled:
        await announce(tx, after, EventType.WEBHOOK_DISABLED)
    elif after.is_enabled and not before.is_enabled:
        await announce(tx, after, EventType.WEBHOOK_RECOVERED)
    if after.is_enabled and (not before.is_enabled or after.url != before.url):
        await ledger.resume(tx, after.id, store.now())
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


def _target_values(
    store: Store,
    box: SecretBox,
    principal: Principal,
    before: Endpoint,
    change: EndpointChange,
) -> dict[str, object]:
    """The columns that say where requests go, and how. Raises Invalid, InsufficientScope."""
    values: dict[str, object] = {}
    if change.url is not None:
        target = check_url(store, change.url, https_only=change.https_only)
        check_may_redirect(
            principal, before, target, url=change.url,
            keeps_events=change.events is None, keeps_headers=change.headers is None,
        )  # fmt: skip
        values["url"] = change.url
    if change.headers is not None:
        values["headers"] = seal_headers(box, checked_headers(change.headers))
    if change.policy:
        policy = replace(before.policy, **change.policy)  # type: ignore[arg-type]  # checked by the edge
        check_policy(store, policy)
        check_may_add_target(principal, before, policy)
        values |= sql.policy_values(policy)
    return values


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
        **sql.policy_values(endpoint.policy),
        "has_headers": endpoint.headers is not None,
    }
