"""Known answers: octets that node-smpp 0.5.1 wrote for the same values, recorded once."""

import pytest

from hookline.carriers.smpp.pdu import (
    Address,
    Command,
    Deliver,
    Frames,
    Pdu,
    Submit,
    decode_data_sm,
    decode_deliver,
    decode_submit,
    encode,
    encode_bind,
    encode_deliver,
    encode_submit,
)
from hookline.carriers.smpp.receipts import CarrierReceipt, find_receipt

PERSON = Address(1, 1, "447700900123")
NUMBER = Address(1, 1, "12025550100")

BIND = (
    "0000002e000000090000000000000001686f6f6b6c696e6500736563726574303800564d41003401015e34343700"
)
ALPHANUMERIC = (
    "0000004a000000040000000000000002000500486f6f6b6c696e6500010134343737303039303031"
    "323300000000003030303030313030303030303030305200010000000548656c6c6f"
)
SEGMENT = (
    "0000003c000000040000000000000003000300313233343500010134343737303039303031323300"
    "4000000000010008000a05000305020100d00061"
)
PAYLOAD = (
    "00000168000000040000000000000004000101313230323535353031303000010134343737303039"
    "303031323300000000000001000400000424012c"
) + "6162" * 150
RECEIPT = (
    "000000b8000000050000000000000005000101343437373030393030313233000101313230323535"
    "3530313030000400000000000000006a69643a30303030303239303935207375623a30303120646c"
    "7672643a303031207375626d697420646174653a32313131323530333439353920646f6e65206461"
    "74653a32313131323530333530303120737461743a44454c49565244206572723a30303020746578"
    "743a001e0006323930393500042700010204230003030011"
)
DATA = (
    "00000037000001030000000000000006000101343437373030393030313233000101313230323535"
    "353031303000000008042400020436"
)

SUBMITS = [
    (
        ALPHANUMERIC,
        2,
        Submit(Address(5, 0, "Hookline"), PERSON, 0, 1, 0, b"Hello", validity="000001000000000R"),
    ),
    (
        SEGMENT,
        3,
        Submit(Address(3, 0, "12345"), PERSON, 0x40, 1, 8, bytes.fromhex("05000305020100d00061")),
    ),
    (PAYLOAD, 4, Submit(NUMBER, PERSON, 0, 1, 4, b"ab" * 150)),
]


def test_bind_is_that_of_node_smpp() -> None:
    ours = encode_bind(
        Command.BIND_TRANSCEIVER,
        1,
        system_id="hookline",
        password="secret08",
        system_type="VMA",
        ton=1,
        npi=1,
        address_range="^447",
    )
    assert ours.hex() == BIND


@pytest.mark.parametrize(("octets", "sequence", "submit"), SUBMITS)
def test_submit_is_that_of_node_smpp(octets: str, sequence: int, submit: Submit) -> None:
    assert encode_submit(sequence, submit).hex() == octets
    assert decode_submit(bytes.fromhex(octets)[16:]) == submit


def test_receipt_of_node_smpp_is_read_and_written() -> None:
    deliver = decode_deliver(bytes.fromhex(RECEIPT)[16:])
    assert (deliver.source, deliver.destination) == (PERSON, NUMBER)
    assert find_receipt(deliver) == CarrierReceipt("29095", "DELIVRD", "17")
    assert encode_deliver(5, deliver).hex() == RECEIPT


def test_data_sm_of_node_smpp_is_read() -> None:
    found = decode_data_sm(bytes.fromhex(DATA)[16:])
    assert found == Deliver(PERSON, NUMBER, 0, 0, 8, b"\x04\x36", {})


@pytest.mark.parametrize(
    ("octets", "pdu"),
    [
        ("000000158000000400000000000000073741334600", Pdu(0x8000_0004, 0, 7, b"7A3F\0")),
        ("00000010800000040000005800000008", Pdu(0x8000_0004, 0x58, 8, b"")),
        ("00000010000000150000000000000009", Pdu(0x15, 0, 9, b"")),
        ("0000001180000005000000000000000a00", Pdu(0x8000_0005, 0, 10, b"\0")),
        ("0000001080000000000000030000000b", Pdu(0x8000_0000, 3, 11, b"")),
    ],
)
def test_frames_of_node_smpp_are_read_and_written(octets: str, pdu: Pdu) -> None:
    assert Frames().feed(bytes.fromhex(octets)) == [pdu]
    assert encode(pdu.command, pdu.sequence, pdu.body, pdu.status).hex() == octets
