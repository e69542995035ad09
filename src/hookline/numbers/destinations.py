"""Where messages and calls may come from and go to: the restrictions of whoever asks, and the
countries of the account.

A SIP URI has no country and passes, unless its user part is a telephone number: a gateway would dial
that. With a plus it is judged like any number; bare digits could be one anywhere, and are refused.
"""

import re
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import unquote

from hookline.errors import FieldError, Forbidden
from hookline.numbers.e164 import InvalidNumber, country_of, parse_number
from hookline.restrictions import Restrictions

_GROUPING = re.compile(r"[-.()*]")
_EXTENSION_DIGITS_MAX = 6
"""Shorter is a telephone inside of a company."""


class NumberNotAllowed(Forbidden):
    """The credential may use certain numbers only (`allowed_numbers`). Use one of those, or have an
    administrator add this one."""

    code = "number_not_allowed"
    title = "The credential may not use this number"


class CountryNotAllowed(Forbidden):
    """The credential or the account reaches certain countries only (`allowed_countries`). The detail
    says which of them refuses what; an administrator can add the country there."""

    code = "country_not_allowed"
    title = "The country is not allowed"


class Destinations(NamedTuple):
    """Countries that can be reached, as ISO 3166 codes; None: all."""

    of_credential: Collection[str] | None
    of_account: Collection[str] | None


def check_sender(restrictions: Restrictions, pointer: str, number: str) -> None:
    """Raises NumberNotAllowed at the pointer."""
    allowed = restrictions.allowed_numbers
    if allowed is not None and number not in allowed:
        detail = (
            f"This credential may not use {number}; GET /v1/credentials/self lists those it may."
        )
        raise NumberNotAllowed(detail, errors=[FieldError(pointer, NumberNotAllowed.code, detail)])


def check_destination(allowed: Destinations, pointer: str, party: str) -> None:
    """Of a number in E.164 or a SIP URI. Raises CountryNotAllowed at the pointer."""
    if allowed.of_credential is None and allowed.of_account is None:
        return
    number = number_in(party)
    if number is None:
        return
    country = country_of(number)
    for whose, countries in zip(("credential", "account"), allowed, strict=True):
        if countries is not None and country not in countries:
            where = f"numbers in {country}" if country else "numbers of no country"
            detail = f"This {whose} may not reach {where}."
            field = FieldError(pointer, CountryNotAllowed.code, detail)
            raise CountryNotAllowed(detail, errors=[field])


def number_in(party: str) -> str | None:
    """The telephone number that is dialled; None for a SIP URI of a name or an extension.

    Digits in a SIP URI that are no E.164 are given back as they are: they have no country.
    """
    scheme, colon, rest = party.partition(":")
    if not colon or scheme.lower() not in {"sip", "sips"}:
        return party
    user = re.split("[:;]", unquote(rest.rpartition("@")[0]))[0]
    digits = _GROUPING.sub("", user)
    if not re.fullmatch(r"\+?[0-9#]+", digits):
        return None
    if not digits.startswith("+"):
        return digits if len(digits) > _EXTENSION_DIGITS_MAX else None
    try:
        return parse_number(digits)
    except InvalidNumber:
        return digits
