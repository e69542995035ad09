"""SMPP 3.4 on the wire: frames, and the bodies that a client sends and reads. Pure, no I/O.

Written for speed, because every segment and every receipt passes here. What is encoded is checked
against the standard's field sizes; what is read may be longer, because refusing a receipt over an
address of 22 octets would lose it. No octets raise anything but BadFrame and BadPdu.
"""

import re
import struct
from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

HEADER_BYTES = 16
SHORT_MESSAGE_BYTES_MAX = 254
"""More goes into message_payload (§4.4.1)."""
CREDENTIAL_CHARACTERS_MAX = 64
"""§4.1.1 allows 15 for a system_id and 8 for a password; several carriers issue longer ones."""
MESSAGE_ID_CHARACTERS_MAX = 255
"""§5.2.23 allows 64; what is longer than this is no id."""

MESSAGE_PAYLOAD = 0x0424

_HEADER = struct.Struct(">IIII")
_TLV = struct.Struct(">HH")
_RESPONSE = 0x8000_0000


class Command(IntEnum):
    """command_id (§5.1.2.1)."""

    BIND_RECEIVER = 0x01
    BIND_TRANSMITTER = 0x02
    QUERY_SM = 0x03
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    REPLACE_SM = 0x07
    CANCEL_SM = 0x08
    BIND_TRANSCEIVER = 0x09
    OUTBIND = 0x0B
    ENQUIRE_LINK = 0x15
    SUBMIT_MULTI = 0x21
    ALERT_NOTIFICATION = 0x0102
    DATA_SM = 0x0103
    GENERIC_NACK = _RESPONSE
    BIND_RECEIVER_RESP = _RESPONSE | 0x01
    BIND_TRANSMITTER_RESP = _RESPONSE | 0x02
    QUERY_SM_RESP = _RESPONSE | 0x03
    SUBMIT_SM_RESP = _RESPONSE | 0x04
    DELIVER_SM_RESP = _RESPONSE | 0x05
    UNBIND_RESP = _RESPONSE | 0x06
    REPLACE_SM_RESP = _RESPONSE | 0x07
    CANCEL_SM_RESP = _RESPONSE | 0x08
    BIND_TRANSCEIVER_RESP = _RESPONSE | 0x09
    ENQUIRE_LINK_RESP = _RESPONSE | 0x15
    SUBMIT_MULTI_RESP = _RESPONSE | 0x21
    DATA_SM_RESP = _RESPONSE | 0x0103


class Pdu(NamedTuple):
    """One frame. `command` stays a number, because a peer may send one that has no name."""

    command: int
    status: int
    sequence: int
    body: bytes


class BadFrame(Exception):
    """A command_length below 16 or above the limit: the stream is lost, so drop the session.

    `before` holds the PDUs that were complete before it in the same octets.
    """

    def __init__(self, length: int, start: bytes, before: list[Pdu]) -> None:
        self.length = length
        self.before = before
        super().__init__(f"command_length {length} in a frame that starts with {start.hex(' ')}")


class BadPdu(Exception):
    """A body that does not parse. The frame around it was sound, so the session can go on."""


class Address(NamedTuple):
    """Type of number (§5.2.5), numbering plan (§5.2.6) and what they qualify."""

    ton: int
    npi: int
    digits: str


class Submit(NamedTuple):
    """submit_sm (§4.4.1)."""

    source: Address
    destination: Address
    esm_class: int
    registered_delivery: int
    data_coding: int
    short_message: bytes
    """Any length; more than 254 octets travel as message_payload."""
    protocol_id: int = 0
    priority: int = 0
    schedule: str = ""
    validity: str = ""
    replace: int = 0
    service_type: str = ""
    tlvs: bytes = b""
    """Optional parameters, as `encode_tlvs` makes them."""


class Deliver(NamedTuple):
    """deliver_sm (§4.6.1) or data_sm (§4.7.1), as far as a receiver needs them."""

    source: Address
    destination: Address
    esm_class: int
    protocol_id: int
    data_coding: int
    short_message: bytes
    """Or message_payload, which then is not among `tlvs`."""
    tlvs: dict[int, bytes]
    """By tag (§5.3.2); of a tag that comes twice, the last."""


class Frames:
    """Cuts a stream into PDUs. Holds at most one unfinished PDU and the octets last fed."""

    def __init__(self, length_max: int = 65_536) -> None:
        self._length_max = length_max
        self._rest = bytearray()
        self._wanted = HEADER_BYTES

    def feed(self, data: bytes) -> list[Pdu]:
        """The PDUs that these octets complete. Raises BadFrame, after which nothing may be fed."""
        if self._rest:
            # Appending in place keeps a PDU that comes octet by octet from costing its square.
            self._rest += data
            if len(self._rest) < self._wanted:
                return []
            data = bytes(self._rest)
            self._rest.clear()
        pdus: list[Pdu] = []
        at, end, wanted = 0, len(data), HEADER_BYTES
        while end - at >= HEADER_BYTES:
            length, command, status, sequence = _HEADER.unpack_from(data, at)
            if not HEADER_BYTES <= length <= self._length_max:
                raise BadFrame(length, data[at : at + HEADER_BYTES], pdus)
            if end - at < length:
                wanted = length
                break
            pdus.append(Pdu(command, status, sequence, data[at + HEADER_BYTES : at + length]))
            at += length
        self._wanted = wanted
        if at < end:
            self._rest += data[at:]
        return pdus


def encode(command: int, sequence: int, body: bytes = b"", status: int = 0) -> bytes:
    """A frame around a body."""
    return _HEADER.pack(HEADER_BYTES + len(body), command, status, sequence) + body


def encode_bind(
    command: int,
    sequence: int,
    *,
    system_id: str,
    password: str,
    system_type: str,
    interface_version: int = 0x34,
    ton: int = 0,
    npi: int = 0,
    address_range: str = "",
) -> bytes:
    """bind_transmitter, bind_receiver or bind_transceiver (§4.1). Raises ValueError naming the field."""
    body = b"%b\0%b\0%b\0%b%b\0" % (
        _c_octets("system_id", system_id, CREDENTIAL_CHARACTERS_MAX),
        _c_octets("password", password, CREDENTIAL_CHARACTERS_MAX),
        _c_octets("system_type", system_type, 12),
        bytes((interface_version, ton, npi)),
        _c_octets("address_range", address_range, 40),
    )
    return encode(command, sequence, body)


def encode_submit(sequence: int, submit: Submit) -> bytes:
    """A whole submit_sm. Raises ValueError naming the field that does not fit."""
    return _encode_sm(0x04, sequence, submit)


def encode_deliver(sequence: int, deliver: Deliver) -> bytes:
    """A whole deliver_sm, as a service centre would send it."""
    source, destination, esm_class, protocol_id, data_coding, text, tlvs = deliver
    more = encode_tlvs(tlvs)
    sm = Submit(source, destination, esm_class, 0, data_coding, text, protocol_id, tlvs=more)
    return _encode_sm(0x05, sequence, sm)


def encode_tlvs(tlvs: Mapping[int, bytes]) -> bytes:
    """Optional parameters (§3.2.4.1), in the order of the mapping."""
    return b"".join(_TLV.pack(tag, len(value)) + value for tag, value in tlvs.items())


def encode_query(message_id: str, source: Address) -> bytes:
    """The body of query_sm (§4.8.1); the source is that of the submit."""
    fields = _c_octets("message_id", message_id, MESSAGE_ID_CHARACTERS_MAX)
    address = _c_octets("source_addr", source.digits, 20)
    return b"%b\0%c%c%b\0" % (fields, source.ton, source.npi, address)


def decode_query_resp(body: bytes) -> tuple[int, int]:
    """message_state and error_code of query_sm_resp (§4.8.2). Raises BadPdu."""
    parts = body.split(b"\0", 2)
    if len(parts) < 3 or len(parts[2]) < 1:
        raise BadPdu(f"query_sm_resp of {len(body)} octets lacks mandatory parameters")
    return parts[2][0], parts[2][1] if len(parts[2]) > 1 else 0


def decode_submit(body: bytes) -> Submit:
    """A submit_sm as a service centre reads it. Raises BadPdu."""
    service, source, destination, flags, schedule, validity, more, text, tlvs = _split_sm(body)
    return Submit(
        source,
        destination,
        esm_class=flags[0],
        registered_delivery=more[0],
        data_coding=more[2],
        short_message=text,
        protocol_id=flags[1],
        priority=flags[2],
        schedule=schedule.decode("latin-1"),
        validity=validity.decode("latin-1"),
        replace=more[1],
        service_type=service.decode("latin-1"),
        tlvs=encode_tlvs(tlvs),
    )


def decode_deliver(body: bytes) -> Deliver:
    """A deliver_sm. Fewer than 4 octets after the last parameter are ignored. Raises BadPdu."""
    _, source, destination, flags, _, _, more, text, tlvs = _split_sm(body)
    return Deliver(source, destination, flags[0], flags[1], more[2], text, tlvs)


def decode_data_sm(body: bytes) -> Deliver:
    """A data_sm, whose text is always message_payload (§4.7.1). Raises BadPdu."""
    found = _match_data(body)
    if found is None:
        raise BadPdu(f"data_sm of {len(body)} octets lacks mandatory parameters")
    source_type, source, destination_type, destination, flags = found.groups()
    tlvs = _read_tlvs(body, found.end())
    return Deliver(
        Address(source_type[0], source_type[1], source.decode("latin-1")),
        Address(destination_type[0], destination_type[1], destination.decode("latin-1")),
        esm_class=flags[0],
        protocol_id=0,
        data_coding=flags[2],
        short_message=tlvs.pop(MESSAGE_PAYLOAD, b""),
        tlvs=tlvs,
    )


def decode_submit_resp(body: bytes) -> str:
    """The message id of submit_sm_resp or data_sm_resp, or the system_id of a bind's response.

    "" when there is none: a response that reports an error has no body (§4.4.2). The NUL may be
    missing, and what follows it is not looked at, because refusing the response would leave a
    message that the carrier accepted without its id. Raises BadPdu when it is too long for an id.
    """
    text = body.partition(b"\0")[0]
    if len(text) > MESSAGE_ID_CHARACTERS_MAX:
        raise BadPdu(f"message_id of {len(text)} octets")
    return text.decode("latin-1")


# `*+` never gives back what it took, so a body that does not fit is refused in one pass. Addresses
# have the size of data_sm's (§4.7.1), three times that of deliver_sm's.
_ADDRESS = rb"(..)([^\0]{0,64}+)\0"
_match_sm = re.compile(
    rb"([^\0]*+)\0" + _ADDRESS * 2 + rb"(...)([^\0]*+)\0([^\0]*+)\0(.....)", re.DOTALL
).match
_match_data = re.compile(rb"[^\0]*+\0" + _ADDRESS * 2 + rb"(...)", re.DOTALL).match

_Parts = tuple[
    bytes, Address, Address, bytes, bytes, bytes, bytes, bytes, dict[int, bytes]
]  # as submit_sm and deliver_sm order them


def _split_sm(body: bytes) -> _Parts:
    """The common layout of submit_sm and deliver_sm; the flags are (esm_class, protocol_id,
    priority_flag) and (registered_delivery, replace_if_present, data_coding, default id, length)."""
    found = _match_sm(body)
    if found is None:
        raise BadPdu(f"body of {len(body)} octets lacks mandatory parameters")
    service, from_type, source, to_type, target, flags, schedule, validity, more = found.groups()
    at = found.end()
    stop = at + more[4]
    if stop > len(body):
        raise BadPdu(f"sm_length {more[4]}, but {len(body) - at} octets follow")
    text = body[at:stop]
    tlvs = _read_tlvs(body, stop) if stop < len(body) else {}
    return (
        service,
        Address(from_type[0], from_type[1], source.decode("latin-1")),
        Address(to_type[0], to_type[1], target.decode("latin-1")),
        flags,
        schedule,
        validity,
        more,
        text or tlvs.pop(MESSAGE_PAYLOAD, b""),
        tlvs,
    )


def _read_tlvs(body: bytes, at: int) -> dict[int, bytes]:
    tlvs: dict[int, bytes] = {}
    end = len(body)
    while end - at >= 4:
        tag, length = _TLV.unpack_from(body, at)
        at += 4
        if length > end - at:
            raise BadPdu(f"parameter 0x{tag:04X} of {length} octets, but {end - at} follow")
        tlvs[tag] = body[at : at + length]
        at += length
    return tlvs


def _encode_sm(command: int, sequence: int, sm: Submit) -> bytes:
    source, destination, esm_class, registered, coding, text = sm[:6]
    protocol_id, priority, schedule, validity, replace, service_type, tlvs = sm[6:]
    length = len(text)
    if length > SHORT_MESSAGE_BYTES_MAX:
        if length > 0xFFFF:
            raise ValueError(f"message_payload of {length} octets")
        tlvs = _TLV.pack(MESSAGE_PAYLOAD, length) + text + tlvs
        text, length = b"", 0
    body = b"%b\0%c%c%b\0%c%c%b\0%c%c%c%b\0%b\0%c%c%c\0%c%b%b" % (
        _c_octets("service_type", service_type, 5),
        source[0],
        source[1],
        _c_octets("source_addr", source[2], 20),
        destination[0],
        destination[1],
        _c_octets("destination_addr", destination[2], 20),
        esm_class,
        protocol_id,
        priority,
        _c_octets("schedule_delivery_time", schedule, 16),
        _c_octets("validity_period", validity, 16),
        registered,
        replace,
        coding,
        length,
        text,
        tlvs,
    )
    return _HEADER.pack(HEADER_BYTES + len(body), command, 0, sequence) + body


def _c_octets(field: str, value: str, characters_max: int) -> bytes:
    """A C-octet string without its NUL. The error leaves the value out: it may be a password."""
    if not value:
        return b""
    if not value.isascii() or "\0" in value:
        raise ValueError(f"{field} has a character that is not ASCII, or NUL")
    if len(value) > characters_max:
        raise ValueError(f"{field} has {len(value)} characters, at most {characters_max}")
    return value.encode()
