"""Text as short_message and back: data_coding (SMPP 3.4 §5.2.19) and the header of segments.

The header is that of 3GPP TS 23.040 §9.2.3.24, or the sar_* parameters of SMPP 3.4 §5.3.2.22–24.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from hookline.carriers.encoding import (
    Encoding,
    decode_gsm7,
    decode_ucs2,
    encode_gsm7,
    encode_ucs2,
    segment,
    split_ucs2,
)
from hookline.carriers.national import decode_national
from hookline.carriers.smpp.pdu import MESSAGE_PAYLOAD, encode_tlvs

UDH_INDICATOR = 0x40
"""Bit of esm_class (§5.2.12)."""
DEFAULT_ALPHABET, UCS2 = 0x00, 0x08

_SAR_REFERENCE, _SAR_TOTAL, _SAR_NUMBER = 0x020C, 0x020E, 0x020F
_CONCAT_8, _CONCAT_16 = 0x00, 0x08
_SINGLE_SHIFT, _LOCKING_SHIFT = 0x24, 0x25


class Alphabet(StrEnum):
    """What a carrier takes data_coding 0, "SMSC default alphabet", to mean."""

    GSM7 = "gsm7"
    """Septets, one an octet, unpacked: nearly all of them."""
    LATIN1 = "latin1"
    ASCII = "ascii"


class LongMessages(StrEnum):
    """How a carrier wants what does not fit into one segment."""

    UDH = "udh"
    """A submit a segment, with the header that phones join them by."""
    SAR = "sar"
    """A submit a segment, with parameters of which the carrier makes that header."""
    PAYLOAD = "payload"
    """One submit with the whole text, which the carrier splits."""


class Encoded(NamedTuple):
    """What of a submit_sm the text decides."""

    esm_class: int
    data_coding: int
    octets: bytes
    tlvs: bytes = b""


class Shifts(NamedTuple):
    """Which languages' tables a text is in (TS 23.040 §9.2.3.24.15–16); 0: the default."""

    locking: int = 0
    single: int = 0


NO_SHIFTS = Shifts()


class Concat(NamedTuple):
    """Which segment of which message."""

    reference: int
    total: int
    number: int
    """From 1."""


def encode_parts(
    parts: Sequence[str],
    encoding: Encoding,
    alphabet: Alphabet,
    reference: int,
    long: LongMessages = LongMessages.UDH,
) -> list[Encoded]:
    """What each submit has, in order.

    `parts` are those of `split`. Their number stays, but for two cases. As payload they are one.
    And a text of the GSM 7 bit alphabet with a character that the carrier's alphabet lacks (in
    Latin-1 the euro sign and Greek, in ASCII every accent) goes as UCS-2, in the parts of
    `split_ucs2`, since 153 septets do not fit as 67 code units. Latin-1 goes as data_coding 0, not
    3: 0 is what the carrier says that it reads so. Several parts share `reference`, of which a
    header has 8 bits.
    """
    if encoding is Encoding.UCS2:
        coding, texts = UCS2, [encode_ucs2(part) for part in parts]
    elif alphabet is Alphabet.GSM7:
        coding, texts = DEFAULT_ALPHABET, [encode_gsm7(part) for part in parts]
    else:
        coding, texts = _encode_narrow(parts, alphabet)
    if len(texts) == 1:
        return [Encoded(0, coding, texts[0])]
    if long is LongMessages.PAYLOAD:
        return [Encoded(0, coding, b"", encode_tlvs({MESSAGE_PAYLOAD: b"".join(texts)}))]
    if long is LongMessages.SAR:
        tlvs = (_sar_tlvs(reference, len(texts), number) for number in range(1, len(texts) + 1))
        return [Encoded(0, coding, *pair) for pair in zip(texts, tlvs, strict=True)]
    start = bytes((5, _CONCAT_8, 3, reference & 0xFF, len(texts)))
    return [
        Encoded(UDH_INDICATOR, coding, b"%b%c%b" % (start, number, text))
        for number, text in enumerate(texts, 1)
    ]


def decode_text(
    data_coding: int, octets: bytes, alphabet: Alphabet, shifts: Shifts = NO_SHIFTS
) -> tuple[str, Encoding]:
    """The text of whatever a carrier sends; nothing is refused.

    Binary (2 and 4) is shown an octet a character. NUL, which pads some texts and which no
    database column takes, is dropped at the end and U+FFFD elsewhere. The encoding is what the
    text would cost to send back, since what it had in the air is not said.
    """
    codec = _CODECS[data_coding & 0xFF] or _DEFAULTS[alphabet]
    if (
        shifts != NO_SHIFTS and _CODECS[data_coding & 0xFF] is None
    ):  # septets, whatever the alphabet
        text = _without_nul(decode_national(octets, locking=shifts.locking, single=shifts.single))
        return text, segment(text).encoding
    if codec == "gsm7":
        return decode_gsm7(octets), Encoding.GSM7
    if codec == "ucs2":
        return _without_nul(decode_ucs2(octets)), Encoding.UCS2
    text = _without_nul(octets.decode(codec, "replace"))
    return text, segment(text).encoding


def split_header(
    esm_class: int, octets: bytes, tlvs: Mapping[int, bytes]
) -> tuple[Concat | None, bytes]:
    """Which segment this is, and its octets without the header.

    None for a whole message, and for a header that makes no sense; when its lengths do not add up,
    it stays in the octets, because then nobody knows where the text begins.
    """
    if not esm_class & UDH_INDICATOR:
        return _sar_concat(tlvs), octets
    stop = octets[0] + 1 if octets else 1
    if stop > len(octets):
        return None, octets
    elements = _read_elements(octets[1:stop])
    if elements is None:
        return None, octets
    concat = None
    if len(short := elements.get(_CONCAT_8, b"")) == 3:
        concat = _concat(short[0], short[1], short[2])
    elif len(wide := elements.get(_CONCAT_16, b"")) == 4:
        concat = _concat(wide[0] << 8 | wide[1], wide[2], wide[3])
    return concat or _sar_concat(tlvs), octets[stop:]


def find_shifts(esm_class: int, octets: bytes) -> Shifts:
    """The languages that the header of a text names."""
    if not esm_class & UDH_INDICATOR or not octets or octets[0] + 1 > len(octets):
        return NO_SHIFTS
    elements = _read_elements(octets[1 : octets[0] + 1]) or {}
    locking, single = elements.get(_LOCKING_SHIFT, b""), elements.get(_SINGLE_SHIFT, b"")
    return Shifts(int.from_bytes(locking[:1]), int.from_bytes(single[:1]))


def _encode_narrow(parts: Sequence[str], alphabet: Alphabet) -> tuple[int, list[bytes]]:
    codec = "latin-1" if alphabet is Alphabet.LATIN1 else "ascii"
    try:
        return DEFAULT_ALPHABET, [part.encode(codec) for part in parts]
    except UnicodeEncodeError:
        return UCS2, [encode_ucs2(part) for part in split_ucs2("".join(parts))]


def _without_nul(text: str) -> str:
    return text.rstrip("\0").replace("\0", "\ufffd") if "\0" in text else text


def _read_elements(header: bytes) -> dict[int, bytes] | None:
    """The information elements by identifier; None when their lengths do not add up."""
    elements: dict[int, bytes] = {}
    at, end = 0, len(header)
    while at < end:
        if at + 2 > end or at + 2 + header[at + 1] > end:
            return None
        start = at + 2
        at = start + header[start - 1]
        elements[header[start - 2]] = header[start:at]
    return elements


def _sar_tlvs(reference: int, total: int, number: int) -> bytes:
    return encode_tlvs(
        {
            _SAR_REFERENCE: (reference & 0xFFFF).to_bytes(2),
            _SAR_TOTAL: bytes((total,)),
            _SAR_NUMBER: bytes((number,)),
        }
    )


def _sar_concat(tlvs: Mapping[int, bytes]) -> Concat | None:
    if _SAR_REFERENCE not in tlvs:
        return None
    reference, total, number = (
        int.from_bytes(tlvs.get(tag, b""), "big")
        for tag in (_SAR_REFERENCE, _SAR_TOTAL, _SAR_NUMBER)
    )
    return _concat(reference & 0xFFFF, total, number)


def _concat(reference: int, total: int, number: int) -> Concat | None:
    return Concat(reference, total, number) if 1 <= number <= total <= 255 else None


def _codec_of(data_coding: int) -> str | None:
    """The codec of one value; None for the carrier's default alphabet.

    Up to 0x0F by §5.2.19. Above, the groups of TS 23.038 §4, which handsets' messages keep when a
    carrier passes them on: bits 3–2 are the alphabet up to 0x3F, bit 2 says 8 bit from 0xF0.
    """
    if data_coding < 0x10:
        return _LOW_CODECS.get(data_coding, "latin-1")
    if data_coding < 0x40:
        return (None, "latin-1", "ucs2", "latin-1")[data_coding >> 2 & 3]
    if data_coding >= 0xF0:
        return "latin-1" if data_coding & 0x04 else None
    if data_coding >= 0xE0:
        return "ucs2"
    return None if data_coding >= 0xC0 else "latin-1"


_LOW_CODECS: dict[int, str | None] = {
    0x00: None,
    0x05: "iso2022_jp",  # JIS X 0208, read as Kannel reads it
    0x06: "iso8859_5",
    0x07: "iso8859_8",
    0x08: "ucs2",
    0x0A: "iso2022_jp",
    0x0D: "iso2022_jp_1",  # with JIS X 0212
    0x0E: "euc_kr",  # KS C 5601
}
_CODECS = tuple(_codec_of(value) for value in range(256))
_DEFAULTS = {Alphabet.GSM7: "gsm7", Alphabet.LATIN1: "latin-1", Alphabet.ASCII: "latin-1"}
