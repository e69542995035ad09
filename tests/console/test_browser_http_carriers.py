"""Carriers that are asked by HTTP, in a browser. Their server is the console's own: it can be reached."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.person import TWO_LOOKS, Person

pytestmark = pytest.mark.browser
Visitor = Callable[..., Person]
ACCOUNT = "AC" + "0123456789abcdef" * 2


def card_of(page: Page, name: str) -> Locator:
    return page.locator("section.link", has=page.get_by_role("heading", name=name, exact=True))


def choose(page: Page, card: Locator, act: str) -> None:
    carrier_id = card.get_attribute("id")
    page.click(f"#b-{carrier_id}")
    page.click(f"#m-{carrier_id} >> text={act}")


@TWO_LOOKS
def test_a_template_is_given_corrected_and_changed(
    visitor: Visitor, width: int, theme: str
) -> None:
    person, name = visitor(width, theme), f"Acme {width}"
    page = person.go("/carriers")
    page.click("#create")
    page.get_by_role("link", name="HTTP API").click()
    template = json.loads(page.input_value("#template"))
    page.fill("#name", name)
    person.axe("form")
    page.click("#dlg [type=submit]")
    expect(page.locator("#secrets-error")).to_contain_text("The template uses the secret api_key")
    template["request"]["url"] = f"{person.url}/{{recipient}}"
    page.fill("#template", json.dumps(template))
    page.fill("#secrets", "api_key=abc\ncallback=def")
    page.click("#dlg [type=submit]")
    expect(page.locator("#template-error")).to_contain_text("/request/url: There is no placeholder")
    person.axe("mistake")
    template["request"]["url"] = f"{person.url}/{{to}}"
    page.fill("#template", json.dumps(template))
    page.fill("#secrets", "api_key=abc\ncallback=def")
    page.click("#dlg [type=submit]")
    card = card_of(page, name)
    expect(card).to_contain_text("Bound")
    expect(card).to_contain_text(f"HTTP API · {person.url}/{{to}}")
    person.axe("card")
    choose(page, card, "Edit")
    expect(page.locator("#secrets")).to_have_value("")
    assert json.loads(page.input_value("#template"))["answer"] == {"id": {"pointer": "/id"}}
    page.click("#dlg [type=submit]")
    expect(card).to_contain_text("Bound")
    choose(page, card, "Remove")
    page.click("#dlg [type=submit]")
    expect(card).to_have_count(0)
    person.expect_refusal(422)


def test_twilio_asks_for_its_account_first(visitor: Visitor) -> None:
    person = visitor()
    page = person.go("/carriers")
    page.click("#create")
    page.get_by_role("link", name="Twilio").click()
    expect(page.locator("#account_sid")).to_be_visible()
    page.fill("#name", "Twilio")
    page.fill("#account_sid", "AC12")
    page.fill("#auth_token", "secret")
    page.click("#dlg [type=submit]")
    expect(page.locator("#account_sid-error")).to_be_visible()
    person.axe("mistake")
    page.fill("#account_sid", ACCOUNT)
    page.fill("#auth_token", "secret")
    page.click("#dlg summary")
    page.fill("#base_url", person.url)
    page.click("#dlg [type=submit]")
    card = card_of(page, "Twilio")
    expect(card).to_contain_text(f"Twilio · {ACCOUNT}")
    expect(card).to_contain_text("Twilio answered 404")
    choose(page, card, "Remove")
    page.click("#dlg [type=submit]")
    expect(card).to_have_count(0)
    person.expect_refusal(422)
