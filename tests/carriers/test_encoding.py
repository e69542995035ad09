"""The segmenter against tables of TS 23.038 and two independent libraries."""

import gsm0338
import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from hookline.carriers.encoding import (
    CHARACTERS_MAX,
    SEGMENTS_MAX,
    Encoding,
    decode_gsm7,
    decode_ucs2,
    encode_gsm7,
    encode_ucs2,
    segment,
    split,
    split_ucs2,
)

EXTENDED = "^{}\\[~]|€\f"
MAIN = "".join(c for c in smsutil.codecs.GSM_BASIC_CHARSET if c != "\x1b")
ORACLE = gsm0338.Codec()

# Both libraries take ESC for a character; TS 23.038 §6.2.1 note 1 makes it the escape, so a text
# that contains it would change its next character. Here it forces UCS-2, and oracles skip it.
unicode_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x1b"))
gsm_texts = st.text(st.sampled_from(MAIN + EXTENDED * 8), min_size=1, max_size=600)
# Long enough, with pairs and extensions often enough, to cross many boundaries.
crowded_texts = st.text(st.sampled_from("ab€{😀🛑ñ漢"), min_size=1, max_size=400)
any_texts = st.one_of(unicode_texts, gsm_texts, crowded_texts).filter(bool)


def units(text: str) -> int:
    """Counted the slow way, by the oracle's octets."""
    if smsutil.is_valid_gsm(text):
        return len(ORACLE.encode(text)[0])
    return len(text.encode("utf-16-be")) // 2


@pytest.mark.parametrize(
    ("text", "encoding", "segments", "count", "per_segment", "remaining"),
    [
        ("a", "gsm7", 1, 1, 160, 159),
        ("a" * 160, "gsm7", 1, 160, 160, 0),
        ("a" * 161, "gsm7", 2, 161, 153, 145),
        ("a" * 306, "gsm7", 2, 306, 153, 0),
        ("a" * 307, "gsm7", 3, 307, 153, 152),
        ("€" * 80, "gsm7", 1, 160, 160, 0),
        ("€" * 80 + "a", "gsm7", 2, 161, 153, 144),
        ("a" * 152 + "€" * 5, "gsm7", 2, 162, 153, 143),
        ("€" * 153, "gsm7", 3, 306, 153, 151),
        ("ж" * 70, "ucs2", 1, 70, 70, 0),
        ("ж" * 71, "ucs2", 2, 71, 67, 63),
        ("😀" * 35, "ucs2", 1, 70, 70, 0),
        ("😀" * 36, "ucs2", 2, 72, 67, 61),
        ("€" * 68 + "ж" * 3, "ucs2", 2, 71, 67, 63),
    ],
)
def test_boundaries(
    text: str, encoding: str, segments: int, count: int, per_segment: int, remaining: int
) -> None:
    found = segment(text)
    assert (found.encoding, found.segments, found.units) == (encoding, segments, count)
    assert (found.units_per_segment, found.remaining) == (per_segment, remaining)
    assert found.characters == len(text)


def test_empty_text_has_no_segment() -> None:
    assert segment("").segments == 0
    assert split("") == split_ucs2("") == []


@pytest.mark.parametrize("text", ["a" * CHARACTERS_MAX, "ж" * SEGMENTS_MAX * 67])
def test_largest_text_fills_the_allowed_segments(text: str) -> None:
    assert segment(text).segments == SEGMENTS_MAX
    assert segment(text + "a").segments == SEGMENTS_MAX + 1


def test_forcing_characters_come_once_in_order() -> None:
    assert segment("“Zoë” – 10 €, “ok” 😀").forcing == ("“", "ë", "”", "–", "😀")
    assert segment("10 € [ok]").forcing == ()


def test_escape_is_no_character_of_the_alphabet() -> None:
    assert segment("a\x1be").encoding is Encoding.UCS2
    with pytest.raises(UnicodeEncodeError):
        encode_gsm7("a\x1be")


def test_lone_surrogate_is_counted_and_sent_as_a_question_mark() -> None:
    assert segment("a\ud83d").units == 2
    assert encode_ucs2("a\ud83d") == b"\0a\0?"


def test_text_outside_the_alphabet_has_no_septets() -> None:
    with pytest.raises(UnicodeEncodeError) as refused:
        encode_gsm7("price in ₹")
    assert refused.value.start == 9


@given(any_texts)
def test_same_encoding_and_parts_as_smsutil(text: str) -> None:
    found, oracle = segment(text), smsutil.split(text)
    assert (found.encoding is Encoding.GSM7) == smsutil.is_valid_gsm(text)
    assert found.segments == len(oracle.parts)
    assert split(text) == [part.content for part in oracle.parts]


@given(any_texts)
def test_parts_join_to_the_text_and_none_is_too_long(text: str) -> None:
    found, parts = segment(text), split(text)
    assert "".join(parts) == text
    if found.encoding is Encoding.GSM7:
        lengths = [len(encode_gsm7(part)) for part in parts]
    else:
        lengths = [len(encode_ucs2(part)) // 2 for part in parts]
    assert max(lengths) <= found.units_per_segment
    assert sum(lengths) == found.units == units(text)
    assert lengths[-1] == found.units_per_segment - found.remaining


@given(any_texts)
def test_any_text_can_be_split_as_ucs2(text: str) -> None:
    parts = split_ucs2(text)
    assert "".join(parts) == text
    assert max(len(encode_ucs2(part)) for part in parts) <= (140 if len(parts) == 1 else 134)
    if segment(text).encoding is Encoding.UCS2:
        assert parts == split(text)


@given(gsm_texts)
def test_septets_are_those_of_both_libraries(text: str) -> None:
    septets = encode_gsm7(text)
    assert septets == ORACLE.encode(text)[0] == smsutil.encode(text)
    assert decode_gsm7(septets) == text


@given(unicode_texts)
def test_ucs2_comes_back(text: str) -> None:
    assert decode_ucs2(encode_ucs2(text)) == text


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"\x1b\x65", "€"),
        (b"\x1b\x0a", "\f"),
        (b"a\x1b", "a "),
        (b"\x1b\x1b", " "),
        (b"\x1b\x1b\x65", " e"),
        # Where the extension table is empty, the standard shows the main table's character;
        # smsutil shows a space before it, and gsm0338 refuses.
        (b"\x1b\x41", "A"),
        (b"\x1b\x0d", "\r"),
        (b"a\xe9", "a\ufffd"),
    ],
)
def test_odd_septets_are_read_as_the_standard_says(octets: bytes, text: str) -> None:
    assert decode_gsm7(octets) == text


@pytest.mark.parametrize(
    ("octets", "text"),
    [(b"\0a\0", "a\ufffd"), (b"\xd8\x3d\0a", "\ufffda"), (b"\xd8\x3d\xde\x00", "😀")],
)
def test_broken_ucs2_is_still_read(octets: bytes, text: str) -> None:
    assert decode_ucs2(octets) == text


@given(st.binary(max_size=300))
def test_no_octets_are_refused(octets: bytes) -> None:
    assert "\x1b" not in decode_gsm7(octets)
    decode_ucs2(octets).encode()
