"""Webhooks, their deliveries and attempts as pages show them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hookline.console.navigation import CALLS, MESSAGES, RECORDINGS
from hookline.console.views.status import Badge, badge
from hookline.events.catalogue import example_resource_id
from hookline.events.model import EventType, family_of, scope_of
from hookline.ids import is_id
from hookline.principal import Principal
from hookline.webhooks.model import Attempt, DeliveryStatus, Endpoint, Ordering, Policy
from hookline.webhooks.retry import FAILING_MAX_MS, Schedule, retry_seconds

_REASONS = {
    "by_request": "Somebody paused it",
    "gone": "The receiver answered 410 Gone",
    "by_receiver": "The receiver asked for it in its answer",
    "failing": "Nothing got through for five days",
}
_RESENDABLE = frozenset({DeliveryStatus.DELIVERED.value, DeliveryStatus.FAILED.value, "pending"})
_BODY_SHOWN_MAX = 16_384
_EXAMPLES = frozenset(example_resource_id(kind) for kind in EventType)
_PLACES = {"msg": MESSAGES, "call": CALLS, "rec": RECORDINGS}


@dataclass(frozen=True, slots=True)
class WebhookView:
    """One endpoint."""

    id: str
    url: str
    host: str
    description: str
    events: Sequence[str]
    numbers: Sequence[str]
    """Only events about these; empty: about any."""
    format: str
    status: Badge
    is_enabled: bool
    disabled_reason: str
    created_at: int
    secret_overlap_until: int | None
    policy: Sequence[tuple[str, str]]
    """What it asks for, in words; only what is not usual."""
    failing_since: int | None
    disabled_from: int | None


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One event on its way to one receiver."""

    id: str
    event_id: str
    event_type: str
    target: str
    about_url: str
    about: str
    status: Badge
    attempts: int
    last_answer: str
    created_at: int
    next_attempt_at: int | None
    is_resendable: bool


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One request and its answer."""

    number: int
    attempted_at: int
    address: str
    status: int | None
    is_success: bool
    elapsed_ms: int
    error: str
    headers: Sequence[tuple[str, str]]
    body: str


@dataclass(frozen=True, slots=True)
class NumberChoice:
    """A number that a webhook can be limited to."""

    number: str
    is_chosen: bool
    is_foreign: bool
    """Whether it is known to be none of the account's."""


@dataclass(frozen=True, slots=True)
class Family:
    """Event types that can be chosen together."""

    title: str
    pattern: str
    types: Sequence[str]


def webhook_view(endpoint: Endpoint, now: int) -> WebhookView:
    until = endpoint.previous_secret_until
    reason = endpoint.disabled_reason or ""
    since = endpoint.first_failure_at if endpoint.is_enabled else None
    return WebhookView(
        id=endpoint.id,
        url=endpoint.url,
        host=urlsplit(endpoint.url).netloc or endpoint.url,
        description=endpoint.description,
        events=endpoint.subscription.patterns,
        numbers=sorted(endpoint.numbers),
        format=endpoint.format,
        status=badge(endpoint.status.value),
        is_enabled=endpoint.is_enabled,
        disabled_reason=_REASONS.get(reason, reason.replace("_", " ")),
        created_at=endpoint.created_at,
        secret_overlap_until=until if until and until > now else None,
        policy=_policy_words(endpoint.policy),
        failing_since=since,
        disabled_from=None if since is None else since + FAILING_MAX_MS,
    )


def schedule_words(schedule: Schedule | None) -> str:
    """A schedule as the form shows it: `5, 60, 600`."""
    return "" if schedule is None else ", ".join(map(str, retry_seconds(schedule))) or "none"


def _policy_words(policy: Policy) -> list[tuple[str, str]]:
    words = {
        "Failover": policy.failover_url or "",
        "Rate": f"{policy.rate_limit:g} a second" if policy.rate_limit else "",
        "Retries": _retry_words(policy.schedule),
        "Order": "kept for each message and call" if policy.ordering is Ordering.RESOURCE else "",
    }
    return [(title, text) for title, text in words.items() if text]


def _retry_words(schedule: Schedule | None) -> str:
    if schedule is None:
        return ""
    return f"after {schedule_words(schedule)} s" if len(schedule) > 1 else "none"


def delivery_row(row: Any) -> DeliveryView:  # Any: a row of deliveries with its endpoint's URL
    place = _place_of(row.resource_id)
    return DeliveryView(
        id=row.id,
        event_id=row.event_id,
        event_type=row.event_type,
        target=row.url or row.endpoint_url or "a webhook that was deleted",
        about_url=f"{place}/{row.resource_id}" if place else "",
        about=row.resource_id,
        status=badge(row.status),
        attempts=row.attempts,
        last_answer=_last_answer(row.last_status, row.last_error),
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at if row.status == "pending" else None,
        is_resendable=row.status in _RESENDABLE,
    )


def stored_attempt(row: Any) -> AttemptView:  # Any: a row of attempts
    success = row.error is None and row.status is not None and 200 <= row.status < 300
    return AttemptView(
        number=row.number,
        attempted_at=row.attempted_at,
        address=row.address or "",
        status=row.status,
        is_success=success,
        elapsed_ms=row.elapsed_ms,
        error=row.error or "",
        headers=[
            (name, value) for name, value in msgspec.json.decode(row.response_headers or "[]")
        ],
        body=_text(bytes(row.response_body or b"")),
    )


def made_attempt(attempt: Attempt) -> AttemptView:
    """An attempt that was made a moment ago."""
    return AttemptView(
        number=attempt.number,
        attempted_at=attempt.attempted_at,
        address=attempt.address or "",
        status=attempt.status,
        is_success=attempt.is_success,
        elapsed_ms=attempt.elapsed_ms,
        error=attempt.error or "",
        headers=attempt.headers,
        body=_text(attempt.body),
    )


def families(principal: Principal) -> list[Family]:
    """The event types that the person may subscribe to, by what they are about."""
    found: dict[str, list[str]] = {}
    for kind in readable(principal):
        found.setdefault(family_of(kind), []).append(kind)
    return [Family(name, f"{name}.*", types) for name, types in found.items()]


def readable(principal: Principal) -> list[str]:
    """The event types that the person may see."""
    return [kind.value for kind in EventType if principal.may(scope_of(kind))]


def simplified(patterns: Iterable[str]) -> tuple[str, ...]:
    """Without the types that a chosen family covers already."""
    chosen = list(dict.fromkeys(patterns))
    covered = {pattern[:-2] for pattern in chosen if pattern.endswith(".*")}
    return tuple(
        pattern for pattern in chosen if pattern.endswith("*") or family_of(pattern) not in covered
    )


def number_choices(
    own: Sequence[str], chosen: Sequence[str], *, is_cut: bool
) -> list[NumberChoice]:
    """The account's numbers, and what was chosen besides: whoever edits something else must not
    change what the webhook is limited to. `is_cut` says that the account has more numbers.
    """
    return [
        NumberChoice(number, number in chosen, not is_cut and number not in own)
        for number in dict.fromkeys([*own, *chosen])
    ]


def verification(secret: str) -> str:
    """Python that checks a request's signature."""
    return (
        "from standardwebhooks import Webhook  # pip install standardwebhooks\n\n"
        f'webhook = Webhook("{secret}")\n'
        "event = webhook.verify(request.body, request.headers)"
    )


def _place_of(resource_id: str) -> str:
    """Where what it is about is shown; a test is about an example that does not exist."""
    if resource_id in _EXAMPLES:
        return ""
    prefix = resource_id.partition("_")[0]
    return _PLACES.get(prefix, "") if is_id(prefix, resource_id) else ""


def _last_answer(status: int | None, error: str | None) -> str:
    if error:
        return f"{status}: {error}" if status else error
    return str(status) if status else "–"


def _text(body: bytes) -> str:
    return body[:_BODY_SHOWN_MAX].decode("utf-8", "replace")
