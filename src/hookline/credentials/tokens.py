"""The text of tokens: 256 random bits that carry their mode and a checksum.

`hk_<live|test>_`, 43 characters of base62, then the CRC-32 of everything before it as 6 more. A
mistyped or made-up token is refused by its checksum, without a database.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import Self
from zlib import crc32

from hookline.api.authentication import InvalidToken
from hookline.principal import Mode

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
PATTERN = r"hk_(?:live|test)_[0-9A-Za-z]{49}"
_SHAPE = re.compile(PATTERN + r"\Z")
_SECRET_BITS = 256
_SECRET_LENGTH = 43
_CHECKSUM_LENGTH = 6
_SHOWN_LENGTH = 4
_LIVE = "hk_live_"
_PREFIX_LENGTH = len(_LIVE) + _SHOWN_LENGTH  # "test" is as long as "live"


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was just made. The text is the secret, and leaves the program once."""

    text: str = field(repr=False)
    mode: Mode

    @classmethod
    def new(cls, mode: Mode) -> Self:
        body = f"hk_{mode}_{to_base62(secrets.randbits(_SECRET_BITS), _SECRET_LENGTH)}"
        return cls(body + checksum(body), mode)

    @property
    def digest(self) -> bytes:
        return digest_of(self.text)

    @property
    def prefix(self) -> str:
        return prefix_of(self.text)

    @property
    def last4(self) -> str:
        return last4_of(self.text)


def mode_of(text: str) -> Mode:
    """The mode that the text of a token names; its checksum and its digest cover the name."""
    return Mode.LIVE if text.startswith(_LIVE) else Mode.TEST


def prefix_of(text: str) -> str:
    """What a person may see of a token: the mode, and the first characters of the secret."""
    return text[:_PREFIX_LENGTH]


def last4_of(text: str) -> str:
    return text[-_SHOWN_LENGTH:]


def parse_token(text: str) -> bytes:
    """The digest to look the token up by. Raises InvalidToken for what can never have been one."""
    if _SHAPE.match(text) is None:
        raise InvalidToken("The token is malformed.")
    if checksum(text[:-_CHECKSUM_LENGTH]) != text[-_CHECKSUM_LENGTH:]:
        raise InvalidToken("The token is mistyped: its checksum does not match.")
    return digest_of(text)


def digest_of(text: str) -> bytes:
    """SHA-256: a secret of 256 random bits needs no slow hash."""
    return hashlib.sha256(text.encode()).digest()


def checksum(body: str) -> str:
    """CRC-32 of everything before it, so that a swapped prefix is noticed too."""
    return to_base62(crc32(body.encode()), _CHECKSUM_LENGTH)


def to_base62(value: int, length: int) -> str:
    """Most significant digit first, padded with zeros."""
    pairs = []
    for _ in range(length // 2):
        value, pair = divmod(value, len(_PAIRS))
        pairs.append(_PAIRS[pair])
    if length % 2:
        pairs.append(ALPHABET[value % len(ALPHABET)])
    return "".join(reversed(pairs))
