"""Reading numbers: what is accepted, what is refused and why, and what logs may show."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.numbers.e164 import (
    TEXT_LENGTH_MAX,
    InvalidNumber,
    country_of,
    is_alphanumeric_sender,
    is_plain,
    is_short_code,
    parse_number,
    redact,
)

SANDBOX = [
    *(f"+150055500{n:02}" for n in range(1, 13)),
    *(f"+120255501{n:02}" for n in range(12)),
    "+447700900123",
]
COUNTRY_CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
digits = st.text("0123456789", min_size=1, max_size=15)
dialled = st.builds("+{}{}".format, st.sampled_from(COUNTRY_CODES), digits)


@pytest.mark.parametrize("number", SANDBOX)
def test_sandbox_numbers_are_their_own_form(number: str) -> None:
    assert parse_number(number) == number


@given(st.integers(0, 99_999))
def test_british_drama_range_is_accepted(line: int) -> None:
    number = f"+4477009{line:05}"
    assert parse_number(number) == number


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        ("+1 (202) 555-0100", "+12025550100"),
        (" +1.202.555.0100 ", "+12025550100"),
        ("+1\u00a0202\u2011555\u20130100", "+12025550100"),
        ("+44 (0)20 7183 8750", "+442071838750"),
        ("+49 30/901820", "+4930901820"),
        ("+39 02 3661 8300", "+390236618300"),
        ("+15555550100", "+15555550100"),
        ("+800 1234 5678", "+80012345678"),
        ("+4300620745", "+43620745"),
    ],
)
def test_grouping_and_trunk_prefixes_disappear(text: str, e164: str) -> None:
    assert parse_number(text) == e164


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("+", "empty"),
        ("12125550100", "no country code"),
        ("02071838750", "no country code"),
        ("00442071838750", "starts with 00"),
        ("+999123456", "country code in use"),
        ("+0123456789", "country code in use"),
        ("+1202", "too short"),
        ("+49", "too short"),
        ("+120255501001", "too long"),
        ("+12025550", "area code"),
        ("+" + "1" * TEXT_LENGTH_MAX, "at most 32 characters"),
        ("+49" + "1" * 15, "at most 15 digits"),
        ("+1 800 FLOWERS", "a letter"),
        ("tel:+12025550100", "a letter"),
        ("+12025550100x5", "extension"),
        ("+12025550100 ext. 5", "extension"),
        ("+12025550100;ext=5", "extension"),
        ("+١٢٠٢٥٥٥٠١٠٠", "another script"),
        ("＋12025550100", "“＋”"),
        ("++12025550100", "“+”"),
        ("+1202555\n0100", "U+000A"),
        ("+1202555\ud8000100", "U+D800"),
    ],
)
def test_refusal_says_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(InvalidNumber) as refused:
        parse_number(text)
    assert reason in refused.value.detail
    assert len(text) < 2 or text not in refused.value.detail
    assert (refused.value.status, refused.value.code) == (422, "invalid_number")


@given(dialled)
def test_accepted_numbers_are_possible_and_stable(text: str) -> None:
    try:
        e164 = parse_number(text)
    except InvalidNumber:
        return
    assert phonenumbers.is_possible_number(phonenumbers.parse(e164))
    assert parse_number(e164) == e164
    assert len(e164) <= 16


@given(dialled)
def test_every_possible_number_is_accepted(text: str) -> None:
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return
    possible = phonenumbers.ValidationResult.IS_POSSIBLE
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if (
        phonenumbers.is_possible_number_with_reason(number) == possible
        and phonenumbers.parse(written) == number
        and len(written) <= 16
    ):
        assert parse_number(text) == written


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert parse_number(text).startswith("+")
    except InvalidNumber as refused:
        refused.detail.encode()


@pytest.mark.parametrize(
    ("e164", "country"),
    [
        ("+12025550100", "US"),
        ("+14165550100", "CA"),
        ("+15555550100", "US"),
        ("+442071838750", "GB"),
        ("+447700900123", "GB"),
        ("+390669812345", "VA"),
        ("+80012345678", None),
        ("+870123456789", None),
        ("+999", None),
        ("HOOKLINE", None),
    ],
)
def test_country_of_a_number(e164: str, country: str | None) -> None:
    assert country_of(e164) == country


@pytest.mark.parametrize(
    "text", ["Hookline", "A", "1-800-Acme", "Tom & Co.", "My_Shop+", "1234567890a"]
)
def test_alphanumeric_senders(text: str) -> None:
    assert is_alphanumeric_sender(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345",
        "TwelveLetter",
        "+Hookline",
        " Hook",
        "Hook ",
        "Café",
        "Hook\n",
        "a/b",
        "&Co",
        "漢字",
    ],
)
def test_other_texts_are_no_sender(text: str) -> None:
    assert not is_alphanumeric_sender(text)


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("123", True),
        ("12345678", True),
        ("12", False),
        ("123456789", False),
        ("+12345", False),
        ("12a45", False),
        ("١٢٣٤", False),
        ("12345\n", False),
        ("", False),
    ],
)
def test_short_codes(text: str, short: bool) -> None:
    assert is_short_code(text) is short


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+12025550100", "+1202•••••00"),
        ("+447700900123", "+4477••••••23"),
        ("+4412345", "+4••••••"),
        ("12345", "12•••"),
        ("", ""),
    ],
)
def test_logs_hide_most_of_a_number(text: str, shown: str) -> None:
    assert redact(text) == shown


@given(st.from_regex(r"\A\+[1-9][0-9]{5,15}\Z"))
def test_a_plain_number_is_what_a_full_reading_gives(text: str) -> None:
    if is_plain(text):
        number = phonenumbers.parse(text)
        assert phonenumbers.is_possible_number(number)
        assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == text


def test_the_examples_of_every_region_are_read_alike() -> None:
    """But for the one or other that is dialled in its region only, such as Canada's 310 1234."""
    found = 0
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in range(13):
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None:
                continue
            reason = phonenumbers.is_possible_number_with_reason(example)
            if reason == phonenumbers.ValidationResult.IS_POSSIBLE:
                text = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
                assert parse_number(text) == text, (region, kind)
                found += 1
    assert found > 1_000


def test_most_numbers_are_plain() -> None:
    assert all(map(is_plain, ["+12025550100", "+447700900123", "+15005550001", "+4915112345678"]))
