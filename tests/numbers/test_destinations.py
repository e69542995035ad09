"""Which parties have a country, and whether it is allowed."""

import pytest

from hookline.numbers.destinations import (
    CountryNotAllowed,
    Destinations,
    check_destination,
    number_in,
)

US, GB, CUBA, JAMAICA, SATELLITE = (
    "+12025550110", "+447700900123", "+5352345678", "+18765550100", "+870773111632",
)  # fmt: skip
EVERYWHERE = Destinations(None, None)


def refused_by(allowed: Destinations, party: str) -> str:
    with pytest.raises(CountryNotAllowed) as refused:
        check_destination(allowed, "/to", party)
    assert refused.value.status == 403
    assert refused.value.errors[0].pointer == "/to"
    return refused.value.detail


@pytest.mark.parametrize("party", [US, GB, CUBA, SATELLITE, "sip:004417700900123@example.com"])
def test_without_lists_everybody_is_reached(party: str) -> None:
    check_destination(EVERYWHERE, "/to", party)


@pytest.mark.parametrize("party", [US, GB, "sip:alice@example.com", "sips:alice@10.0.0.1:5061"])
def test_what_is_on_the_list_is_reached(party: str) -> None:
    check_destination(Destinations(["US", "GB"], ["GB", "US", "CU"]), "/to", party)


@pytest.mark.parametrize(
    ("party", "where"), [(CUBA, "CU"), (JAMAICA, "JM"), (SATELLITE, "no country")]
)
def test_what_is_not_on_the_list_is_named(party: str, where: str) -> None:
    assert where in refused_by(Destinations(["US"], None), party)


def test_the_account_holds_whoever_asks() -> None:
    assert "account" in refused_by(Destinations(["US", "CU"], ["US"]), CUBA)
    assert "credential" in refused_by(Destinations(["US"], ["US", "CU"]), CUBA)
    assert "account" in refused_by(Destinations(None, ["US"]), CUBA)


@pytest.mark.parametrize(
    "uri",
    [
        "sip:+5352345678@gateway.example.com",
        "SIP:+53-5234-5678@gateway.example.com",
        "sip:%2B5352345678@gateway.example.com",
        "sip:+5352345678:secret@gateway.example.com",
        "sip:+5352345678;phone-context=x@gateway.example.com",
        "sip:005352345678@gateway.example.com",
        "sip:0053%35%32345678@gateway.example.com",
        "sip:*95352345678@gateway.example.com",
    ],
)
def test_a_sip_uri_that_is_a_telephone_number_is_judged_as_one(uri: str) -> None:
    refused_by(Destinations(["US"], None), uri)


def test_a_number_in_a_sip_uri_is_reached_where_its_country_is() -> None:
    check_destination(Destinations(["US"], None), "/to", f"sip:{US}@gateway.example.com")


@pytest.mark.parametrize(
    "uri", ["sip:alice@x.example", "sip:101@pbx", "sip:a5352345678@x", "sip:pbx"]
)
def test_names_and_extensions_have_no_country(uri: str) -> None:
    assert number_in(uri) is None
