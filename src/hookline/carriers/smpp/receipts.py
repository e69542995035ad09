"""Delivery receipts: what a deliver_sm says about a message that was sent (SMPP 3.4 Appendix B).

The text is vendor specific, so only what decides is read, wherever it stands. Optional parameters
win over it. The receipt's own `text:` is the start of somebody's message and is never believed.
"""

import re
from typing import NamedTuple

from hookline.carriers.port import ReceiptState
from hookline.carriers.smpp.pdu import MESSAGE_ID_CHARACTERS_MAX, BadPdu, Deliver

RECEIPTED_MESSAGE_ID = 0x001E
MESSAGE_STATE = 0x0427
NETWORK_ERROR_CODE = 0x0423

ERROR_CHARACTERS_MAX = 64
"""Appendix B has 3; what is cut off beyond this is no code."""

_TYPE_MASK = 0x3C
_INTERMEDIATE = 0x20
# §5.2.12: receipt, SME acknowledgement, intermediate notification. Kannel reads the same three.
_RECEIPT_TYPES = frozenset({0x04, 0x08, _INTERMEDIATE, _INTERMEDIATE | 0x04})


class UnreadableReceipt(BadPdu):
    """A receipt that does not say which message it is about. Acknowledge it, and log it."""


class ReceiptText(NamedTuple):
    """What the text of a receipt says; "" for what it does not."""

    id: str
    state: str
    error: str


class CarrierReceipt(NamedTuple):
    """What the carrier says became of one submit."""

    id: str
    """As the carrier wrote it, which may differ from its response; see `message_ids`."""
    state: str
    """One of the names of Appendix B, such as DELIVRD; UNKNOWN when the receipt has none."""
    error: str | None
    """The network's code, else the text's `err`, as written."""


def find_receipt(deliver: Deliver) -> CarrierReceipt | None:
    """The receipt in a deliver_sm; None for a message. Raises UnreadableReceipt."""
    kind = deliver.esm_class & _TYPE_MASK
    tlvs = deliver.tlvs
    if kind not in _RECEIPT_TYPES and (
        # Some centres forget esm_class. No phone can set these two parameters.
        kind or RECEIPTED_MESSAGE_ID not in tlvs or MESSAGE_STATE not in tlvs
    ):
        return None
    carrier_id, state, error = read_text(deliver.short_message, deliver.data_coding)
    state = _NAMES.get(state) or _NAMES.get(state.upper()[:5], "UNKNOWN")
    if tlvs:
        carrier_id = _octets(tlvs, RECEIPTED_MESSAGE_ID) or carrier_id
        state = _STATES.get(tlvs.get(MESSAGE_STATE, b""), state)
        error = _network_error(tlvs) or error
    if not 0 < len(carrier_id) <= MESSAGE_ID_CHARACTERS_MAX:
        raise UnreadableReceipt(f"receipt of {len(deliver.short_message)} octets without an id")
    if kind == _INTERMEDIATE:
        # Sent while the centre still tries (§5.2.17), whatever state it names.
        state = "ENROUTE"
    return CarrierReceipt(carrier_id, state, error[:ERROR_CHARACTERS_MAX] or None)


def read_text(octets: bytes, data_coding: int) -> ReceiptText:
    """The fields of a receipt's text. Those after `text:` count only when no id stands before it."""
    if found := _match_usual(octets):
        carrier_id, state, error = found.groups()
        return ReceiptText(
            carrier_id.decode("latin-1"), state.decode("latin-1"), (error or b"").decode("latin-1")
        )
    # ASCII in UCS-2 starts with a zero octet, whatever data_coding the centre claims.
    wide = octets[:1] == b"\0" or (data_coding == 8 and b"\0" in octets)
    text = octets.decode("utf-16-be", "replace") if wide else octets.decode("latin-1")
    text = text.replace("\0", "")
    start = _find_text(text)
    head = text[: start.start()] if start else text
    fields = {name[:2].lower(): value for name, value in reversed(_find_fields(head))}
    if start and "id" not in fields:
        tail = _find_fields(text[start.end() :])
        fields = {name[:2].lower(): value for name, value in tail}
    state = fields.get("st", "")
    if not state and (bare := _find_bare_state(head)):
        state = bare[1]
    return ReceiptText(fields.get("id", ""), state, fields.get("er", ""))


def state_name(octet: int) -> str:
    """The name of a message_state (§5.2.28)."""
    return _STATES.get(bytes((octet,)), "UNKNOWN")


def to_state(name: str, *, accepted_is_delivered: bool) -> ReceiptState | None:
    """What a state means for the message; None when it is not final."""
    if name == "ACCEPTD" and accepted_is_delivered:
        return ReceiptState.DELIVERED
    return _FINAL.get(name)


_FINAL = {
    "DELIVRD": ReceiptState.DELIVERED,
    "EXPIRED": ReceiptState.EXPIRED,
    "DELETED": ReceiptState.UNDELIVERED,
    "UNDELIV": ReceiptState.UNDELIVERED,
    "REJECTD": ReceiptState.UNDELIVERED,
}

# §5.2.28; SCHEDULED (0) and SKIPPED (9) come from SMPP 5.0 §4.7.15.
_STATES = {
    b"\x00": "ENROUTE",
    b"\x01": "ENROUTE",
    b"\x02": "DELIVRD",
    b"\x03": "EXPIRED",
    b"\x04": "DELETED",
    b"\x05": "UNDELIV",
    b"\x06": "ACCEPTD",
    b"\x07": "UNKNOWN",
    b"\x08": "REJECTD",
    b"\x09": "UNDELIV",
}
# By the whole name where it is usual, else by its first five letters: carriers also write
# DELIVERED, UNDELIVERABLE, REJECTED; FAILED, ACKED and BUFFRED are seen too. Some write the number.
_NAMES = (
    {name: name for name in _STATES.values()}
    | {name[:5]: name for name in _STATES.values()}
    | {
        "FAILE": "UNDELIV",
        "SKIPP": "UNDELIV",
        "ACKED": "ACCEPTD",
        "BUFFE": "ENROUTE",
        "BUFFR": "ENROUTE",
        "SCHED": "ENROUTE",
    }
    | {str(octet[0]): name for octet, name in _STATES.items()}
)

# The layout of Appendix B, which most centres keep to or shorten, in one pass.
_match_usual = re.compile(
    rb"id: ?([^\s\0]++)(?: sub:\d*+)?(?: dlvrd:\d*+)?(?: submit date: ?[^\s\0]++)?"
    rb"(?: done date: ?[^\s\0]++)? stat: ?(\w++)"
    rb"(?: *+err: ?([^\s\0:]++)(?:\s|\Z)| *+text:|\s*+\Z)",
    re.IGNORECASE,
).match

_KNOWN = r"(?:id|sub|dlvrd|(?:submit|done)[ _]?date|stat(?:us)?|err(?:or)?|text)[ \t]*+:"
_START = r"(?:^|(?<=[\s,;|]))"
_find_text = re.compile(rf"{_START}text[ \t]*+:", re.IGNORECASE).search
# An empty field, as in `err: text:`, must not take the next field for its value.
_find_fields = re.compile(
    rf"{_START}(id|stat(?:us)?|err(?:or)?)[ \t]*+:[ \t]*+(?!{_KNOWN})([^\s,;|]++)", re.IGNORECASE
).findall
# Seen with the field's name missing: `done date:180903120816 DELIVRD err:000`.
_find_bare_state = re.compile(
    r"\s(DELIVRD|EXPIRED|DELETED|UNDELIV|ACCEPTD|UNKNOWN|REJECTD|ENROUTE)(?:\s|$)"
).search


def _octets(tlvs: dict[int, bytes], tag: int) -> str:
    return tlvs.get(tag, b"").partition(b"\0")[0].decode("latin-1").strip()


def _network_error(tlvs: dict[int, bytes]) -> str:
    """The code of network_error_code (§5.3.2.31) without its network type; "" when it is zero,
    which says less than the text's `err`."""
    value = tlvs.get(NETWORK_ERROR_CODE, b"")
    code = int.from_bytes(value[1:], "big") if len(value) == 3 else 0
    return str(code) if code else ""
