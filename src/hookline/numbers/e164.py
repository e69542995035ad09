"""What counts as a number: reading, refusing, placing and hiding E.164 texts.

A number must be possible (right length for its country), never "valid": test ranges and new ranges
are not valid in the metadata, and carriers take them.
"""

import re
from functools import cache, lru_cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, ValidationResult

from hookline.errors import Invalid

TEXT_LENGTH_MAX = 32
DIGITS_MAX = 15
"""ITU-T E.164 §6.1, country code included."""

_CACHE_SIZE = 8_192  # 1.3 MB when full; a miss costs 2 µs where the number is plain


class InvalidNumber(Invalid):
    """A phone number cannot be used. Write it as + and country code, like +12025550100."""

    code = "invalid_number"
    title = "The phone number is not valid"


def parse_number(text: str) -> str:
    """The number in E.164. Spaces, dashes, dots, slashes and parentheses may group its digits.

    Raises InvalidNumber, whose detail says what is wrong and does not repeat the number.
    """
    return _parse(text)


def parse_number_at(pointer: str, text: str) -> str:
    """The same, of one field of a body. Raises InvalidNumber that points at the field."""
    try:
        return _parse(text)
    except InvalidNumber as error:
        raise InvalidNumber.at(pointer, error.code, error.detail) from error


def country_of(e164: str) -> str | None:
    """The ISO 3166 region of an E.164 number; None for worldwide ranges such as +800 and +870.

    A range that no region claims yet counts for the main region of its country code.
    """
    return _country_of(e164)


def is_alphanumeric_sender(text: str) -> bool:
    """1–11 characters with a letter. ASCII only, since SMPP 3.4 §3.1 addresses are ASCII.

    It starts with a letter or digit and ends without a space, so that it cannot pass for a number
    or for another sender.
    """
    return _sender(text) is not None


def is_short_code(text: str) -> bool:
    """3–8 digits without a plus."""
    return _short_code(text) is not None


def redact(e164: str) -> str:
    """A number for logs: `+1202•••••00`. Shorter texts show only their first two characters."""
    if len(e164) < 10:
        return e164[:2] + "•" * (len(e164) - 2)
    return e164[:5] + "•" * (len(e164) - 7) + e164[-2:]


_sender = re.compile(
    r"(?=.*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9 &'+._-]{0,9}[A-Za-z0-9&'+._-])?"
).fullmatch
_short_code = re.compile(r"[0-9]{3,8}").fullmatch
# Dashes and spaces as keyboards, word processors and web pages make them.
_GROUPING = " \u00a0\u202f-\u2010\u2011\u2012\u2013()./"
_DELETE_GROUPING = dict.fromkeys(map(ord, _GROUPING))
_is_e164_like = re.compile(r"\+[1-9][0-9]{6,14}").fullmatch
_is_plus_and_digits = re.compile(r"\+[0-9]+").fullmatch

_REFUSALS = {
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "The number lacks its area code.",
    ValidationResult.INVALID_COUNTRY_CODE: "The number does not begin with a country code in use.",
    ValidationResult.TOO_SHORT: "The number is too short for its country.",
    ValidationResult.TOO_LONG: "The number is too long for its country.",
    ValidationResult.INVALID_LENGTH: "No number of its country has this many digits.",
}


@lru_cache(maxsize=_CACHE_SIZE)
def _parse(text: str) -> str:
    if len(text) > TEXT_LENGTH_MAX:
        raise InvalidNumber(f"The number is too long: at most {TEXT_LENGTH_MAX} characters.")
    if is_plain(text):
        return text
    compact = text.strip().translate(_DELETE_GROUPING)
    if not _is_plus_and_digits(compact):
        raise InvalidNumber(_what_is_wrong(compact))
    e164 = _canonical(compact)
    if len(e164) > DIGITS_MAX + 1:
        raise InvalidNumber(f"The number is too long: E.164 has at most {DIGITS_MAX} digits.")
    return text if e164 == text else e164


class _Plan(NamedTuple):
    """What a country's numbers look like behind its calling code."""

    lengths: frozenset[int]
    trunk_prefix: re.Pattern[str] | None


def is_plain(text: str) -> bool:
    """Whether the text is E.164 already, without a doubt: then reading it would give it back.

    A full reading costs 15 µs, which every message to a new recipient would pay.
    """
    if not _is_e164_like(text):
        return False
    for end in (2, 3, 4):
        plan = _plan(text[1:end])
        if plan is not None:
            national = text[end:]
            if national[0] == "0" or len(national) not in plan.lengths:
                return False
            return plan.trunk_prefix is None or plan.trunk_prefix.match(national) is None
    return False


@cache
def _plan(calling_code: str) -> _Plan | None:
    """The plan of a calling code; None when the digits are none."""
    code = int(calling_code)
    if code not in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        return None
    region = phonenumbers.region_code_for_country_code(code)
    known = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    if known is None or known.general_desc is None:
        return None
    trunk = known.national_prefix_for_parsing
    return _Plan(
        frozenset(known.general_desc.possible_length), re.compile(trunk) if trunk else None
    )


def _canonical(compact: str) -> str:
    """The form that reads as itself. One reading drops one trunk prefix, as in +44 (0)20, so a
    doubled one takes another; otherwise one person could be opted out under two spellings."""
    for _ in range(TEXT_LENGTH_MAX):
        number = _read(compact)
        verdict = phonenumbers.is_possible_number_with_reason(number)
        if verdict != ValidationResult.IS_POSSIBLE:
            raise InvalidNumber(_REFUSALS[verdict])
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if e164 == compact:
            break
        compact = e164
    return compact


def _read(compact: str) -> PhoneNumber:
    try:
        return phonenumbers.parse(compact)
    except NumberParseException as cause:
        if cause.error_type == NumberParseException.INVALID_COUNTRY_CODE:
            verdict = ValidationResult.INVALID_COUNTRY_CODE
        elif cause.error_type == NumberParseException.TOO_LONG:
            verdict = ValidationResult.TOO_LONG
        else:
            verdict = ValidationResult.TOO_SHORT
        raise InvalidNumber(_REFUSALS[verdict]) from cause


def _what_is_wrong(compact: str) -> str:
    """Why a text without its grouping characters is not a plus and digits."""
    if not compact.strip("+"):
        return "The number is empty. Write it like +12025550100."
    if re.fullmatch(r"\+?[0-9]+(?i:ext|x|;ext=|#|,|;)[0-9]*", compact):
        return "The number has an extension, which cannot be dialled. Leave it out."
    for char in compact.removeprefix("+"):
        if char not in "0123456789":
            return f"The number has {_name(char)} in it. Write only + and the digits 0–9, like +12025550100."
    if compact.startswith("00"):
        return "The number starts with 00. Write + in its place, like +442071838750."
    return "The number has no country code. Start with + and the country code, like +12025550100."


def _name(char: str) -> str:
    if char.isalpha():
        return "a letter"
    if char.isdecimal():
        return "a digit of another script"
    return f"“{char}”" if char.isprintable() else f"the character U+{ord(char):04X}"


@lru_cache(maxsize=_CACHE_SIZE)
def _country_of(e164: str) -> str | None:
    try:
        number = phonenumbers.parse(e164)
    except NumberParseException:
        return None
    region: str | None = phonenumbers.region_code_for_number(number)
    if region is None:
        region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    return region if region and region.isalpha() and region != phonenumbers.UNKNOWN_REGION else None
