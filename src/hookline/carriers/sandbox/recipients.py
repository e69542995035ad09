"""Which recipient makes the sandbox behave how. Pure; the numbers are part of the public contract."""

from dataclasses import dataclass

from hookline.carriers.port import ReceiptState

_SLOW_RECEIPT_S = 60.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What happens to a message."""

    receipt: ReceiptState | None = ReceiptState.DELIVERED
    """None: refused at submit."""
    carrier_code: str | None = None
    throttled_times: int = 0
    receipt_after_s: float | None = None
    """None: the sandbox's usual delay."""


ORDINARY = Behaviour()
SPECIAL = {
    "+15005550001": Behaviour(ReceiptState.UNDELIVERED, "UNDELIV"),
    "+15005550002": Behaviour(None, "REJECTD"),
    "+15005550003": Behaviour(ReceiptState.EXPIRED, "EXPIRED"),
    "+15005550004": Behaviour(throttled_times=2),
    "+15005550005": Behaviour(receipt_after_s=_SLOW_RECEIPT_S),
}


def behaviour_of(recipient: str) -> Behaviour:
    """How a message to this number goes."""
    return SPECIAL.get(recipient, ORDINARY)
