"""The request that would be sent for a message, with every secret masked. Nothing is sent."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from hookline.carriers.encoding import segment, split
from hookline.carriers.http.dialect import Dialect, HttpRequest, Unsendable
from hookline.carriers.port import Outgoing
from hookline.clock import HOUR_MS, UnixMs
from hookline.errors import Invalid
from hookline.ids import MessageId

MASK = "MASKED"
EXAMPLE_ID = MessageId("msg_00000000000000000000000000")
_VALID_MS = 4 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Sample:
    """A message to show the request of."""

    sender: str = "+12025550100"
    to: str = "+447700900123"
    text: str = "Hello from Hookline"


class Masked(Mapping[str, str]):
    """Secrets of whatever names, none of which is told."""

    def __getitem__(self, name: str) -> str:
        return MASK

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def preview(dialect: Dialect, sample: Sample, now: UnixMs) -> HttpRequest:
    """`dialect`: opened with `Masked` secrets. Raises Invalid when the carrier cannot take the message."""
    message = Outgoing(
        EXAMPLE_ID,
        sample.sender,
        sample.to,
        tuple(split(sample.text)),
        segment(sample.text).encoding,
        UnixMs(now + _VALID_MS),
    )
    try:
        request = dialect.request(message, now)
    except Unsendable as error:
        raise Invalid(error.detail) from error
    headers = tuple((name, _masked(name, value)) for name, value in request.headers)
    return replace(request, headers=headers)


def _masked(name: str, value: str) -> str:
    """A user and a masked password would look like true ones in base64."""
    is_basic = name.lower() == "authorization" and value.startswith("Basic ")
    return f"Basic {MASK}" if is_basic else value
