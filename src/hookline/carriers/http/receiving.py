"""What a carrier tells us by calling back, and whether it is the carrier that does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl

from hookline.carriers.port import Incoming, Receipt
from hookline.errors import Forbidden, Invalid, Unavailable

FIELDS_MAX = 200
TEXT_LENGTH_MAX = 10_000
ID_LENGTH_MAX = 200
CODE_LENGTH_MAX = 100


class CallbackRefused(Forbidden):
    """A carrier's callback does not prove that it comes from the carrier. Check the secret that both sides
    know, and that HOOKLINE_PUBLIC_URL is the address that the carrier calls."""

    code = "callback_refused"
    title = "The callback's signature does not fit"


class CallbackInvalid(Invalid):
    """A carrier's callback lacks what a receipt or a message needs. Check the names of the fields in the
    carrier's template."""

    code = "callback_invalid"
    title = "The callback cannot be read"


class PublicUrlMissing(Unavailable):
    """A carrier's signature covers the address that it calls, which HOOKLINE_PUBLIC_URL has to say. Set it."""

    code = "public_url_missing"
    title = "HOOKLINE_PUBLIC_URL is not set"


class CallbackNotStored(Unavailable):
    """A carrier's callback could not be stored in time. The carrier calls again later."""

    code = "callback_not_stored"
    title = "The callback could not be stored"


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """A request to one of the addresses of a carrier."""

    method: str
    url: str
    """As the carrier calls it; empty where HOOKLINE_PUBLIC_URL is not set."""
    query: str
    headers: Mapping[str, str]
    """By names in lower case."""
    body: bytes

    def parameters(self) -> list[tuple[str, str]]:
        """Those of the query. Raises CallbackInvalid."""
        return _pairs(self.query)

    def form(self) -> list[tuple[str, str]]:
        """Those of the body. Raises CallbackInvalid."""
        return _pairs(self.body.decode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class Reply:
    """What a carrier is answered once all is stored."""

    status: int = 204
    body: bytes = b""
    media_type: str | None = None


class Receiver(Protocol):
    """How one carrier's callbacks are checked and read. Nothing is read before it is checked."""

    def check(self, request: CallbackRequest) -> None:
        """Raises CallbackRefused, PublicUrlMissing."""
        ...

    def receipts(self, request: CallbackRequest) -> tuple[Sequence[Receipt], Reply]:
        """What is final among the receipts. Raises CallbackInvalid."""
        ...

    def messages(self, request: CallbackRequest) -> tuple[Sequence[Incoming], Reply]:
        """Messages from phones. Raises CallbackInvalid."""
        ...


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError as error:
        raise CallbackInvalid(f"More than {FIELDS_MAX} fields are not read.") from error
