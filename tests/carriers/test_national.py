"""National language tables, against another implementation."""

import gsmcodecs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.carriers.encoding import decode_gsm7
from hookline.carriers.national import decode_national

LANGUAGES = range(14)
ESCAPE = b"\x1b"


def test_the_other_implementation_knows_our_languages() -> None:
    assert set(gsmcodecs.GSMCHARMAPS) == set(LANGUAGES)


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != 2])  # Spanish has none
def test_locking_tables_are_those_of_another_implementation(language: int) -> None:
    table = gsmcodecs.GSMCHARMAPS[language]["locking"]["decode"]
    for septet in set(range(128)) - {0x1B}:
        shown = decode_national(bytes((septet,)), locking=language)
        assert shown == chr(table.get(septet, 0xFFFD)), f"{septet:02X}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_single_shift_tables_are_those_of_another_implementation(language: int) -> None:
    table = gsmcodecs.GSMCHARMAPS[language]["singleShift"]["decode"]
    for septet in set(range(128)) - {0x1B, 0x0A}:
        shown = decode_national(ESCAPE + bytes((septet,)), single=language)
        wanted = chr(table[septet]) if septet in table else decode_gsm7(bytes((septet,)))
        assert shown == wanted, f"{septet:02X}"


@given(st.binary(max_size=80))
def test_without_a_language_it_is_the_default_alphabet(octets: bytes) -> None:
    assert decode_national(octets) == decode_gsm7(octets)


@given(st.binary(max_size=80), st.integers(0, 255), st.integers(0, 255))
def test_no_octets_and_no_language_are_refused(octets: bytes, locking: int, single: int) -> None:
    text = decode_national(octets, locking=locking, single=single)
    assert len(text) <= len(octets)


@pytest.mark.parametrize(
    ("octets", "locking", "single", "text"),
    [
        (b"\x40stanbul, \x0b\x1c", 1, 0, "İstanbul, ĞŞ"),
        (b"\x1bIstanbul'da a\x1bcmak", 0, 1, "İstanbul'da açmak"),
        (b"adi\x1bos, \x1be", 0, 2, "adiós, €"),
        (b"ma\x7b, \x18", 3, 0, "maã, €"),
        (b"\x40\x5a \x1b\x28", 6, 6, "बै {"),
    ],
)
def test_words(octets: bytes, locking: int, single: int, text: str) -> None:
    assert decode_national(octets, locking=locking, single=single) == text
