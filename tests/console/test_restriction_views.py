"""The restrictions of a credential in forms and on its page."""

import pytest
from starlette.datastructures import FormData

from hookline.console.forms import Form
from hookline.console.views.restrictions import (
    NO_RESTRICTIONS,
    TypedRestrictions,
    changes_in,
    read_restrictions,
    shown_restrictions,
    typed_restrictions,
)
from hookline.credentials.daily_caps import Kind
from hookline.errors import Invalid
from hookline.restrictions import UNRESTRICTED, Restrictions, parse_network

HELD = Restrictions(
    allowed_ips=(parse_network("10.0.0.0/8"), parse_network("2001:db8::/32")),
    allowed_numbers=("+12025550100", "Bob & Co"),
    allowed_countries=("GB", "US"),
    rate_limit=5,
    daily_message_cap=10_000,
    daily_call_cap=20,
)


def test_empty_fields_lift_every_restriction() -> None:
    assert set(changes_in(NO_RESTRICTIONS).values()) == {None}
    assert typed_restrictions(UNRESTRICTED) == NO_RESTRICTIONS


def test_a_form_that_is_sent_back_unchanged_changes_nothing() -> None:
    typed = typed_restrictions(HELD)
    sent = Form(FormData([(name, getattr(typed, name)) for name in typed.__slots__]))
    assert Restrictions(**changes_in(read_restrictions(sent))) == HELD


@pytest.mark.parametrize("text", ["us,GB", " US ;gb\n", "GB US US"])
def test_lists_are_written_as_people_write_them(text: str) -> None:
    assert changes_in(TypedRestrictions(allowed_countries=text))["allowed_countries"] == (
        "GB",
        "US",
    )


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("allowed_ips", "10.0.0.1/8"),
        ("allowed_countries", "US UK"),
        ("rate_limit", "0"),
        ("daily_call_cap", "many"),
    ],
)
def test_a_wrong_part_is_shown_at_its_field(field: str, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        changes_in(TypedRestrictions(**{field: text}))
    assert refused.value.errors[0].pointer.startswith(f"/{field}")
    assert TypedRestrictions().is_open({field: "wrong"})


def test_only_what_restricts_is_shown() -> None:
    shown = shown_restrictions(HELD, {Kind.MESSAGES: 1_250, Kind.CALLS: 0})
    assert [one.title for one in shown] == [
        "Only from", "Only as", "Only to", "Requests a second", "Messages a day", "Calls a day",
    ]  # fmt: skip
    assert [one.text for one in shown[3:]] == [
        "5", "10,000, 1,250 used today (UTC)", "20, 0 used today (UTC)",
    ]  # fmt: skip
    assert shown_restrictions(UNRESTRICTED, {}) == []
