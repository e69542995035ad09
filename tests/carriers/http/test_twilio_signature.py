"""Signatures of callbacks, against those of Twilio's own package."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from hookline.carriers.http.receiving import (
    CallbackInvalid,
    CallbackRefused,
    CallbackRequest,
    PublicUrlMissing,
)
from hookline.carriers.http.twilio.receiver import TwilioReceiver, sign
from hookline.carriers.http.twilio.settings import TwilioSettings
from tests.services.twilio import ACCOUNT, TOKEN

URL = "https://sms.example.com/callbacks/car_1/receipts"
VALIDATOR = RequestValidator(TOKEN)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


def receiver() -> TwilioReceiver:
    return TwilioReceiver(TwilioSettings(account_sid=ACCOUNT), {"auth_token": TOKEN})


def request(
    url: str = URL, signature: str = "", body: bytes = b"", query: str = ""
) -> CallbackRequest:
    return CallbackRequest("POST", url, query, {"x-twilio-signature": signature}, body)


@given(fields=st.dictionaries(TEXTS, TEXTS, max_size=6), query=st.text("abc=&1", max_size=10))
def test_signatures_are_those_of_twilios_package(fields: dict[str, str], query: str) -> None:
    url = f"{URL}?{query}"
    known = VALIDATOR.compute_signature(url, fields)
    assert sign(TOKEN.encode(), url, list(fields.items())).decode() == known


@given(
    fields=st.dictionaries(TEXTS.filter(bool), TEXTS, min_size=1, max_size=6),
    change=st.sampled_from(["token", "url", "field", "none"]),
)
def test_only_what_was_signed_is_let_in(fields: dict[str, str], change: str) -> None:
    validator = RequestValidator("other") if change == "token" else VALIDATOR
    signature = validator.compute_signature(URL, fields)
    told = {**fields, "Body": fields.get("Body", "") + "!"} if change == "field" else fields
    url = f"{URL}?a=b" if change == "url" else URL
    asked = request(url, signature, urlencode(told).encode())
    if change == "none":
        receiver().check(asked)
    else:
        with pytest.raises(CallbackRefused):
            receiver().check(asked)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("https://a.example/x", "https://a.example:443/x"),
        ("https://a.example:443/x", "https://a.example/x"),
        ("http://a.example/x", "http://a.example:80/x"),
    ],
)
def test_a_default_port_may_be_written_or_not(ours: str, theirs: str) -> None:
    signature = VALIDATOR.compute_signature(theirs, {"a": "b"})
    receiver().check(request(ours, signature, b"a=b"))


def test_without_the_public_url_nothing_can_be_checked() -> None:
    with pytest.raises(PublicUrlMissing):
        receiver().check(request(""))


@pytest.mark.parametrize("body", [b"", b"MessageStatus=delivered", b"MessageSid=" + b"x" * 201])
def test_a_receipt_needs_its_id(body: bytes) -> None:
    with pytest.raises(CallbackInvalid):
        receiver().receipts(request(body=body))


def test_a_form_of_too_many_fields_is_not_read() -> None:
    with pytest.raises(CallbackInvalid):
        receiver().check(request(body=b"&".join(b"a=b" for _ in range(201))))


def test_an_id_in_the_address_counts_only_if_it_is_one() -> None:
    body = b"MessageSid=SM1&MessageStatus=failed&ErrorCode=30005"
    found, reply = receiver().receipts(request(body=body, query="message_id=msg_x"))
    assert found[0].message_id is None
    assert (found[0].carrier_code, reply.status) == ("30005", 204)
