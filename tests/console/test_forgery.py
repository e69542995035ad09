"""Forms that another site has made a browser send."""

import pytest
from starlette.requests import Request

from hookline.console.forgery import ForgedRequest, check_origin, check_token


def request(**headers: str) -> Request:
    named = {"host": "hookline.example:8080"} | headers
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": raw})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "same-origin"},
        {"origin": "http://hookline.example:8080"},
        {"origin": "https://console.example", "sec_fetch_site": "same-origin"},
    ],
)
def test_requests_from_our_own_pages_pass(headers: dict[str, str]) -> None:
    check_origin(request(**headers), "https://console.example")


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "http://hookline.example:9999"},
    ],
)
def test_requests_from_elsewhere_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ForgedRequest):
        check_origin(request(**headers), "")


@pytest.mark.parametrize(("expected", "given"), [("", ""), ("a", ""), ("a", "b"), ("a", "\udcff")])
def test_only_the_same_token_passes(expected: str, given: str) -> None:
    with pytest.raises(ForgedRequest):
        check_token(expected, given)
    check_token("same", "same")
