"""Which segment a message is, by its header or by the sar parameters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.carriers.smpp.coding import Concat, split_header


def sar(reference: bytes, total: bytes, number: bytes) -> dict[int, bytes]:
    return {0x020C: reference, 0x020E: total, 0x020F: number}


@pytest.mark.parametrize(
    ("header", "concat"),
    [
        ("05 00 03 07 02 01", Concat(7, 2, 1)),
        ("06 08 04 01 07 02 02", Concat(0x107, 2, 2)),
        ("08 24 01 03 00 03 07 03 02", Concat(7, 3, 2)),
        ("0b 05 04 0b 84 23 f0 00 03 07 02 01", Concat(7, 2, 1)),
        ("06 05 04 0b 84 23 f0", None),
        ("03 00 01 07", None),
        ("00", None),
    ],
)
def test_header_is_read_and_removed(header: str, concat: Concat | None) -> None:
    assert split_header(0x40, bytes.fromhex(header) + b"text", {}) == (concat, b"text")


@pytest.mark.parametrize("numbers", ["02 00", "02 03", "00 00", "00 01"])
def test_numbers_out_of_range_make_no_segment(numbers: str) -> None:
    octets = bytes.fromhex("05 00 03 07" + numbers) + b"text"
    assert split_header(0x40, octets, {}) == (None, b"text")


@pytest.mark.parametrize(
    "header",
    ["", "05 00 03 07 02", "ff 00 03 07 02 01", "05 00 04 07 02 01", "01 00"],
)
def test_a_broken_header_stays_in_the_text(header: str) -> None:
    octets = bytes.fromhex(header)
    assert split_header(0x40, octets, {}) == (None, octets)


def test_without_the_indicator_octets_are_no_header() -> None:
    octets = bytes.fromhex("05 00 03 07 02 01") + b"text"
    assert split_header(0, octets, {}) == (None, octets)


def test_sar_parameters_make_a_segment() -> None:
    assert split_header(0, b"text", sar(b"\1\7", b"\3", b"\2")) == (Concat(0x107, 3, 2), b"text")


@pytest.mark.parametrize(
    "tlvs",
    [
        sar(b"\1\7", b"\3", b"\4"),
        sar(b"\1\7", b"\0", b"\0"),
        sar(b"", b"", b""),
        {0x020C: b"\1\7", 0x020E: b"\3"},
        {0x020E: b"\3", 0x020F: b"\1"},
    ],
)
def test_sar_parameters_that_make_no_sense_are_ignored(tlvs: dict[int, bytes]) -> None:
    assert split_header(0, b"text", tlvs) == (None, b"text")


def test_header_wins_over_sar_parameters() -> None:
    octets = bytes.fromhex("05 00 03 07 02 01") + b"text"
    assert split_header(0x40, octets, sar(b"\0\1", b"\3", b"\2")) == (Concat(7, 2, 1), b"text")


@given(st.integers(0, 255), st.binary(max_size=160))
def test_any_octets_end_with_the_text(esm_class: int, octets: bytes) -> None:
    concat, text = split_header(esm_class, octets, {})
    assert octets.endswith(text)
    assert concat is None or 1 <= concat.number <= concat.total
