"""The restrictions of a credential: as a form has them, and as its page shows them."""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from pydantic import ValidationError

from hookline.carriers.registration import invalid
from hookline.console.forms import Form
from hookline.credentials.daily_caps import Kind
from hookline.credentials.restricting import Changes
from hookline.credentials.restriction_schemas import RestrictionFields, restriction_changes
from hookline.restrictions import Restrictions

RESTRICTIONS = tuple(field.name for field in fields(Restrictions))
_LISTS = frozenset({"allowed_ips", "allowed_numbers", "allowed_countries"})
_BETWEEN = re.compile(r"[\s,;]+")
_BETWEEN_NUMBERS = re.compile(r"[\n,;]+")
"""Their digits may be grouped, and a sender may have spaces."""
_CAPS = {"daily_message_cap": Kind.MESSAGES, "daily_call_cap": Kind.CALLS}
_TITLES = {
    "allowed_ips": "Only from",
    "allowed_numbers": "Only as",
    "allowed_countries": "Only to",
    "rate_limit": "Requests a second",
    "daily_message_cap": "Messages a day",
    "daily_call_cap": "Calls a day",
}


@dataclass(frozen=True, slots=True)
class TypedRestrictions:
    """What the fields hold; an empty one does not restrict."""

    allowed_ips: str = ""
    allowed_numbers: str = ""
    allowed_countries: str = ""
    rate_limit: str = ""
    daily_message_cap: str = ""
    daily_call_cap: str = ""

    def is_open(self, wrong: Container[str]) -> bool:
        """Whether the fields are shown at once: when one holds something, or is wrong."""
        return self != NO_RESTRICTIONS or self.first_wrong(wrong) is not None

    def first_wrong(self, wrong: Container[str]) -> str | None:
        """The field that a person should look at, if one is wrong."""
        return next((name for name in RESTRICTIONS if name in wrong), None)


NO_RESTRICTIONS = TypedRestrictions()


@dataclass(frozen=True, slots=True)
class Shown:
    """One restriction on the credential's page: a list, or a text."""

    title: str
    parts: Sequence[str] = ()
    text: str = ""


def read_restrictions(form: Form) -> TypedRestrictions:
    """What was typed."""
    return TypedRestrictions(**{name: form.text(name) for name in RESTRICTIONS})


def typed_restrictions(restrictions: Restrictions) -> TypedRestrictions:
    """The fields of a form that changes these."""
    named = restrictions.in_words
    return TypedRestrictions(
        **{
            name: ("\n" if name == "allowed_numbers" else " ").join(_parts(name, value))
            for name, value in named.items()
        }
    )


def changes_in(typed: TypedRestrictions) -> Changes:
    """All restrictions as use cases take them. Raises Invalid."""
    body = {name: _value(name, getattr(typed, name)) for name in RESTRICTIONS}
    try:
        return restriction_changes(RestrictionFields.model_validate(body))
    except ValidationError as error:
        raise invalid(error) from error


def shown_restrictions(restrictions: Restrictions, used: Mapping[Kind, int]) -> list[Shown]:
    """Those that there are, in the order of the form. `used`: of the daily caps, today."""
    named = restrictions.in_words
    return [
        Shown(_TITLES[name], tuple(_parts(name, value)))
        if name in _LISTS
        else Shown(_TITLES[name], text=f"{value:,}{_used(name, used)}")
        for name, value in named.items()
    ]


def _used(name: str, used: Mapping[Kind, int]) -> str:
    kind = _CAPS.get(name)
    return "" if kind is None else f", {used[kind]:,} used today (UTC)"


def _value(name: str, text: str) -> object:
    if not text:
        return None
    if name in _LISTS:
        between = _BETWEEN_NUMBERS if name == "allowed_numbers" else _BETWEEN
        return [part.strip() for part in between.split(text) if part.strip()]
    return int(text) if text.isdecimal() and len(text) < 16 else text


def _parts(name: str, value: object) -> Iterator[str]:
    if name in _LISTS and isinstance(value, list):
        yield from map(str, value)
    else:
        yield str(value)
