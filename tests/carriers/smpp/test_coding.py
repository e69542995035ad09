"""Texts as short_message and back, against two independent libraries."""

import gsm0338
import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from hookline.carriers.encoding import Encoding, segment, split
from hookline.carriers.smpp.coding import (
    Alphabet,
    Concat,
    LongMessages,
    decode_text,
    encode_parts,
    split_header,
)
from hookline.carriers.smpp.pdu import Address, Submit, decode_deliver, encode_submit

ORACLE = gsm0338.Codec()
MAIN = "".join(c for c in smsutil.codecs.GSM_BASIC_CHARSET if c != "\x1b")
gsm_texts = st.text(st.sampled_from(MAIN + "^{}\\[~]|€" * 8), min_size=1, max_size=600)
any_texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x1b\0"), min_size=1),
    st.text(st.sampled_from("ab€{😀🛑ñ漢"), min_size=1, max_size=400),
    gsm_texts,
)
alphabets = st.sampled_from(Alphabet)
BITS_MAX = 140 * 8
"""What one segment carries (TS 23.040 §9.2.3.24)."""


def encoded(text: str, alphabet: Alphabet, reference: int = 7) -> list[tuple[int, int, bytes]]:
    sent = encode_parts(split(text), segment(text).encoding, alphabet, reference)
    return [one[:3] for one in sent]


def read(segments: list[tuple[int, int, bytes]], alphabet: Alphabet) -> str:
    """What a receiver puts together."""
    return "".join(
        decode_text(coding, split_header(esm_class, octets, {})[1], alphabet)[0]
        for esm_class, coding, octets in segments
    )


@given(any_texts, alphabets)
def test_a_text_comes_back(text: str, alphabet: Alphabet) -> None:
    assert read(encoded(text, alphabet), alphabet) == text


@given(any_texts, alphabets, st.sampled_from(LongMessages))
def test_a_text_comes_back_however_long_ones_are_sent(
    text: str, alphabet: Alphabet, long: LongMessages
) -> None:
    sent = encode_parts(split(text), segment(text).encoding, alphabet, 7, long)
    here = Address(1, 1, "12025550100")
    joined = ""
    for esm_class, coding, octets, tlvs in sent:
        submit = Submit(here, here, esm_class, 1, coding, octets, tlvs=tlvs)
        heard = decode_deliver(encode_submit(1, submit)[16:])  # the same layout
        concat, rest = split_header(heard.esm_class, heard.short_message, heard.tlvs)
        number = len(joined) and concat and concat.number
        assert not number or number > 1
        joined += decode_text(heard.data_coding, rest, alphabet)[0]
    assert joined == text
    assert long is not LongMessages.PAYLOAD or len(sent) == 1


@given(any_texts, alphabets, st.integers(0, 100_000))
def test_segments_are_numbered_and_share_a_reference(
    text: str, alphabet: Alphabet, reference: int
) -> None:
    sent = encoded(text, alphabet, reference)
    found = [split_header(esm_class, octets, {})[0] for esm_class, _, octets in sent]
    total = len(sent)
    numbered = [Concat(reference & 0xFF, total, number) for number in range(1, total + 1)]
    assert found == (numbered if total > 1 else [None])


@given(gsm_texts)
def test_septets_are_those_of_both_libraries(text: str) -> None:
    parts = [part.content for part in smsutil.split(text).parts]
    sent = encoded(text, Alphabet.GSM7)
    assert [split_header(esm_class, octets, {})[1] for esm_class, _, octets in sent] == [
        ORACLE.encode(part)[0] for part in parts
    ]


@given(any_texts, alphabets)
def test_every_segment_fits_into_140_octets(text: str, alphabet: Alphabet) -> None:
    for esm_class, coding, octets in encoded(text, alphabet):
        _, body = split_header(esm_class, octets, {})
        header_bits = 0 if len(body) == len(octets) else 49  # 6 octets, filled up to a septet
        if coding == 8:
            assert len(octets) <= 140
        else:
            septets = len(ORACLE.encode(decode_text(coding, body, alphabet)[0])[0])
            assert header_bits + septets * 7 <= BITS_MAX


def test_one_segment_has_no_header() -> None:
    assert encoded("10 €", Alphabet.GSM7) == [(0, 0, b"10 \x1b\x65")]


def test_segments_begin_with_the_header_of_six_octets() -> None:
    first, second = encoded("a" * 161, Alphabet.GSM7, reference=0x1FE)
    assert first == (0x40, 0, bytes.fromhex("050003fe0201") + b"a" * 153)
    assert second == (0x40, 0, bytes.fromhex("050003fe0202") + b"a" * 8)


def test_ucs2_has_its_data_coding() -> None:
    assert encoded("ж", Alphabet.LATIN1) == [(0, 8, b"\x04\x36")]


def test_latin1_goes_as_the_default_alphabet() -> None:
    assert encoded("Zoé {1}", Alphabet.LATIN1) == [(0, 0, b"Zo\xe9 {1}")]


@pytest.mark.parametrize(
    ("text", "alphabet"),
    [("10 €", Alphabet.LATIN1), ("Ω", Alphabet.LATIN1), ("é", Alphabet.ASCII)],
)
def test_what_the_carriers_alphabet_lacks_goes_as_ucs2(text: str, alphabet: Alphabet) -> None:
    assert encoded(text, alphabet) == [(0, 8, text.encode("utf-16-be"))]


def test_what_goes_as_ucs2_is_split_anew() -> None:
    text = "€" + "a" * 158
    assert len(encoded(text, Alphabet.GSM7)) == 1
    sent = encoded(text, Alphabet.LATIN1)
    assert [len(octets) for _, _, octets in sent] == [140, 140, 6 + 2 * (159 - 2 * 67)]


@pytest.mark.parametrize(
    ("coding", "octets", "text", "encoding"),
    [
        (0, b"\x00\x02\x1b\x65", "@$€", Encoding.GSM7),
        (1, b"a{b", "a{b", Encoding.GSM7),
        (3, b"Zo\xe9", "Zoé", Encoding.GSM7),
        (3, b"\xe7a", "ça", Encoding.UCS2),
        (4, b"\x89PNG", "\x89PNG", Encoding.UCS2),
        (5, b'\x1b$B$"\x1b(B', "あ", Encoding.UCS2),
        (6, b"\xb6", "Ж", Encoding.UCS2),
        (7, b"\xe0", "א", Encoding.UCS2),
        (8, b"\x04\x36", "ж", Encoding.UCS2),
        (14, b"\xb0\xa1", "가", Encoding.UCS2),
        (0x10, b"\x00", "@", Encoding.GSM7),
        (0x18, b"\x04\x36", "ж", Encoding.UCS2),
        (0xC8, b"\x00", "@", Encoding.GSM7),
        (0xE0, b"\x04\x36", "ж", Encoding.UCS2),
        (0xF0, b"\x00", "@", Encoding.GSM7),
        (0xF5, b"Zo\xe9", "Zoé", Encoding.GSM7),
        (0x99, b"a", "a", Encoding.GSM7),
    ],
)
def test_data_coding(coding: int, octets: bytes, text: str, encoding: Encoding) -> None:
    assert decode_text(coding, octets, Alphabet.GSM7) == (text, encoding)


@pytest.mark.parametrize("alphabet", [Alphabet.LATIN1, Alphabet.ASCII])
def test_the_carrier_says_what_its_default_alphabet_is(alphabet: Alphabet) -> None:
    assert decode_text(0, b"Zo\xe9 @", alphabet) == ("Zoé @", Encoding.GSM7)


def test_nul_does_not_reach_the_database() -> None:
    assert decode_text(3, b"a\0b\0\0", Alphabet.GSM7)[0] == "a\ufffdb"
    assert decode_text(8, b"\0a\0\0", Alphabet.GSM7)[0] == "a"


@given(st.integers(0, 255), st.binary(max_size=200), alphabets)
def test_any_octets_are_a_text(coding: int, octets: bytes, alphabet: Alphabet) -> None:
    text, _ = decode_text(coding, octets, alphabet)
    assert "\0" not in text
    text.encode()
