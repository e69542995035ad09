"""Restrictions of credentials and of the account, as a person sets and reads them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Served
from tests.console.person import CREDENTIALS, LOOKS, Person
from tests.console.test_browser_credentials import status_of, store

pytestmark = pytest.mark.browser
Visitor = Callable[..., Person]


@LOOKS
def test_a_credential_is_restricted_corrected_and_freed(
    visitor: Visitor, served: Served, width: int, theme: str
) -> None:
    person = visitor(width, theme)
    name = f"Held {width} {theme}"
    page = person.go(CREDENTIALS)
    page.click("#create")
    page.fill("#description", name)
    page.click("#restrictions summary")
    page.fill("#allowed_ips", "203.0.113.0/24 203.0.113.7/24")
    page.fill("#allowed_numbers", "+1 202 555 0100")
    page.fill("#allowed_countries", "us gb")
    page.fill("#rate_limit", "20")
    page.fill("#daily_message_cap", "2000")
    person.axe("restrictions")
    page.click("#dlg [type=submit]")
    expect(page.locator("#allowed_ips-error")).to_contain_text("do you mean 203.0.113.0/24")
    person.expect_refusal(422)
    expect(page.locator("#allowed_ips")).to_be_focused()
    person.axe("restrictions refused")
    page.fill("#allowed_ips", "203.0.113.0/24")
    page.click("#dlg [type=submit]")
    token = store(page)
    assert status_of(served, token) == 403

    page.click(f"text={name}")
    expect(page.locator("#credential")).to_contain_text("203.0.113.0/24")
    expect(page.locator("#credential")).to_contain_text("+12025550100")
    expect(page.locator("#credential")).to_contain_text("2,000, 0 used today")
    person.axe("restricted credential")
    page.click("#edit")
    expect(page.locator("#allowed_countries")).to_have_value("GB US")
    page.fill("#allowed_ips", "")
    page.click("#dlg [type=submit]")
    expect(page.locator("#dlg")).to_be_hidden()
    expect(page.locator("#credential")).not_to_contain_text("203.0.113.0/24")
    assert status_of(served, token) == 200


@LOOKS
def test_the_account_is_bound_to_countries(visitor: Visitor, width: int, theme: str) -> None:
    person = visitor(width, theme)
    page = person.go("/account")
    person.axe("account")
    page.click("#edit")
    expect(page.locator("#name")).to_be_focused()
    page.fill("#allowed_countries", "US, ZZ")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#allowed_countries-error")).to_contain_text("ZZ")
    person.expect_refusal(422)
    person.axe("account refused")
    page.fill("#allowed_countries", "GB US")
    page.click("#dlg [type=submit]")
    expect(page.locator("#account")).to_contain_text("GB")
    page.click("#edit")
    page.fill("#allowed_countries", "")
    page.click("#dlg [type=submit]")
    expect(page.locator("#account")).to_contain_text("Everywhere")
