"""Matching the id in a receipt with the id in the response, which many carriers write differently.

The usual difference is hexadecimal against decimal. The key of a response is the id as it came, in
one spelling, whatever the format: it is stored before the format may be known, and an operator may
change the setting later. Receipts are translated into what the response would have said.
"""

from collections import OrderedDict
from enum import StrEnum

REMEMBERED_MAX = 10_000
"""Ids of responses that AUTO keeps to try a receipt's readings on."""
VOTES_NEEDED = 8
"""Telling receipts in a row, before AUTO believes them."""
_CONVERTED_DIGITS_MAX = 40
"""A longer text is no number, and converting it would cost its square."""

_HEX_DIGITS = frozenset("0123456789abcdef")


class IdFormat(StrEnum):
    """How the ids in receipts relate to those in responses."""

    AUTO = "auto"
    AS_IS = "as_is"
    HEX_THEN_DECIMAL = "hex_then_decimal"
    """The response writes hexadecimal, the receipt decimal."""
    DECIMAL_THEN_HEX = "decimal_then_hex"


class MessageIds:
    """The keys of one carrier's ids.

    AUTO rests on letters. A carrier that writes one number in two ways shows hexadecimal letters on
    one side only; on both sides or on neither the ids are as they are. So a counter in decimal is
    never taken for anything else, however its readings overlap. Beyond that a receipt votes only
    when its reading hits a remembered response and the plain one does not.
    """

    def __init__(self, wanted: IdFormat, learned: IdFormat = IdFormat.AS_IS) -> None:
        """`learned` is where AUTO begins: what an earlier run found."""
        self._is_auto = wanted is IdFormat.AUTO
        self._format = learned if self._is_auto else wanted
        if self._format is IdFormat.AUTO:
            self._format = IdFormat.AS_IS
        self._settled = self._format is not IdFormat.AS_IS
        self._remembered: OrderedDict[str, None] = OrderedDict()
        self._lettered = 0
        self._example = ""
        self._votes_for = IdFormat.AUTO
        self._votes = 0

    @property
    def learned(self) -> IdFormat:
        """The format in use, worth keeping for the next run."""
        return self._format

    def of_response(self, text: str) -> str:
        """The key to store for a submit that was answered with this id."""
        key = to_key(text)
        self._example = text
        if self._is_auto and key not in self._remembered:
            self._remember(key)
        return key

    def spelling(self, key: str) -> str:
        """The id as the carrier writes it, by the look of the last one that it gave."""
        example = self._example.strip()
        if example != example.lower():
            key = key.upper()
        return key.rjust(len(example), "0") if example[:1] == "0" and _is_hex(key.lower()) else key

    def of_receipt(self, text: str) -> str:
        """The key to look up for a receipt about this id."""
        key = to_key(text)
        if not self._is_auto:
            return translate(key, self._format)
        spoken_for = self._hear(key)
        if spoken_for is not None:
            self._count(spoken_for)
            if not self._settled:
                # Nothing is known yet, and this is the only message that it can be about.
                return translate(key, spoken_for)
        return translate(key, self._format)

    def _remember(self, key: str) -> None:
        self._remembered[key] = None
        self._lettered += not key.isdecimal()
        if len(self._remembered) > REMEMBERED_MAX:
            oldest, _ = self._remembered.popitem(last=False)
            self._lettered -= not oldest.isdecimal()

    def _hear(self, key: str) -> IdFormat | None:
        """The format that this receipt speaks for; None when it fits several or none."""
        plain = key in self._remembered
        if key.isdecimal():
            rival = IdFormat.HEX_THEN_DECIMAL if self._lettered else IdFormat.DECIMAL_THEN_HEX
            other = translate(key, rival)
            hits = other != key and other in self._remembered
            if self._lettered:
                # As-is carriers speak by receipts with letters, which the others do not send.
                return rival if hits and not plain and not other.isdecimal() else None
            return IdFormat.AS_IS if plain and not hits else None
        if plain:
            return IdFormat.AS_IS
        other = translate(key, IdFormat.DECIMAL_THEN_HEX)
        hits = not self._lettered and other in self._remembered
        return IdFormat.DECIMAL_THEN_HEX if hits else None

    def _count(self, spoken_for: IdFormat) -> None:
        self._votes = self._votes + 1 if spoken_for is self._votes_for else 1
        self._votes_for = spoken_for
        if self._votes >= VOTES_NEEDED:
            self._format = spoken_for
            self._settled = True


def to_key(text: str) -> str:
    """One spelling of an id: case folded, and without leading zeros when it can be a number."""
    key = text.strip().lower()
    if key[:1] == "0" and _is_hex(key):
        return key.lstrip("0") or "0"
    return key


def translate(key: str, format: IdFormat) -> str:
    """The key of the response that a receipt with this key answers; as it is when it is no number."""
    if len(key) > _CONVERTED_DIGITS_MAX:
        return key
    if format is IdFormat.HEX_THEN_DECIMAL and key.isascii() and key.isdecimal():
        return f"{int(key):x}"
    if format is IdFormat.DECIMAL_THEN_HEX and key and _is_hex(key):
        return str(int(key, 16))
    return key


def _is_hex(key: str) -> bool:
    return _HEX_DIGITS.issuperset(key)
