"""The audit log in Chromium."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Served
from tests.console.person import CREDENTIALS, TWO_LOOKS, Person

pytestmark = pytest.mark.browser
Visitor = Callable[..., Person]


@pytest.fixture(scope="module")
def credential(served: Served) -> str:
    made = served.run(
        "credentials", "create", "--description=Audited", "--scope=messages:send", "--json"
    )
    return made.partition('"id":"')[2].partition('"')[0]


@TWO_LOOKS
def test_an_act_is_read_with_what_changed(
    visitor: Visitor, credential: str, width: int, theme: str
) -> None:
    person = visitor(width, theme)
    page = person.go(f"{CREDENTIALS}/{credential}/edit")
    page.fill("#description", f"Audited at {width}")
    page.click("button[type=submit] >> nth=-1")
    page.wait_for_url(f"**{CREDENTIALS}/{credential}")
    page.click("#audit")
    page.wait_for_url(f"**/audit?resource={credential}")
    expect(page.locator("#resource")).to_have_value(credential)
    page.locator("#rows tbody a.main").first.click()
    expect(page.locator("#entry .diff tr.changed")).to_contain_text(f"Audited at {width}")
    person.axe("entry")
    page.keyboard.press("Escape")
    expect(page.locator("#dlg")).to_be_hidden()


@TWO_LOOKS
def test_the_chain_is_verified_from_the_page(visitor: Visitor, width: int, theme: str) -> None:
    person = visitor(width, theme)
    page = person.go("/audit")
    page.click("#verify")
    expect(page.locator("#chain .badge.ok")).to_be_visible()
    expect(page.locator("#chain")).to_contain_text("Verified up to row")
    person.axe("verified")


def test_filters_stand_in_the_address(visitor: Visitor, credential: str) -> None:
    page = visitor().go("/audit")
    page.click("summary")
    page.fill("#resource", credential)
    page.select_option("#action", "credential.*")
    page.wait_for_url("**/audit?**resource=crd_**")
    expect(page.locator("#rows tbody tr").first).to_contain_text("credential.")
    page.reload()
    expect(page.locator("#resource")).to_have_value(credential)
    page.fill("#filter", "nobody has done this")
    page.keyboard.press("Enter")
    expect(page.locator("#rows h2")).to_have_text("No entry matches")


@pytest.mark.parametrize(
    ("kind", "start"), [("csv", "number,created_at"), ("jsonl", '{"id":"aud_')]
)
def test_what_is_shown_is_exported(
    visitor: Visitor, credential: str, kind: str, start: str
) -> None:
    page = visitor().go(f"/audit?resource={credential}")
    with page.expect_download() as download:
        page.click(f"#export-{kind}")
    text = download.value.path().read_text()
    assert download.value.suggested_filename == f"audit-log.{kind}"
    assert text.startswith(start)
    assert credential in text
    assert "user.sign_in" not in text
