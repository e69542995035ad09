"""Which deliver_sm is a receipt, what wins in it, and what it means for the message."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.carriers.port import ReceiptState
from hookline.carriers.smpp.pdu import Address, BadPdu, Deliver
from hookline.carriers.smpp.receipts import (
    CarrierReceipt,
    UnreadableReceipt,
    find_receipt,
    to_state,
)
from tests.carriers.smpp.strategies import delivers

USUAL = (
    "id:123 sub:001 dlvrd:001 submit date:2401010101 done date:2401010102 stat:{} err:000 text:Hi"
)
DELIVERED = USUAL.format("DELIVRD")


def deliver(text: str, esm_class: int = 4, tlvs: dict[int, bytes] | None = None) -> Deliver:
    person, number = Address(1, 1, "447700900123"), Address(1, 1, "12025550100")
    return Deliver(person, number, esm_class, 0, 0, text.encode("latin-1"), tlvs or {})


@pytest.mark.parametrize("esm_class", [0x00, 0x40, 0x80, 0x10, 0x18, 0x03])
def test_a_text_that_looks_like_a_receipt_is_a_message(esm_class: int) -> None:
    assert find_receipt(deliver(DELIVERED, esm_class)) is None


@pytest.mark.parametrize("esm_class", [0x04, 0x08, 0x44, 0x84])
def test_esm_class_says_that_it_is_a_receipt(esm_class: int) -> None:
    assert find_receipt(deliver(DELIVERED, esm_class)) == CarrierReceipt("123", "DELIVRD", "000")


def test_an_intermediate_notification_is_never_final() -> None:
    found = find_receipt(deliver(USUAL.format("UNDELIV"), 0x20))
    assert found == CarrierReceipt("123", "ENROUTE", "000")


def test_parameters_of_a_receipt_make_one_without_esm_class() -> None:
    tlvs = {0x001E: b"9F\0", 0x0427: b"\2"}
    assert find_receipt(deliver("", 0, tlvs)) == CarrierReceipt("9F", "DELIVRD", None)


def test_one_parameter_alone_makes_no_receipt() -> None:
    assert find_receipt(deliver("Hello", 0, {0x001E: b"9F\0"})) is None


def test_parameters_win_over_the_text() -> None:
    tlvs = {0x001E: b"9F\0", 0x0427: b"\5", 0x0423: b"\3\0\x11"}
    assert find_receipt(deliver(DELIVERED, 4, tlvs)) == CarrierReceipt("9F", "UNDELIV", "17")


@pytest.mark.parametrize(
    "tlvs",
    [
        {0x001E: b""},
        {0x001E: b"\x00"},
        {0x0427: b""},
        {0x0427: b"\x63"},
        {0x0427: b"\x02\x00"},
        {0x0423: b"\x03\x00\x00"},
        {0x0423: b"\x03"},
    ],
)
def test_a_parameter_that_says_nothing_leaves_the_text(tlvs: dict[int, bytes]) -> None:
    found = find_receipt(deliver(USUAL.format("EXPIRED"), 4, tlvs))
    assert found == CarrierReceipt("123", "EXPIRED", "000")


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (1, "ENROUTE"),
        (2, "DELIVRD"),
        (3, "EXPIRED"),
        (4, "DELETED"),
        (5, "UNDELIV"),
        (6, "ACCEPTD"),
        (7, "UNKNOWN"),
        (8, "REJECTD"),
    ],
)
def test_message_state_has_the_name_of_the_text(number: int, name: str) -> None:
    by_number = find_receipt(deliver("id:1", 4, {0x0427: bytes([number])}))
    by_name = find_receipt(deliver(f"id:1 stat:{name}"))
    assert by_number == by_name == CarrierReceipt("1", name, None)


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("ENROUTE", None),
        ("ACCEPTD", None),
        ("DELIVRD", ReceiptState.DELIVERED),
        ("EXPIRED", ReceiptState.EXPIRED),
        ("DELETED", ReceiptState.UNDELIVERED),
        ("UNDELIV", ReceiptState.UNDELIVERED),
        ("REJECTD", ReceiptState.UNDELIVERED),
        ("UNKNOWN", None),
    ],
)
def test_state_for_the_message(name: str, state: ReceiptState | None) -> None:
    assert to_state(name, accepted_is_delivered=False) is state


def test_accepted_counts_as_delivered_where_the_carrier_says_so() -> None:
    assert to_state("ACCEPTD", accepted_is_delivered=True) is ReceiptState.DELIVERED
    assert to_state("ENROUTE", accepted_is_delivered=True) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "stat:DELIVRD err:000",
        "id: stat:DELIVRD",
        "Hello",
        "id:",
        f"id:{'1' * 256} stat:DELIVRD",
    ],
)
def test_a_receipt_without_an_id_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableReceipt, match=f"receipt of {len(text)} octets"):
        find_receipt(deliver(text))


@pytest.mark.parametrize(
    "text",
    [
        DELIVERED + " stat:UNDELIV id:9 err:5",
        DELIVERED.replace("Hi", "id:9 stat:UNDELIV"),
        DELIVERED.replace("Hi", "stat:UNDELIV"),
        "stat:DELIVRD id:123 err:000 Text:id:9 stat:UNDELIV",
        "err:000 stat:DELIVRD id:123 text: \nid:9 stat:UNDELIV text:id:8",
    ],
)
def test_the_message_in_a_receipt_is_not_believed(text: str) -> None:
    assert find_receipt(deliver(text)) == CarrierReceipt("123", "DELIVRD", "000")


def test_the_message_does_not_lend_a_state_that_is_missing() -> None:
    found = find_receipt(deliver("id:123 err:000 text:stat:DELIVRD REJECTD "))
    assert found == CarrierReceipt("123", "UNKNOWN", "000")


def test_an_endless_error_is_cut() -> None:
    assert find_receipt(deliver(f"id:1 stat:UNDELIV err:{'9' * 300}")) == (
        CarrierReceipt("1", "UNDELIV", "9" * 64)
    )


@given(delivers)
def test_any_deliver_is_a_receipt_or_none_or_unreadable(sent: Deliver) -> None:
    with contextlib.suppress(BadPdu):
        find_receipt(sent)


@given(st.text("idstaerx:_ \0\n019", max_size=120))
def test_any_text_is_read_or_unreadable(text: str) -> None:
    with contextlib.suppress(UnreadableReceipt):
        found = find_receipt(deliver(text))
        assert found is not None
        assert found.id


@given(
    st.from_regex(r"[0-9A-Za-z-]{1,40}", fullmatch=True),
    st.permutations(["sub:001", "submit date:2401010101", "stat:EXPIRED", "err:0a1", "dlvrd:000"]),
    st.integers(0, 5),
)
def test_fields_come_in_any_order(carrier_id: str, fields: list[str], at: int) -> None:
    text = " ".join([*fields[:at], f"ID:{carrier_id}", *fields[at:], "Text:Hi"])
    assert find_receipt(deliver(text)) == CarrierReceipt(carrier_id, "EXPIRED", "0a1")
