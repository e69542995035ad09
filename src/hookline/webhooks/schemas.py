"""The wire shapes of webhooks and deliveries."""

from typing import Annotated, Any, Literal

import msgspec
from pydantic import Field, StrictBool, StrictInt

from hookline.api.wire import Body, Shape, Timestamp, shown
from hookline.clock import UnixMs
from hookline.events.model import EventType
from hookline.outbound.targets import URL_LENGTH_MAX
from hookline.principal import Mode
from hookline.webhooks.ledger import DeliveryRow
from hookline.webhooks.model import Attempt, DeliveryStatus, DisabledReason, Endpoint, Ordering
from hookline.webhooks.retry import FAILING_MAX_MS, retry_seconds

Url = Annotated[
    str,
    Field(min_length=1, max_length=URL_LENGTH_MAX, examples=["https://example.com/hooks/hookline"]),
]
Patterns = Annotated[
    list[Annotated[str, Field(max_length=64)]],
    Field(
        min_length=1,
        max_length=50,
        description="Event types, `message.*`, or `*`: all that the creator may read.",
        examples=[["message.*"]],
    ),
]
Numbers = Annotated[
    list[Annotated[str, Field(max_length=32)]],
    Field(max_length=100, description="Only events about these of the account's numbers."),
]
Headers = Annotated[
    dict[Annotated[str, Field(max_length=100)], Annotated[str, Field(max_length=1_000)]],
    Field(
        max_length=20,
        description="Sent with every request. Not Host, Content-*, webhook-*, or those of the "
        "connection.",
    ),
]
Description = Annotated[str, Field(max_length=200)]
NOT_TOLD = ("secret", "headers", "previous_secret_expires_at")
"""What events about an endpoint leave out."""
FailoverUrl = Annotated[
    Url | None,
    Field(description="Tried at once when there is no answer from `url`, or a 5xx."),
]
RateLimit = Annotated[
    float | None,
    Field(ge=0.01, le=10_000, description="Deliveries a second; what is too many waits."),
]
Ordered = Annotated[
    Literal["none", "resource"],
    Field(
        description="`resource`: an event waits until those before it about the same message or call "
        "have been delivered or given up. Others do not wait for it."
    ),
]
RetrySchedule = Annotated[
    list[Annotated[StrictInt, Field(ge=1, le=86_400)]] | None,
    Field(
        max_length=20,
        description="Seconds before each retry, ±20 %; `[]`: none. null: the public schedule.",
        examples=[[5, 60, 600]],
    ),
]


class WebhookCreate(Body):
    """An endpoint to add."""

    url: Url
    description: Description = ""
    events: Patterns
    numbers: Numbers | None = None
    headers: Headers | None = None
    format: Literal["standard", "v3"] = "standard"
    failover_url: FailoverUrl = None
    rate_limit_per_second: RateLimit = None
    ordered: Ordered = "none"
    retry_schedule: RetrySchedule = None


class WebhookPatch(Body):
    """What to change; what is left out stays."""

    url: Url | None = None
    description: Description | None = None
    events: Patterns | None = None
    numbers: Annotated[
        Numbers | None, Field(description="An empty list takes the filter away.")
    ] = None
    headers: Annotated[Headers | None, Field(description="Replaces all; `{}` takes them away.")] = (
        None
    )
    failover_url: FailoverUrl = None
    rate_limit_per_second: RateLimit = None
    ordered: Ordered = "none"
    retry_schedule: RetrySchedule = None
    disabled: StrictBool | None = None


class SecretRotate(Body):
    """How long the old secret signs along."""

    grace_seconds: Annotated[StrictInt, Field(ge=0, le=604_800)] = 86_400


class TestSend(Body):
    """Which example to send."""

    __test__ = False  # no test class, whatever pytest thinks of its name
    event_type: EventType
    data: Annotated[
        dict[str, Any] | None,
        Field(description="The resource to send instead of the example; at most 20 KB of JSON."),
    ] = None


class Webhook(Shape):
    """An endpoint: where events go, and which."""

    id: str
    object: Literal["webhook"] = "webhook"
    url: str
    description: str
    events: list[str]
    numbers: list[str] | None
    headers: Annotated[
        dict[str, str] | None,
        Field(description="Values are shown to callers with `account:secrets` only."),
    ] = None
    format: str
    failover_url: str | None
    rate_limit_per_second: float | None
    ordered: Ordering
    retry_schedule: Annotated[list[int] | None, Field(description="null: the public schedule.")]
    mode: Mode
    disabled: bool
    disabled_reason: DisabledReason | None
    failing_since: Annotated[
        Timestamp | None, Field(description="Since when nothing has got through.")
    ]
    disabled_from: Annotated[
        Timestamp | None,
        Field(description="When it is disabled, if nothing gets through until then."),
    ]
    secret: Annotated[
        str | None,
        Field(description="When created or rotated, and to callers with `account:secrets`."),
    ] = None
    previous_secret_expires_at: Timestamp | None = None
    created_at: Timestamp
    updated_at: Timestamp


class DeliveryAttempt(Shape):
    """One request to the endpoint and its answer."""

    number: int
    attempted_at: Timestamp
    url: str
    address: Annotated[str | None, Field(description="The IP address that was connected to.")]
    status: Annotated[int | None, Field(description="The HTTP status; null without an answer.")]
    elapsed_ms: int
    error: str | None
    response_headers: list[Annotated[list[str], Field(min_length=2, max_length=2)]]
    response_body: Annotated[str, Field(description="At most 16 KB of it.")]


class TestResult(DeliveryAttempt):
    """The attempt that a test made."""

    __test__ = False  # no test class, whatever pytest thinks of its name
    delivery_id: str


class DeliverySummary(Shape):
    """One event on its way to one endpoint."""

    id: str
    object: Literal["delivery"] = "delivery"
    webhook_id: Annotated[str | None, Field(description="null: a message's `status_url`.")]
    url: Annotated[str | None, Field(description="null when the webhook was deleted.")]
    event_id: str
    event_type: str
    resource_id: str
    mode: Mode
    status: DeliveryStatus
    attempt_count: int
    last_status: int | None
    last_error: str | None
    created_at: Timestamp
    next_attempt_at: Timestamp | None
    finished_at: Timestamp | None


class DeliveryDetail(DeliverySummary):
    """A delivery with every attempt."""

    attempts: list[DeliveryAttempt]


def webhook_shape(
    endpoint: Endpoint, *, secret: str | None = None, headers: dict[str, str] | None = None
) -> Webhook:
    """The wire shape of an endpoint; secret parts are given by those who may show them."""
    has_previous, policy = endpoint.previous_secret is not None, endpoint.policy
    since = endpoint.first_failure_at if endpoint.is_enabled else None
    return Webhook(
        id=endpoint.id,
        url=endpoint.url,
        description=endpoint.description,
        events=list(endpoint.subscription.patterns),
        numbers=sorted(endpoint.numbers) or None,
        headers=headers,
        format=endpoint.format,
        failover_url=policy.failover_url,
        rate_limit_per_second=policy.rate_limit,
        ordered=policy.ordering,
        retry_schedule=None if policy.schedule is None else retry_seconds(policy.schedule),
        mode=endpoint.mode,
        disabled=not endpoint.is_enabled,
        disabled_reason=endpoint.disabled_reason,
        failing_since=shown(since),
        disabled_from=None if since is None else shown(UnixMs(since + FAILING_MAX_MS)),
        secret=secret,
        previous_secret_expires_at=shown(endpoint.previous_secret_until) if has_previous else None,
        created_at=shown(endpoint.created_at) or "",
        updated_at=shown(endpoint.updated_at) or "",
    )


def endpoint_data(endpoint: Endpoint) -> bytes:
    """What events about an endpoint show: nothing secret."""
    return webhook_shape(endpoint).model_dump_json(exclude=set(NOT_TOLD)).encode()


def delivery_shape(row: DeliveryRow) -> DeliverySummary:
    """The wire shape of a delivery, of a row with its endpoint's URL."""
    return DeliverySummary(**_delivery_fields(row))


def delivery_detail(row: DeliveryRow, attempts: list[DeliveryAttempt]) -> DeliveryDetail:
    return DeliveryDetail(**_delivery_fields(row), attempts=attempts)


def _delivery_fields(row: DeliveryRow) -> dict[str, Any]:  # Any: the fields of DeliverySummary
    return {
        "id": row.id,
        "webhook_id": row.endpoint_id,
        "url": row.url or row.endpoint_url,
        "event_id": row.event_id,
        "event_type": row.event_type,
        "resource_id": row.resource_id,
        "mode": row.mode,
        "status": row.status,
        "attempt_count": row.attempts,
        "last_status": row.last_status,
        "last_error": row.last_error,
        "created_at": shown(row.created_at),
        "next_attempt_at": shown(row.next_attempt_at),
        "finished_at": shown(row.finished_at),
    }


def stored_attempt(row: Any) -> DeliveryAttempt:  # Any: a row of attempts
    """The wire shape of a stored attempt."""
    return DeliveryAttempt(
        number=row.number,
        attempted_at=shown(row.attempted_at) or "",
        url=row.url,
        address=row.address,
        status=row.status,
        elapsed_ms=row.elapsed_ms,
        error=row.error,
        response_headers=msgspec.json.decode(row.response_headers or "[]"),
        response_body=bytes(row.response_body or b"").decode("utf-8", "replace"),
    )


def attempt_shape(attempt: Attempt) -> DeliveryAttempt:
    """The wire shape of an attempt that was just made."""
    return DeliveryAttempt(
        number=attempt.number,
        attempted_at=shown(attempt.attempted_at) or "",
        url=attempt.url,
        address=attempt.address,
        status=attempt.status,
        elapsed_ms=attempt.elapsed_ms,
        error=attempt.error,
        response_headers=[list(pair) for pair in attempt.headers],
        response_body=attempt.body.decode("utf-8", "replace"),
    )
