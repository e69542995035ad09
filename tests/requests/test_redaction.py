import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.requests.redaction import (
    KEPT_BYTES_MAX,
    REDACTED,
    redacted_body,
    redacted_path,
    redacted_query,
)

TOKEN = "hk_live_" + "A" * 49
SECRET = "correct horse battery staple"


def kept(body: Any) -> Any:
    raw = json.dumps(body).encode()
    text = redacted_body(raw, len(raw))
    assert text is not None
    return json.loads(text)


@pytest.mark.parametrize(
    "name",
    ["password", "Password", "token", "secret", "signing_secret", "api_key", "webhook_secret",
     "smtp_password", "authorization", "private_key", "recovery_codes", "otp"],
)  # fmt: skip
def test_a_secret_is_never_kept(name: str) -> None:
    for value in (SECRET, [SECRET], {"a": SECRET}, 123456):
        assert kept({"outer": [{name: value}]}) == {"outer": [{name: REDACTED}]}


@pytest.mark.parametrize("name", ["text", "messageText", "prompt", "say", "send_digits", "digits"])
def test_of_a_text_only_its_length_is_kept(name: str) -> None:
    assert kept({name: "Hello"}) == {name: "[5 characters]"}


def test_what_is_said_is_kept_as_its_length() -> None:
    actions = [{"say": {"text": "Your code is 1234", "voice": "x"}}]
    assert kept({"actions": actions}) == {
        "actions": [{"say": {"text": "[17 characters]", "voice": "x"}}]
    }


def test_headers_of_a_webhook_are_kept_by_name() -> None:
    body = {"headers": {"X-Api": SECRET, "Accept": "text/html"}}
    assert kept(body) == {"headers": {"X-Api": REDACTED, "Accept": REDACTED}}


def test_urls_lose_their_password_and_query() -> None:
    body = {"url": "https://user:pass@hooks.example.com/in?key=abc#x"}
    assert kept(body) == {"url": f"https://{REDACTED}@hooks.example.com/in?{REDACTED}#…"}


def test_tokens_are_cut_out_of_any_text() -> None:
    body = {"description": f"was {TOKEN}", "metadata": {"a": "whsec_MfKQ9r8GKYqrTwjU"}}
    assert kept(body) == {"description": f"was {REDACTED}", "metadata": {"a": REDACTED}}
    assert TOKEN not in redacted_path(f"/v1/credentials/{TOKEN}")
    assert redacted_query(f"token=abc&x={TOKEN}&to=%2B120".encode()) == (
        "token=%5Bredacted%5D&x=[redacted]&to=+120".replace("%5Bredacted%5D", "[redacted]")
    )


def test_what_is_no_json_is_not_kept() -> None:
    raw = f'{{"password": "{SECRET}"'.encode()
    assert redacted_body(raw, len(raw)) == f"[{len(raw)} bytes that are not JSON]"


def test_what_was_too_long_to_be_looked_at_is_not_kept() -> None:
    assert redacted_body(b"", 20_000) == "[20000 bytes, too long to be kept]"


def test_without_a_body_there_is_none() -> None:
    assert redacted_body(b"", 0) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda part: st.lists(part) | st.dictionaries(st.text(), part),
    max_leaves=30,
)


@given(_JSON, st.text(min_size=9, alphabet="äöüß€"))
def test_whatever_comes_the_text_stays_out_and_the_row_small(value: Any, text: str) -> None:
    raw = json.dumps({"a": [value, {"text": text, "token": text}]}).encode()
    shown = redacted_body(raw, len(raw)) or ""
    assert len(shown.encode()) <= KEPT_BYTES_MAX
    assert "\x00" not in shown
    assert text not in json.dumps(shown, ensure_ascii=False) or text in str(value)


def test_a_long_body_is_cut_off() -> None:
    shown = redacted_body(json.dumps({"a": "ü" * 900, "b": ["x" * 900] * 9}).encode(), 9_000)
    assert shown is not None
    assert len(shown.encode()) <= KEPT_BYTES_MAX
    assert shown.endswith("…")
