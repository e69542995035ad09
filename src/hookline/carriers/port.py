"""The port of every carrier: how messages are handed to a link, and what the link reports.

A link is handed lists and reports lists, so that neither side needs a task a message. It reports
through `Reports`, which the message room implements; a report's `done` is called once its effect is
durable, which is when the link may acknowledge it to the carrier.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from hookline.carriers.encoding import Encoding
from hookline.clock import UnixMs
from hookline.ids import AccountId, CarrierId, MessageId
from hookline.principal import Mode


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that the link is to send; its status `sending` is durable."""

    message_id: MessageId
    sender: str
    recipient: str
    parts: tuple[str, ...]
    """The text of each segment."""
    encoding: Encoding
    valid_until: UnixMs


class SubmitResult(StrEnum):
    """What became of one submit."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """For good: sending it again would be refused again."""
    THROTTLED = "throttled"
    """Not taken now; it goes back to the head of the queue."""
    AMBIGUOUS = "ambiguous"
    """The answer was lost: the carrier may have it or not."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """The outcome of one Outgoing."""

    message_id: MessageId
    result: SubmitResult
    carrier_message_ids: tuple[str, ...] = ()
    """One a segment, in order, when accepted."""
    error_code: str | None = None
    """Our stable code, when rejected."""
    carrier_code: str | None = None
    detail: str | None = None
    retry_after_s: float = 1.0


class ReceiptState(StrEnum):
    """Final states that a receipt can report; what is not final is not reported."""

    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The carrier says what became of one segment."""

    carrier_message_id: str
    state: ReceiptState
    carrier_code: str | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message from outside, whole."""

    sender: str
    recipient: str
    text: str
    encoding: Encoding
    segments: int
    account_id: AccountId | None = None
    """Known where the link belongs to one account; else found by the recipient's number."""
    mode: Mode | None = None
    """Known where a credential writes as a virtual phone."""


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A message that a carrier took and whose receipt has not come yet."""

    message_id: MessageId
    recipient: str
    sent_at: UnixMs
    carrier_message_ids: tuple[str, ...]


class Reports(Protocol):
    """What a link tells the message room."""

    def submitted(self, carrier_id: CarrierId, outcomes: Sequence[Submitted]) -> None: ...

    def receipts(
        self,
        carrier_id: CarrierId,
        receipts: Sequence[Receipt],
        done: Callable[[], None] | None = None,
    ) -> None: ...

    async def received(self, carrier_id: CarrierId, message: Incoming) -> MessageId:
        """Returns when the message is durable. Raises NotFound when no account has the number."""
        ...

    def ready(self, carrier_id: CarrierId) -> None:
        """The link can take more."""
        ...


class Link(Protocol):
    """One way to a carrier's network, open on this node."""

    carrier_id: CarrierId
    ambiguous: Literal["resend", "hold"]
    """What to do with messages that were being sent when a node died."""

    @property
    def window(self) -> int:
        """How many messages may be with it whose outcome it has not reported; 0 while it is down."""
        ...

    def submit(self, messages: Sequence[Outgoing]) -> None:
        """Hand over; the outcomes are reported later, in any order."""
        ...

    def recover(self, outstanding: Sequence[Outstanding]) -> None:
        """Tell the link of messages taken before a restart, in case it must ask about them."""
        ...

    async def close(self) -> None: ...
