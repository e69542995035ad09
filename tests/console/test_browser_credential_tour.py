"""A new administrator and their first credentials, as docs/credentials-tour.md tells it.

With HOOKLINE_SCREENSHOTS, a folder, what each step shows is kept there: `make screenshots`.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Served
from tests.console.person import CREDENTIALS, Person
from tests.console.test_browser_credentials import status_of, store

pytestmark = pytest.mark.browser
Visitor = Callable[..., Person]
FOLDER = os.environ.get("HOOKLINE_SCREENSHOTS")
APP, TILL = "CRM, production", "Old till"


def keep(page: Page, name: str) -> None:
    """The picture of a step."""
    picture = page.screenshot(caret="initial")  # else a style is injected, which the policy forbids
    if FOLDER is not None:
        (Path(FOLDER) / f"credentials-{name}.png").write_bytes(picture)


def create(page: Page, description: str, *, picture: str | None = None) -> str:
    page.click("#create")
    page.fill("#description", description)
    if picture is not None:
        keep(page, picture)
    page.click("#dlg [type=submit]")
    page.wait_for_selector("#secret-text")
    return page.inner_text("#secret-text")


def test_a_new_administrator_hands_out_access_and_takes_it_back(
    visitor: Visitor, served: Served
) -> None:
    person = visitor()
    page = person.go("/")
    page.click("nav >> text=Integrations")
    page.click("main >> text=Config")
    page.wait_for_url(f"**{CREDENTIALS}")

    first = create(page, APP, picture="1-create")
    keep(page, "2-token")
    assert store(page) == first
    assert status_of(served, first) == 200
    page.click(f'#rows a:has-text("{APP}")')

    page.click("#rotate")
    keep(page, "3-rotate")
    page.click("#dlg >> text=Continue")
    second = store(page)
    assert (status_of(served, first), status_of(served, second)) == (200, 200)
    keep(page, "4-grace")
    page.click("#expire-now")
    page.click("#dlg [type=submit]")
    expect(page.locator("#grace")).to_have_count(0)
    assert (status_of(served, first), status_of(served, second)) == (401, 200)

    page.click("#rotate-now")
    page.fill("#reason", "Found in a log")
    keep(page, "5-rotate-now")
    page.click("#dlg >> text=Continue")
    third = store(page)
    assert (status_of(served, second), status_of(served, third)) == (401, 200)

    page = person.go(CREDENTIALS)
    leaked = create(page, TILL)
    assert store(page) == leaked
    with served.client() as finder:
        told = finder.post(
            "/v1/credentials/report_leak",
            json={"token": leaked, "url": "https://example.com/where-it-was"},
        )
    assert (told.status_code, status_of(served, leaked)) == (202, 401)
    page = person.go(CREDENTIALS + "?show=revoked")
    page.click(f'#rows a:has-text("{TILL}")')
    expect(page.locator("#credential")).to_contain_text("leak")
    keep(page, "6-leaked")

    page = person.go(CREDENTIALS)
    page.click(f'#rows a:has-text("{APP}")')
    page.click("#delete")
    page.fill("#confirm", third[-4:])
    keep(page, "7-delete")
    page.click("#dlg [type=submit]")
    expect(page.locator("#dlg")).to_be_hidden()
    assert status_of(served, third) == 401
    page = person.go(CREDENTIALS + "?show=revoked")
    expect(page.locator("#rows")).to_contain_text(APP)
    keep(page, "8-revoked")
