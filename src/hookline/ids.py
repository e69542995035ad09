"""Identifiers: UUIDv7 shown as TypeID text, `msg_01j…` (prefix, underscore, 26 base32 characters).

Ids made by one process increase, so they double as the stable order of lists.
Source: the TypeID 0.3 and RFC 9562 §5.7 specifications.
"""

import os
import uuid
from typing import NewType

from hookline.clock import Clock, SystemClock

AccountId = NewType("AccountId", str)
UserId = NewType("UserId", str)
CredentialId = NewType("CredentialId", str)
NumberId = NewType("NumberId", str)
CarrierId = NewType("CarrierId", str)
MessageId = NewType("MessageId", str)
CallId = NewType("CallId", str)
EventId = NewType("EventId", str)
EndpointId = NewType("EndpointId", str)
DeliveryId = NewType("DeliveryId", str)
RequestId = NewType("RequestId", str)
InvitationId = NewType("InvitationId", str)
SessionId = NewType("SessionId", str)
ConversationId = NewType("ConversationId", str)

PREFIXES = {
    "account": "acc",
    "user": "usr",
    "credential": "crd",
    "number": "num",
    "carrier": "car",
    "message": "msg",
    "conversation": "conv",
    "call": "call",
    "leg": "leg",
    "recording": "rec",
    "event": "evt",
    "endpoint": "whk",
    "delivery": "dlv",
    "request": "req",
    "invitation": "inv",
    "session": "ses",
    "audit entry": "aud",
    "audit verification": "avf",
    "replay": "rpl",
    "erasure": "ers",
    "route": "rte",
    "pool": "pol",
}

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_VALUES = {c: i for i, c in enumerate(_ALPHABET)}
_SUFFIX_LENGTH = 26
_RANDOM_POOL_BYTES = 4_096
_HEAD_LENGTH = 10
"""Ten characters are two zero bits and the 48 bits of the time: the same for a whole millisecond."""


class IdSource:
    """Makes ids that increase strictly within this process.

    Within one millisecond the 74 bits after the timestamp grow by a random step (RFC 9562 §6.2,
    method 2), so ids neither collide nor tell how many were made.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._last_ms = -1
        self._tail = 0
        self._pool = b""
        self._at = 0
        self._head = ""

    def new(self, prefix: str) -> str:
        """A new id, such as `msg_01jz…`."""
        now_ms = self._clock.now_ms()
        if now_ms > self._last_ms:
            self._last_ms = now_ms
            self._head = encode_suffix(now_ms << 80)[:_HEAD_LENGTH]
            self._tail = self._random(9) >> 1  # top bit free: room to grow within the millisecond
        else:
            self._tail += 1 + (self._random(4) >> 1)
        high, low = self._tail >> 62 & 0xFFF, self._tail & 0x3FFF_FFFF_FFFF_FFFF
        rest = 0x7 << 76 | high << 64 | 0x2 << 62 | low
        pairs = _PAIRS
        return (
            f"{prefix}_{self._head}"
            f"{pairs[rest >> 70]}{pairs[rest >> 60 & 1023]}{pairs[rest >> 50 & 1023]}"
            f"{pairs[rest >> 40 & 1023]}{pairs[rest >> 30 & 1023]}{pairs[rest >> 20 & 1023]}"
            f"{pairs[rest >> 10 & 1023]}{pairs[rest & 1023]}"
        )

    def _random(self, size: int) -> int:
        if self._at + size > len(self._pool):
            self._pool, self._at = os.urandom(_RANDOM_POOL_BYTES), 0
        self._at += size
        return int.from_bytes(self._pool[self._at - size : self._at], "big")


def encode_suffix(value: int) -> str:
    """A 128-bit integer as 26 characters of Crockford base32, as TypeID writes it."""
    pairs = _PAIRS
    return "".join([pairs[value >> shift & 0x3FF] for shift in range(120, -1, -10)])


def decode_suffix(suffix: str) -> int:
    """The reverse of `encode_suffix`; ValueError when it is no such text."""
    if len(suffix) != _SUFFIX_LENGTH or suffix[0] > "7":
        raise ValueError("not a 26-character identifier suffix")
    value = 0
    for character in suffix:
        digit = _VALUES.get(character)
        if digit is None:
            raise ValueError(f"{character!r} is not in the identifier alphabet")
        value = value << 5 | digit
    return value


def to_uuid(identifier: str) -> uuid.UUID:
    """The UUID inside an id: `acc_…` → the client id that other systems know."""
    return uuid.UUID(int=decode_suffix(identifier.rpartition("_")[2]))


def from_uuid(prefix: str, value: uuid.UUID) -> str:
    """The id with this prefix that carries the UUID."""
    return f"{prefix}_{encode_suffix(value.int)}"


def first_of(prefix: str, at_ms: int) -> str:
    """The least id with this prefix that could have been made at the instant or later."""
    return f"{prefix}_{encode_suffix(max(0, at_ms) << 80)}"


def time_of(identifier: str) -> int:
    """When an id was made, milliseconds since 1970."""
    return decode_suffix(identifier.rpartition("_")[2]) >> 80


def is_id(prefix: str, text: str) -> bool:
    """Whether the text is a well-formed id of this kind; needs no database."""
    head, _, suffix = text.rpartition("_")
    if head != prefix:
        return False
    try:
        decode_suffix(suffix)
    except ValueError:
        return False
    return True
