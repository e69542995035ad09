"""Receipt texts as carriers write them, from their documents and from clients' bug reports."""

import pytest

from hookline.carriers.smpp.pdu import Address, Deliver
from hookline.carriers.smpp.receipts import CarrierReceipt, find_receipt

LAYOUTS = {
    "SMPP 3.4 Appendix B": (
        (
            "id:0123456789 sub:001 dlvrd:001 submit date:0809011130 done date:0809011131 "
            "stat:DELIVRD err:000 Text:Hello"
        ),
        ("0123456789", "DELIVRD", "000"),
    ),
    "Nexmo": (
        (
            "id:0000000012345678 sub:001 dlvrd:001 submit date:1601010100 done date:1601010101 "
            "stat:DELIVRD err:000 text:none"
        ),
        ("0000000012345678", "DELIVRD", "000"),
    ),
    "no text field": (
        (
            "id:40072910491427628 sub:001 dlvrd:001 submit date:1007291049 done date:1007291049 "
            "stat:DELIVRD err:000"
        ),
        ("40072910491427628", "DELIVRD", "000"),
    ),
    "no sub and no dlvrd (jsmpp #62)": (
        "id:1526758174 submit date:1701240904 done date:1701240904 stat:DELIVRD err:000 text:hellow",
        ("1526758174", "DELIVRD", "000"),
    ),
    "times with a zone (smppex #46)": (
        (
            "id:rdwjwxns18krxr9936ey96ymcw sub:000 dlvrd:000 submit date:180711070003912+ "
            "done date:180711070000012+ stat:UNDELIV err:000"
        ),
        ("rdwjwxns18krxr9936ey96ymcw", "UNDELIV", "000"),
    ),
    "state without its name (ksmppd #108)": (
        (
            "id:ce5bc5a9-4f7d-4282-9244-2e1022a9335c sub:000 dlvrd:000 submit date:180903120815 "
            "done date:180903120816 DELIVRD err:000 Text:"
        ),
        ("ce5bc5a9-4f7d-4282-9244-2e1022a9335c", "DELIVRD", "000"),
    ),
    "empty date (node-smpp #140)": (
        "id:77 sub:001 dlvrd:0 submit date:2007281200 done date: stat:ACCEPTD err:000",
        ("77", "ACCEPTD", "000"),
    ),
    "four digits of err (php-smpp #70)": (
        (
            "id:117062714244798261 sub:001 dlvrd:001 submit date:1706271624 done date:1706271624 "
            "stat:DELIVRD err:0000 text:H\x1bello world"
        ),
        ("117062714244798261", "DELIVRD", "0000"),
    ),
    "FAILED (vumi #897)": (
        (
            "id:0a1 sub:001 dlvrd:000 submit date:1501261200 done date:1501261201 stat:FAILED err:042 "
            "text:"
        ),
        ("0a1", "UNDELIV", "042"),
    ),
    "state padded to seven (php-smpp #16)": (
        (
            "id:5 sub:001 dlvrd:001 submit date:1303221200 done date:1303221200 stat:ACKED   err:00 "
            "text:"
        ),
        ("5", "ACCEPTD", "00"),
    ),
    "spaces after colons (php-smpp #29)": (
        (
            "id: 5f sub: 001 dlvrd: 001 submit date: 1404171200 done date: 1404171200 stat: EXPIRED "
            "err: 0 text: Hi"
        ),
        ("5f", "EXPIRED", "0"),
    ),
    "underscores and lower case": (
        (
            "id:5f sub:001 dlvrd:001 submit_date:1404171200 done_date:1404171200 stat:delivrd err:000 "
            "text:"
        ),
        ("5f", "DELIVRD", "000"),
    ),
    "upper case": (
        (
            "ID:5F SUB:001 DLVRD:000 SUBMIT DATE:1404171200 DONE DATE:1404171200 STAT:REJECTD ERR:0A1 "
            "TEXT:HI"
        ),
        ("5F", "REJECTD", "0A1"),
    ),
    "no err": (
        "id:5 sub:001 dlvrd:001 submit date:1404171200 done date:1404171200 stat:DELIVRD text:err:9",
        ("5", "DELIVRD", None),
    ),
    "empty err": (
        "id:5 sub:001 dlvrd:001 submit date:1404171200 done date:1404171200 stat:DELIVRD err: text:9",
        ("5", "DELIVRD", None),
    ),
    "err before stat": (
        (
            "id:5 sub:001 dlvrd:001 submit date:1404171200 done date:1404171200 err:011 stat:UNDELIV "
            "text:"
        ),
        ("5", "UNDELIV", "011"),
    ),
    "whole word for the state": ("id:5 stat:Undeliverable err:27", ("5", "UNDELIV", "27")),
    "number for the state": ("id:5 stat:2 err:0", ("5", "DELIVRD", "0")),
    "status and error": ("id:5 status:DELIVERED error:12", ("5", "DELIVRD", "12")),
    "lines": ("id:5\r\nsub:001\r\nstat:EXPIRED\r\nerr:003\r\ntext:Hi\r\n", ("5", "EXPIRED", "003")),
    "commas": ("id:5,sub:001,dlvrd:001,stat:DELETED,err:003,text:a", ("5", "DELETED", "003")),
    "text first": ("text:Hello there id:5 stat:DELIVRD err:000", ("5", "DELIVRD", "000")),
    "unheard-of state": ("id:5 sub:001 stat:BLOCKED err:7 text:", ("5", "UNKNOWN", "7")),
    "trailing NUL": ("id:5 sub:001 stat:DELIVRD err:000\0", ("5", "DELIVRD", "000")),
    "extra fields": (
        (
            "id:5 sub:001 dlvrd:001 submit date:1404171200 done date:1404171200 mcc:234 mnc:15 "
            "stat:DELIVRD err:000 text:"
        ),
        ("5", "DELIVRD", "000"),
    ),
}
CASES = pytest.mark.parametrize(("text", "expected"), LAYOUTS.values(), ids=LAYOUTS)


def read(octets: bytes, data_coding: int) -> CarrierReceipt | None:
    person, number = Address(1, 1, "447700900123"), Address(1, 1, "12025550100")
    return find_receipt(Deliver(person, number, 4, 0, data_coding, octets, {}))


@CASES
def test_layout(text: str, expected: tuple[str, str, str | None]) -> None:
    assert read(text.encode("latin-1"), 0) == expected


@CASES
def test_layout_in_ucs2(text: str, expected: tuple[str, str, str | None]) -> None:
    assert read(text.encode("utf-16-be"), 8) == expected


def test_ucs2_under_the_wrong_data_coding_is_read() -> None:
    assert read("id:5 stat:DELIVRD err:1".encode("utf-16-be"), 0) == ("5", "DELIVRD", "1")


def test_ascii_that_claims_to_be_ucs2_is_read() -> None:
    assert read(b"id:5 sub:001 stat:DELIVRD err:1 text:", 8) == ("5", "DELIVRD", "1")
