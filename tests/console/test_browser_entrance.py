"""Signing in and out, and what keeps others out."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.console.conftest import EMAIL, PASSWORD, Served
from tests.console.person import TWO_LOOKS, Person

pytestmark = pytest.mark.browser
Visitor = Callable[..., Person]


@TWO_LOOKS
def test_signing_in_goes_to_where_one_wanted(visitor: Visitor, width: int, theme: str) -> None:
    person = visitor(width, theme, signed=False)
    page = person.go("/messages?status=delivered")
    person.axe("sign in")
    page.fill("#email", EMAIL.upper())
    page.fill("#password", PASSWORD)
    page.click('[aria-label="Show password"]')
    expect(page.locator("#password")).to_have_attribute("type", "text")
    page.keyboard.press("Enter")
    page.wait_for_url("**/messages?status=delivered")


def test_signing_in_works_without_scripts(visitor: Visitor) -> None:
    person = visitor(signed=False, java_script_enabled=False)
    page = person.go("/sign-in")
    page.fill("#email", EMAIL)
    page.fill("#password", PASSWORD)
    page.click("form >> text=Sign in >> nth=-1")
    expect(page.locator("h1")).to_have_text("Get started")


def test_a_wrong_password_is_refused_without_saying_what_was_wrong(visitor: Visitor) -> None:
    person = visitor(signed=False)
    page = person.go("/sign-in")
    page.fill("#email", EMAIL)
    page.fill("#password", "not the password")
    page.keyboard.press("Enter")
    expect(page.locator("[role=alert]")).to_contain_text("address or the password is wrong")
    expect(page.locator("#email")).to_have_value(EMAIL)
    person.axe("refused")
    person.expect_refusal(401)


def test_guessing_is_slowed_down_in_words(visitor: Visitor) -> None:
    person = visitor(signed=False)
    page = person.go("/sign-in")
    for _ in range(11):
        page.fill("#email", "victim@example.com")
        page.fill("#password", "a guess")
        with page.expect_navigation():
            page.keyboard.press("Enter")
    expect(page.locator("[role=alert]")).to_contain_text("Too many failed attempts")
    expect(page.locator("[role=alert]")).to_contain_text("minutes")
    person.expect_refusal(401)
    person.expect_refusal(429)


def test_signing_out_ends_the_session(visitor: Visitor, served: Served) -> None:
    person = visitor(signed=False)
    page = person.go("/sign-in")
    page.fill("#email", EMAIL)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#start")
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    page.click(".who")
    page.click("text=Sign out")
    page.wait_for_url("**/sign-in")
    with served.client() as client:
        client.cookies.update(cookies)
        answer = client.get("/messages")
    assert answer.headers["location"].startswith("/sign-in")


def test_one_switches_between_ones_accounts(visitor: Visitor, served: Served) -> None:
    served.run("accounts", "add", "Second shop")
    served.run("users", "add", "both@example.com", "--account=Second shop", "--role=viewer")
    served.run("users", "add", "both@example.com", "--role=viewer")
    reset = json.loads(served.run("users", "reset-password", "both@example.com", "--json"))
    person = visitor(signed=False)
    page = person.go("/sign-in")
    page.fill("#email", "both@example.com")
    page.fill("#password", reset["password"])
    page.keyboard.press("Enter")
    page.wait_for_selector("#start")
    here = page.inner_text(".brand small")
    page.click(".brand")
    person.axe("accounts")
    page.click("#accounts button:not([aria-current])")
    expect(page.locator(".brand small")).not_to_have_text(here)


def test_the_theme_is_kept(visitor: Visitor) -> None:
    person = visitor(theme="light")
    page = person.go("/messages")
    page.click("[data-theme-toggle]")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_test_data_is_looked_at_apart(visitor: Visitor) -> None:
    person = visitor()
    page = person.go("/messages")
    page.click('[title="Switch to test data"]')
    expect(page.locator("main")).to_contain_text("No test messages yet")
    page.click("text=Send message")
    page.fill("#to", "+12025550111")
    page.fill("#text", "Only a test")
    page.click("#dlg [type=submit]")
    page.wait_for_url("**/messages/msg_*")
    page.click('[title="Switch to live data"]')
    expect(page.locator("main")).not_to_contain_text("Only a test")
