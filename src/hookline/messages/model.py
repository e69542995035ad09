"""A message: its states, what may follow what, and what each change is called outside."""

from collections.abc import Sequence
from enum import StrEnum
from typing import cast

import msgspec

from hookline.clock import to_rfc3339
from hookline.events.model import EventType


class Status(StrEnum):
    """Where a message is."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    FAILED = "failed"
    CANCELED = "canceled"
    RECEIVED = "received"


class Change(StrEnum):
    """What can happen to a message."""

    DUE = "due"
    CLAIMED = "claimed"
    CANCELED = "canceled"
    REFUSED = "refused"
    OUTLIVED = "outlived"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    THROTTLED = "throttled"
    RECOVERED = "recovered"
    ANSWER_LOST = "answer_lost"
    GIVEN_UP = "given_up"
    SENT_AGAIN = "sent_again"
    REROUTED = "rerouted"
    DIVERTED = "diverted"
    UNREPORTED = "unreported"
    RECEIPT_DELIVERED = "receipt_delivered"
    RECEIPT_UNDELIVERED = "receipt_undelivered"
    RECEIPT_EXPIRED = "receipt_expired"


TRANSITIONS: dict[tuple[Status, Change], Status] = {
    (Status.SCHEDULED, Change.DUE): Status.QUEUED,
    (Status.SCHEDULED, Change.REFUSED): Status.FAILED,
    (Status.SCHEDULED, Change.CANCELED): Status.CANCELED,
    (Status.QUEUED, Change.CLAIMED): Status.SENDING,
    (Status.QUEUED, Change.CANCELED): Status.CANCELED,
    (Status.QUEUED, Change.OUTLIVED): Status.EXPIRED,
    (Status.SENDING, Change.ACCEPTED): Status.SENT,
    (Status.SENDING, Change.REJECTED): Status.FAILED,
    (Status.SENDING, Change.THROTTLED): Status.QUEUED,
    (Status.SENDING, Change.RECOVERED): Status.QUEUED,
    (Status.SENDING, Change.ANSWER_LOST): Status.SENT,
    (Status.SENT, Change.GIVEN_UP): Status.FAILED,
    (Status.SENT, Change.SENT_AGAIN): Status.QUEUED,
    (Status.SENDING, Change.REROUTED): Status.QUEUED,
    (Status.QUEUED, Change.DIVERTED): Status.QUEUED,
    (Status.SENT, Change.UNREPORTED): Status.QUEUED,
    (Status.SENT, Change.RECEIPT_DELIVERED): Status.DELIVERED,
    (Status.SENT, Change.RECEIPT_UNDELIVERED): Status.UNDELIVERED,
    (Status.SENT, Change.RECEIPT_EXPIRED): Status.EXPIRED,
}

AMBIGUOUS_ONLY = frozenset({Change.GIVEN_UP, Change.SENT_AGAIN})
"""Only possible while the error is `submit_ambiguous`."""

RECEIPTS = frozenset({Change.RECEIPT_DELIVERED, Change.RECEIPT_UNDELIVERED, Change.RECEIPT_EXPIRED})

FINAL = frozenset(
    {
        Status.DELIVERED,
        Status.UNDELIVERED,
        Status.EXPIRED,
        Status.FAILED,
        Status.CANCELED,
        Status.RECEIVED,
    }
)

EVENT_OF: dict[Status, EventType] = {
    Status.SENT: EventType.MESSAGE_SENT,
    Status.DELIVERED: EventType.MESSAGE_DELIVERED,
    Status.UNDELIVERED: EventType.MESSAGE_FAILED,
    Status.EXPIRED: EventType.MESSAGE_FAILED,
    Status.FAILED: EventType.MESSAGE_FAILED,
    Status.CANCELED: EventType.MESSAGE_CANCELED,
    Status.RECEIVED: EventType.MESSAGE_RECEIVED,
}
"""The event that entering a status makes; the statuses that are not here make none."""

DELIVERY_UNKNOWN = "delivery_unknown"
SUBMIT_AMBIGUOUS = "submit_ambiguous"

SUPERSEDED = "superseded"
"""The state of a segment whose message has been sent again since."""


def sources(change: Change) -> tuple[Status, ...]:
    """The statuses in which the change is possible."""
    return tuple(status for status, possible in TRANSITIONS if possible is change)


def target(change: Change) -> Status:
    """The status that the change leads to."""
    return next(to for (_, possible), to in TRANSITIONS.items() if possible is change)


class Message(msgspec.Struct, frozen=True, gc=False):
    """A stored message, column by column; instants are Unix milliseconds."""

    id: str
    account_id: str
    mode: str
    direction: str
    sender: str
    recipient: str
    text: str | None
    encoding: str
    segments: int
    status: str
    error_code: str | None
    carrier_code: str | None
    carrier_id: str | None
    credential_id: str | None
    tags: str | None
    metadata: str | None
    status_url: str | None
    status_events: str | None
    created_at: int
    updated_at: int
    send_at: int | None
    valid_until: int | None
    sent_at: int | None
    delivered_at: int | None
    sequence: int
    timeline: str
    owner: str | None

    @property
    def our_number(self) -> str:
        """The account's side of the conversation."""
        return self.sender if self.direction == "outbound" else self.recipient


COLUMNS: tuple[str, ...] = Message.__struct_fields__


def from_row(row: Sequence[object]) -> Message:
    """A row of COLUMNS as a message."""
    return Message(*cast("Sequence[str]", row))  # type: ignore[arg-type]  # by position


def timeline_line(
    status: str, at: int, carrier_code: str | None = None, detail: str | None = None
) -> str:
    """One line of the timeline column."""
    line = f'{{"status":"{status}","at":"{to_rfc3339(at)}"'
    if carrier_code is not None:
        line += f',"carrier_code":{msgspec.json.encode(carrier_code).decode()}'
    if detail is not None:
        line += f',"detail":{msgspec.json.encode(detail).decode()}'
    return line + "}\n"
