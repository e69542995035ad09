"""Twilio's error codes (twilio.com/docs/api/errors) and message states: what each means here."""

from collections.abc import Mapping, Sequence

from hookline.carriers.http.dialect import Outcome
from hookline.carriers.port import ReceiptError, ReceiptState

QUEUE_FULL = 21611
"""The sender has as many messages queued as Twilio keeps for it."""
_THROTTLED = frozenset({QUEUE_FULL, 20429, 14107, 63018, 63038})
_UNUSABLE = frozenset({20003, 20005, 20403, 20404, 90010})
"""About the account or its credentials, and not about any one message."""

_OUR_CODES = {
    "invalid_recipient": (21211, 21214, 21217, 21265, 21421, 21614, 21635, 60200),
    "invalid_sender": (
        21212, 21603, 21606, 21607, 21612, 21618, 21656, 21659, 21660, 21661, 21701, 21702, 21703,
        21704, 21705,
    ),
    "recipient_opted_out": (21610,),
}  # fmt: skip
_OUR_CODE = {code: name for name, codes in _OUR_CODES.items() for code in codes}

_OF_RECEIPTS: Mapping[ReceiptError, Sequence[int]] = {
    "recipient_opted_out": (21610,),
    "unreachable": (30003,),
    "recipient_blocked": (30004, 30006),
    "invalid_recipient": (30005,),
    "content_blocked": (30007, 30044),
    "invalid_sender": (30018, 30032, 30034, 30035, 30037),
}
RECEIPT_ERRORS = {str(code): name for name, codes in _OF_RECEIPTS.items() for code in codes}
ERRORS: Mapping[str, str] = {str(code): name for code, name in _OUR_CODE.items()} | RECEIPT_ERRORS
"""Our stable codes by Twilio's."""
_VALIDITY_EXPIRED = "30036"
_STATES = {
    "delivered": ReceiptState.DELIVERED,
    "read": ReceiptState.DELIVERED,
    "undelivered": ReceiptState.UNDELIVERED,
    "failed": ReceiptState.UNDELIVERED,
    "canceled": ReceiptState.UNDELIVERED,
}


def outcome_of(status: int, code: int | None) -> Outcome:
    """What an answer other than success means; `code` is Twilio's, where the answer has one."""
    if status == 429 or code in _THROTTLED:
        return Outcome.THROTTLED
    if status == 408:  # the request did not come whole
        return Outcome.PASSING
    if status >= 500:
        return Outcome.LOST
    if status == 401 or status < 400 or code in _UNUSABLE:
        return Outcome.BROKEN
    return Outcome.REFUSED


def error_code_of(code: int | None) -> str:
    """Our stable code for a refusal."""
    return _OUR_CODE.get(code or 0, "carrier_rejected")


def state_of(status: str, code: str | None) -> ReceiptState | None:
    """What a message's state means; None while it can still change."""
    if code == _VALIDITY_EXPIRED and status in {"failed", "undelivered"}:
        return ReceiptState.EXPIRED
    return _STATES.get(status)
