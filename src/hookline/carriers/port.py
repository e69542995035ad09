"""The port of every carrier: how messages are handed to a link, and what the link reports.

A link is handed lists and reports lists, so that neither side needs a task a message. It reports
through `Reports`, which the message room implements; a report's `done` is called once its effect is
durable, which is when the link may acknowledge it to the carrier.

A network carrier's link is open on one node at a time; its `LinkState` is what others see of it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

import msgspec

from hookline.carriers.encoding import Encoding
from hookline.clock import Clock, UnixMs
from hookline.ids import AccountId, CarrierId, MessageId
from hookline.outbound.http_client import HttpClient
from hookline.principal import Mode
from hookline.telemetry.link_state import LinkState


class Outgoing(msgspec.Struct, frozen=True, gc=False):
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
    """Not taken now, or never left; it goes back to the head of the queue."""
    AMBIGUOUS = "ambiguous"
    """The answer was lost: the carrier may have it or not."""


class Submitted(msgspec.Struct, frozen=True, gc=False):
    """The outcome of one Outgoing."""

    message_id: MessageId
    result: SubmitResult
    carrier_message_ids: tuple[str, ...] = ()
    """One a segment, in order, when accepted. When ambiguous: "" where the answer was lost."""
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


ReceiptError = Literal[
    "invalid_recipient", "invalid_sender", "content_blocked", "recipient_blocked",
    "recipient_opted_out", "unreachable", "carrier_unavailable",
]  # fmt: skip
"""What a receipt of a failed delivery can say beyond its state; the catalogue of the message room has
them in words."""


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """The carrier says what became of one segment."""

    carrier_message_id: str
    state: ReceiptState
    carrier_code: str | None = None
    recipient: str | None = None
    """Whom the message went to, where the receipt says so: finds a message whose id was lost."""
    message_id: MessageId | None = None
    """Our own id, where the receipt names it: finds the very message whose id was lost."""
    error_code: ReceiptError | None = None
    """Where the carrier's own code says more than the state."""


@dataclass(frozen=True, slots=True)
class Part:
    """Which segment of a concatenated message something is (3GPP TS 23.040 §9.2.3.24.1)."""

    reference: int
    total: int
    number: int
    """From 1."""


@dataclass(frozen=True, slots=True)
class Session:
    """One connection to a carrier. What it did not acknowledge, the carrier sends again in another."""

    id: str
    began_at: UnixMs


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message from outside, or one segment of it."""

    sender: str
    recipient: str
    text: str
    encoding: Encoding
    segments: int = 1
    account_id: AccountId | None = None
    """Known where the link belongs to one account; else found by the recipient's number."""
    mode: Mode | None = None
    """Known where a credential writes as a virtual phone."""
    part: Part | None = None
    """None: the whole message."""
    session: Session | None = None
    """Known where the carrier may send it again after the connection is lost."""
    carrier_message_id: str | None = None
    """Where the carrier has one: whatever comes again with it is the same message."""
    note: str | None = None
    """What the timeline tells of it besides, as that something was left out."""


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A message that a carrier took and whose receipt has not come yet."""

    message_id: MessageId
    recipient: str
    sent_at: UnixMs
    carrier_message_ids: tuple[str, ...]
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """What a carrier wants done with a message whose submit got no answer."""

    then: Literal["fail", "resend"]
    wait_s: float
    """How long a receipt may still decide it. 0: do it at once."""
    is_whole: bool = False
    """A message is one submit, and has one receipt, whatever its segments."""
    can_ask: bool = False
    """The link has `inquire`: it asks the carrier about messages whose receipts are missing."""


class Reports(Protocol):
    """What a link tells the message room."""

    def submitted(self, carrier_id: CarrierId, outcomes: Sequence[Submitted]) -> None: ...

    def receipts(
        self,
        carrier_id: CarrierId,
        receipts: Sequence[Receipt],
        done: Callable[[Receipt], None] | None = None,
    ) -> None:
        """`done` is called once for each receipt, when what it changed is durable."""
        ...

    async def received(self, carrier_id: CarrierId, message: Incoming) -> MessageId | None:
        """Returns when it is durable; None for a segment that waits for the others.

        Raises NotFound when no account has the number.
        """
        ...

    def acknowledged(self, carrier_id: CarrierId, session: Session, before: UnixMs) -> None:
        """The carrier knows that we have all that it sent in this session before this instant."""
        ...

    def ready(self, carrier_id: CarrierId) -> None:
        """The link can take more."""
        ...


ListOutstanding = Callable[[CarrierId, UnixMs, str, int], Awaitable[Sequence[Outstanding]]]
"""Of a carrier: so many that were sent before an instant and have no receipt, oldest first, behind an id."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a link is opened with, beside its carrier's settings."""

    carrier_id: CarrierId
    reports: Reports
    clock: Clock
    before: LinkState | None = None
    """The link's last state, on whichever node: what was learned holds on."""
    client: HttpClient | None = None
    """For carriers that are asked by HTTP; only a process that serves has one."""
    public_url: str = ""
    """Where carriers reach this installation; empty where they cannot."""
    outstanding: ListOutstanding | None = None
    """For links that can ask about messages."""


class Inquirer(Protocol):
    """What a link has beside where its `ambiguity.can_ask`."""

    def inquire(self, outstanding: Sequence[Outstanding]) -> None:
        """Ask the carrier what became of these. What it says is reported as receipts are."""
        ...


class Link(Protocol):
    """One way to a carrier's network, open on this node."""

    carrier_id: CarrierId
    ambiguity: Ambiguity
    """What to do with messages that were being sent when the connection or a node died."""

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

    def state(self) -> LinkState:
        """As it is now."""
        ...

    async def close(self) -> None:
        """Let go of the carrier; whatever had no outcome is reported before this returns."""
        ...
