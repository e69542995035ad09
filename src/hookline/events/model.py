"""What an event is, which types there are, and who may see them."""

from enum import StrEnum

import msgspec

from hookline.clock import UnixMs
from hookline.ids import AccountId, EventId
from hookline.principal import Mode, Principal, Scope


class EventType(StrEnum):
    """The public names."""

    MESSAGE_SENT = "message.sent"
    MESSAGE_DELIVERED = "message.delivered"
    MESSAGE_FAILED = "message.failed"
    MESSAGE_RECEIVED = "message.received"
    MESSAGE_CANCELED = "message.canceled"
    MESSAGE_OPTED_OUT = "message.opted_out"
    CALL_DIALING = "call.dialing"
    CALL_RINGING = "call.ringing"
    CALL_ANSWERED = "call.answered"
    CALL_COMPLETED = "call.completed"
    CALL_BUSY = "call.busy"
    CALL_NO_ANSWER = "call.no_answer"
    CALL_DECLINED = "call.declined"
    CALL_FAILED = "call.failed"
    CALL_CANCELED = "call.canceled"
    CALL_INCOMING = "call.incoming"
    CALL_DTMF = "call.dtmf"
    RECORDING_STARTED = "recording.started"
    RECORDING_COMPLETED = "recording.completed"
    RECORDING_FAILED = "recording.failed"
    RECORDING_DELETED = "recording.deleted"
    CREDENTIAL_CREATED = "credential.created"
    CREDENTIAL_UPDATED = "credential.updated"
    CREDENTIAL_ROTATED = "credential.rotated"
    CREDENTIAL_REVOKED = "credential.revoked"
    CREDENTIAL_EXPIRING = "credential.expiring"
    CREDENTIAL_ROTATION_DUE = "credential.rotation_due"
    CREDENTIAL_IDLE = "credential.idle"
    CREDENTIAL_USED_FROM_NEW_IP = "credential.used_from_new_ip"
    CREDENTIAL_LEAKED = "credential.leaked"
    WEBHOOK_FAILING = "webhook.failing"
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_RECOVERED = "webhook.recovered"


_READ_SCOPES = {
    "message": Scope.MESSAGES_READ,
    "call": Scope.CALLS_READ,
    "recording": Scope.RECORDINGS_READ,
    "credential": Scope.CREDENTIALS_READ,
    "webhook": Scope.WEBHOOKS_READ,
}


def scope_of(event_type: str) -> Scope:
    """The scope that may read the resource that events of this type are about."""
    return _READ_SCOPES[family_of(event_type)]


def family_of(event_type: str) -> str:
    """The first part of a type's name: what kind of resource it is about."""
    return event_type.partition(".")[0]


def readable_types(principal: Principal) -> list[EventType]:
    """The types that this caller may see."""
    return [kind for kind in EventType if principal.may(scope_of(kind))]


def types_matching(pattern: str) -> list[EventType]:
    """The types that `*`, `message.*` or an exact name stands for; none when it stands for nothing."""
    if pattern == "*":
        return list(EventType)
    family, _, rest = pattern.partition(".")
    if rest == "*":
        return [kind for kind in EventType if family_of(kind) == family]
    return [kind for kind in EventType if kind == pattern]


class Draft(msgspec.Struct, frozen=True, gc=False):
    """An event to append: everything but what only the commit can say."""

    account_id: AccountId
    type: EventType
    mode: Mode
    resource_id: str
    data: bytes
    """The resource as JSON."""
    occurred_at: UnixMs
    sequence: int | None = None
    """The resource's own count, when its row keeps one; None: counted from its events."""
    numbers: tuple[str, ...] = ()
    """The account's numbers that it is about; endpoints may filter by them."""
    status_url: str | None = None
    """An extra target: where the sender of this message wants its events."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """An appended event."""

    id: EventId
    position: int
    sequence: int
    body: bytes
    """The JSON that receivers of format `standard` get; the same bytes on every attempt."""
    draft: Draft
