"""Forgetting a person in Chromium."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Served
from tests.console.person import TWO_LOOKS, Person

pytestmark = pytest.mark.browser
Visitor = Callable[..., Person]
ERASURES = "/administration/erasures"
COMPLETED_MS = 90_000
"""It waits until attempts of webhooks that were under way have ended."""


def ask(page: Page, number: str, confirm: str) -> None:
    page.fill("#number", number)
    page.fill("#confirm", confirm)
    page.keyboard.press("Control+Enter")


@TWO_LOOKS
def test_a_person_is_forgotten_and_the_page_follows(
    visitor: Visitor, served: Served, width: int, theme: str
) -> None:
    number = f"+120255501{width % 90 + 10}"
    sent = ("messages", "send", "--from=+12025550100", f"--to={number}", "--text=Secret words")
    served.run(*sent)
    person = visitor(width, theme)
    page = person.go("/account")
    page.click("#erasures")
    page.wait_for_selector("#rows")
    person.axe("erasures")
    page.keyboard.press("c")
    expect(page.locator("#number")).to_be_focused()
    person.axe("forget")
    ask(page, number, number[-4:])
    expect(page.locator("#toasts")).to_contain_text("Erasure begun")
    row = page.locator("#rows tbody tr").first
    expect(row).to_contain_text(f"+1202•••••{number[-2:]}")
    expect(row).to_contain_text("1 message")
    person.axe("running")
    expect(row).to_contain_text("Completed", timeout=COMPLETED_MS)
    expect(page.locator("main")).not_to_contain_text(number)
    row.locator("a").click()
    page.wait_for_url(f"**{ERASURES}/ers_*")
    person.axe("one")
    expect(person.go("/messages").locator("#rows")).to_contain_text("erased")


def test_what_is_wrong_is_said_at_the_field(visitor: Visitor) -> None:
    person = visitor(390)
    page = person.go(ERASURES)
    page.click("#create")
    ask(page, "555 01", "5501")
    expect(page.locator("#number-error")).to_contain_text("+")
    ask(page, "+1 (202) 555-0100", "0100")
    expect(page.locator("#number-error")).to_contain_text("the account's own")
    ask(page, "+12025550187", "0178")
    expect(page.locator("#confirm-error")).to_contain_text("last four digits")
    expect(page.locator("#confirm")).to_be_focused()
    expect(page.locator("#number")).to_have_value("+12025550187")
    person.axe("refused")
    person.expect_refusal(422)
    page.keyboard.press("Escape")
    expect(page.locator("#create")).to_be_focused()
    expect(page.locator("#rows")).not_to_contain_text("•87")


def test_whoever_signed_in_long_ago_proves_again_who_they_are(
    visitor: Visitor, served: Served
) -> None:
    email = "eraser@example.com"
    password = served.add_user(email)
    person = visitor(signed=False)
    person.sign_in(email, password)
    served.forget_proofs(email)
    page = person.go(ERASURES)
    page.click("#create")
    ask(page, "+12025550186", "0186")
    page.fill("#confirm-password", password)
    page.keyboard.press("Enter")
    expect(page.locator("#rows")).to_contain_text("+1202•••••86")
    expect(page.locator("#rows tbody tr").first).to_contain_text(email)


def test_a_mode_without_erasures_says_the_next_step(visitor: Visitor) -> None:
    person = visitor()
    page = person.go(ERASURES)
    page.click(".env")
    page.wait_for_selector(".env[data-mode=test]")
    expect(page.locator("#rows")).to_contain_text("No test erasures yet")
    expect(page.locator("#empty-curl")).to_contain_text("/v1/erasures")
    page.keyboard.press("Control+k")
    page.keyboard.type("forget")
    page.keyboard.press("Enter")
    expect(page.locator("#number")).to_be_focused()
    expect(page.locator("#dlg-title")).to_be_visible()


def test_the_audit_log_leads_to_the_erasure(visitor: Visitor) -> None:
    person = visitor()
    page = person.go(f"{ERASURES}/new")
    ask(page, "+12025550185", "0185")
    page.wait_for_url(f"**{ERASURES}")
    person.go("/audit?action=erasure.*")
    page.click("#rows tbody a >> nth=0")
    page.click("#dlg a[href*='ers_']")
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    expect(page.locator("#rows")).to_contain_text("+1202•••••85")


def test_whoever_may_not_erase_is_not_led_there(visitor: Visitor, served: Served) -> None:
    email = "no-eraser@example.com"
    password = served.add_user(email, "developer")
    person = visitor(signed=False)
    page = person.sign_in(email, password)
    person.go("/account")
    expect(page.locator("#account")).to_be_visible()
    expect(page.locator("#erasures")).to_have_count(0)
    person.go(ERASURES)
    expect(page.locator("main")).to_contain_text("recordings:delete")
    person.expect_refusal(403)
