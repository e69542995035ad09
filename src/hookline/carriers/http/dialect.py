"""What differs between carriers that are asked by HTTP: the request of a message, and its answer."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from hookline.carriers.port import Outgoing, Outstanding, Receipt
from hookline.clock import UnixMs
from hookline.ids import CarrierId
from hookline.outbound.errors import Response
from hookline.outbound.http_client import HttpClient

CALLBACKS = "/callbacks"
"""Where carriers call back, behind the public URL: a proxy can let nothing but this through."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request, ready to leave."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""


class Outcome(StrEnum):
    """What an answer means for its message, and for the link."""

    TAKEN = "taken"
    REFUSED = "refused"
    """For good."""
    THROTTLED = "throttled"
    """Not taken; all that waits is to slow down."""
    PASSING = "passing"
    """Not taken, for a fault of the carrier's own: a bounded number of tries."""
    LOST = "lost"
    """Taken or not."""
    BROKEN = "broken"
    """Not taken, and no other would be: the link waits."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was made of an answer."""

    outcome: Outcome
    carrier_message_id: str = ""
    error_code: str | None = None
    """Our stable code, when refused."""
    carrier_code: str | None = None
    detail: str | None = None
    retry_after_s: float = 0.0


class Unsendable(Exception):
    """This carrier can never take the message."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Unreached(Exception):
    """The carrier cannot be used now, for a reason that an operator can do something about."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class LinkSettings(Protocol):
    """What every kind that is asked by HTTP has among its settings."""

    window: int
    rate: float
    response_timeout_seconds: float
    ambiguous: Literal["fail", "resend"]
    ambiguous_wait_seconds: int


class Dialect(Protocol):
    """How one carrier is spoken with."""

    def request(self, message: Outgoing, now: UnixMs) -> HttpRequest:
        """The request that sends the message. Raises Unsendable."""
        ...

    def judge(self, message: Outgoing, response: Response, now: UnixMs) -> Verdict:
        """What the answer to it means."""
        ...

    is_called_back: bool
    """Whether the carrier has receipts or messages to bring."""
    can_ask: bool
    """Whether the carrier can be asked about a message."""

    async def ask(self, client: HttpClient, about: Outstanding, timeout_s: float) -> Receipt | None:
        """What has become of a message. Raises Unanswered, AttemptFailed."""
        ...

    async def check(self, client: HttpClient, timeout_s: float) -> None:
        """Whether the carrier can be used, without sending. Raises Unreached or AttemptFailed."""
        ...


def callback_url(public_url: str, carrier_id: CarrierId, what: str) -> str:
    """Where a carrier tells of its receipts or messages; empty where it cannot."""
    return f"{public_url.rstrip('/')}{CALLBACKS}/{carrier_id}/{what}" if public_url else ""
