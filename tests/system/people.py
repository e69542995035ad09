"""People who sign in to the console of the running program, without a browser."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pyotp

SET_UP = "/session/second-factor"


def token_in(page: httpx.Response) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


@contextmanager
def signed_in(url: str, email: str, password: str) -> Iterator[httpx.Client]:
    """Their browser, as far as we need one."""
    with httpx.Client(base_url=url, timeout=30) as client:
        token = token_in(client.get("/sign-in"))
        typed = {"csrf_token": token, "email": email, "password": password}
        answer = client.post("/sign-in", data=typed)
        assert answer.status_code == 303, answer.text
        yield client


def set_up_second_factor(client: httpx.Client) -> str:
    """By the form, as their app would; its secret."""
    return turn_on_second_factor(client)[0]


def turn_on_second_factor(client: httpx.Client) -> tuple[str, list[str]]:
    """The secret, and the recovery codes that were shown."""
    page = client.get(SET_UP)
    shown = re.search(r'id="totp-key">([A-Z2-7 ]+)<', page.text)
    sealed = re.search(r'name="sealed" value="([^"]+)"', page.text)
    assert shown
    assert sealed
    secret = shown[1].replace(" ", "")
    typed: dict[str, Any] = {
        "csrf_token": token_in(page),
        "sealed": html.unescape(sealed[1]),
        "code": pyotp.TOTP(secret).now(),
    }
    turned = client.post(SET_UP, data=typed)
    codes = re.search(r'id="recovery-codes"[^>]*>([^<]+)<', turned.text)
    assert codes, turned.text
    return secret, codes[1].split()
