"""Endpoints and deliveries: frozen data, their states, and which events go where. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from hookline.clock import UnixMs
from hookline.events.model import EventType, family_of, readable_types, scope_of, types_matching
from hookline.ids import AccountId, DeliveryId, EndpointId
from hookline.principal import Mode, Principal
from hookline.webhooks.retry import Schedule

ANY = "*"


class EndpointStatus(StrEnum):
    """A disabled endpoint gets nothing; what was pending for it waits."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class DisabledReason(StrEnum):
    """Why an endpoint gets nothing any more."""

    BY_REQUEST = "by_request"
    """Somebody disabled it in the console or over the API."""
    GONE = "gone"
    """It answered 410."""
    BY_RECEIVER = "by_receiver"
    """It answered with `webhook-delivery: disable`."""
    FAILING = "failing"
    """Nothing got through to it for five days."""


class Ordering(StrEnum):
    """Whether a delivery waits for those before it."""

    NONE = "none"
    RESOURCE = "resource"
    """Only for those about the same message, call or other resource."""


class Instruction(StrEnum):
    """What a receiver can ask for in the header `webhook-delivery` of its answer."""

    DISABLE = "disable"
    """Send nothing any more."""
    ABORT_MESSAGE = "abort-message"
    """Do not try this one again."""


class DeliveryStatus(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELED = "canceled"


class Happening(StrEnum):
    """What moves a delivery on."""

    SUCCEEDED = "succeeded"
    WILL_RETRY = "will_retry"
    EXHAUSTED = "exhausted"
    ENDPOINT_DELETED = "endpoint_deleted"
    RESENT = "resent"


TRANSITIONS: dict[tuple[DeliveryStatus, Happening], DeliveryStatus] = {
    (DeliveryStatus.PENDING, Happening.SUCCEEDED): DeliveryStatus.DELIVERED,
    (DeliveryStatus.PENDING, Happening.WILL_RETRY): DeliveryStatus.PENDING,
    (DeliveryStatus.PENDING, Happening.EXHAUSTED): DeliveryStatus.FAILED,
    (DeliveryStatus.PENDING, Happening.ENDPOINT_DELETED): DeliveryStatus.CANCELED,
    (DeliveryStatus.PENDING, Happening.RESENT): DeliveryStatus.PENDING,
    (DeliveryStatus.DELIVERED, Happening.RESENT): DeliveryStatus.PENDING,
    (DeliveryStatus.FAILED, Happening.RESENT): DeliveryStatus.PENDING,
}


@dataclass(frozen=True, slots=True)
class Subscription:
    """Which event types an endpoint gets."""

    patterns: tuple[str, ...]
    families: frozenset[str]
    """What `*` stands for here: the families whose resources its creator could read."""

    def covers(self, event_type: EventType) -> bool:
        family = family_of(event_type)
        for pattern in self.patterns:
            if pattern == ANY:
                if family in self.families:
                    return True
            elif pattern in {event_type.value, f"{family}.*"}:
                return True
        return False


def subscribe(principal: Principal, patterns: tuple[str, ...]) -> Subscription:
    """The subscription that this caller may have. Raises InsufficientScope.

    Patterns that name a family need its read scope; `*` means all that the caller may read.
    """
    for pattern in patterns:
        if pattern != ANY:
            principal.require(scope_of(pattern))
    families = {family_of(kind) for kind in readable_types(principal)} if ANY in patterns else ()
    return Subscription(tuple(dict.fromkeys(patterns)), frozenset(families))


def is_pattern(text: str) -> bool:
    """Whether the text is `*`, `family.*` or the name of an event type."""
    return bool(types_matching(text))


@dataclass(frozen=True, slots=True)
class Policy:
    """How an endpoint wants its deliveries."""

    failover_url: str | None = None
    """Tried at once when there is no answer from the URL, or a 5xx."""
    rate_limit: float | None = None
    """Deliveries a second."""
    ordering: Ordering = Ordering.NONE
    schedule: Schedule | None = None
    """Its own retry schedule instead of the public ones."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A subscription with its target. Secrets and headers stay sealed until a request is signed."""

    id: EndpointId
    account_id: AccountId
    mode: Mode
    url: str
    description: str
    subscription: Subscription
    numbers: frozenset[str]
    """Only events about these numbers; empty: about any."""
    format: str
    status: EndpointStatus
    disabled_reason: DisabledReason | None
    channel: str | None
    created_at: UnixMs
    updated_at: UnixMs
    sequence: int
    secret: str = field(repr=False)
    previous_secret: str | None = field(repr=False)
    previous_secret_until: UnixMs | None
    headers: str | None = field(repr=False)
    policy: Policy = Policy()
    first_failure_at: UnixMs | None = None
    """Since when nothing has got through; None when something did lately."""
    warned_percent: int = 0
    """How much of the time was over, at the last warning, after which it is disabled."""

    @property
    def is_enabled(self) -> bool:
        return self.status is EndpointStatus.ENABLED

    @property
    def is_ordered(self) -> bool:
        return self.policy.ordering is not Ordering.NONE

    def wants(self, event_type: EventType, mode: Mode, numbers: tuple[str, ...]) -> bool:
        """Whether the event goes here. Events that are about no number pass the filter."""
        return (
            mode is self.mode
            and self.subscription.covers(event_type)
            and (not self.numbers or not numbers or not self.numbers.isdisjoint(numbers))
        )


@dataclass(slots=True, eq=False)
class Delivery:
    """A pending delivery that this node works on. One object a delivery, changed by the engine only."""

    id: DeliveryId
    account_id: AccountId
    endpoint_id: EndpointId | None
    """None: a message's `status_url`."""
    url: str | None
    event_id: str
    event_type: str
    resource_id: str
    body: bytes | None = field(repr=False)
    """The event; None: to be read again before the next attempt."""
    created_at: UnixMs
    attempts: int = 0
    round: int = 0
    """How much of the retry schedule is used up: one for each time that all its URLs failed."""
    is_test: bool = False
    """Tried once only."""
    is_dropped: bool = False
    """No longer held here."""
    unrecorded: object = field(default=None, repr=False)
    """The result that has not been committed yet."""


class Attempt(msgspec.Struct, frozen=True):
    """One request and what came of it."""

    number: int
    attempted_at: UnixMs
    url: str
    address: str | None
    status: int | None
    elapsed_ms: int
    error: str | None
    """Why there was no complete answer, or what is wrong with it: `code: detail`."""
    headers: tuple[tuple[str, str], ...]
    body: bytes
    retry_after_s: float | None = None
    instruction: Instruction | None = None
    is_ours: bool = False
    """Nothing was sent, for a reason that lies here."""
    is_final: bool = False
    """Another could do no better."""

    @property
    def is_success(self) -> bool:
        return self.error is None and self.status is not None and 200 <= self.status < 300
