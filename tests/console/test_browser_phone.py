"""The virtual phone, live."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Served
from tests.console.person import LOOKS, Person

pytestmark = pytest.mark.browser
Visitor = Callable[..., Person]
ALEX = "#screen-12025550110"
REPLY = '[aria-label="Reply as Alex to +12025550100"]'


@pytest.fixture(scope="module")
def token(served: Served) -> str:
    return served.run(
        "credentials", "create", "--description=Phone tests", "--scope=messages:send",
        "--scope=messages:read", "--scope=opt_outs:write", "--token-only",
    ).strip()  # fmt: skip


def send(served: Served, token: str, text: str) -> int:
    """Send an SMS to Alex; the status of the answer."""
    body = {"from": "+12025550100", "to": "+12025550110", "text": text}
    with served.client() as client:
        headers = {"Authorization": f"Bearer {token}"}
        return client.post("/v1/messages", json=body, headers=headers).status_code


def opt_in(served: Served, token: str) -> None:
    with served.client() as client:
        client.delete("/v1/opt_outs/+12025550110", headers={"Authorization": f"Bearer {token}"})


def wait_until_live(page: Page) -> None:
    expect(page.locator("[data-live-state]").first).to_have_text("Connected")


@LOOKS
def test_an_sms_shows_up_and_is_answered(
    visitor: Visitor, served: Served, token: str, width: int, theme: str
) -> None:
    person, text = visitor(width, theme), f"Table booked, {width} {theme}"
    page = person.go("/phone")
    wait_until_live(page)
    assert send(served, token, text) == 202
    expect(page.locator(ALEX)).to_contain_text(text)
    page.fill(REPLY, f"See you, {theme}")
    page.keyboard.press("Enter")
    expect(page.locator(f"{ALEX} .mine").last).to_contain_text(f"See you, {theme}")
    expect(page.locator(REPLY)).to_have_value("")
    expect(page.locator(REPLY)).to_be_focused()
    person.axe("phone")
    page.goto(f"{person.url}/messages?direction=inbound")
    expect(page.locator("#rows")).to_contain_text(f"See you, {theme}")
    person.axe("messages")


def test_stop_and_start_decide_whether_more_may_come(
    visitor: Visitor, served: Served, token: str
) -> None:
    person = visitor()
    page = person.go("/phone")
    wait_until_live(page)
    page.click("[data-quick=STOP] >> nth=0")
    expect(page.locator(f"{ALEX} .mine").last).to_contain_text("opted out")
    assert send(served, token, "Are you there?") == 422
    page.click("[data-quick=START] >> nth=0")
    expect(page.locator(f"{ALEX} .mine").last).to_contain_text("START")
    assert send(served, token, "Welcome back") == 202
    expect(page.locator(ALEX)).to_contain_text("Welcome back")


def test_a_text_that_is_being_written_survives_an_arriving_sms(
    visitor: Visitor, served: Served, token: str
) -> None:
    opt_in(served, token)
    person = visitor()
    page = person.go("/phone")
    wait_until_live(page)
    page.fill(REPLY, "half a sent")
    assert send(served, token, "Meanwhile") == 202
    expect(page.locator(ALEX)).to_contain_text("Meanwhile")
    expect(page.locator(REPLY)).to_have_value("half a sent")
    expect(page.locator(REPLY)).to_be_focused()


def test_each_number_of_the_account_has_its_own_thread(visitor: Visitor) -> None:
    person = visitor()
    page = person.go("/phone?12025550110=12025550101")
    page.fill('[aria-label="Reply as Alex to +12025550101"]', "To the other number")
    page.keyboard.press("Enter")
    expect(page.locator(ALEX)).to_contain_text("To the other number")
    page.click('[aria-label="Conversations of Alex"] >> text=+12025550100')
    expect(page.locator(ALEX)).not_to_contain_text("To the other number")


def test_a_message_is_sent_from_the_console_and_followed_to_its_end(visitor: Visitor) -> None:
    person = visitor()
    page = person.go("/messages")
    page.keyboard.press("c")
    page.fill("#to", "+15005550001")
    page.fill("#text", "Price: 5 €, “net”")
    expect(page.locator("#segments")).to_contain_text("UCS-2")
    person.axe("compose")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/messages/msg_*")
    expect(page.locator("#message h1")).to_contain_text("Undelivered")
    expect(page.locator("#message")).to_contain_text("could not be delivered")
    person.axe("message")


def test_a_wrong_recipient_is_explained_at_the_field(visitor: Visitor) -> None:
    person = visitor()
    page = person.go("/messages/new")
    page.fill("#to", "12345")
    page.fill("#text", "Hello")
    page.click("[type=submit] >> text=Send")
    expect(page.locator("#to-error")).to_contain_text("country code")
    person.expect_refusal(422)


def test_the_answer_can_be_typed_without_scrolling_on_a_small_phone(visitor: Visitor) -> None:
    page = visitor(390).go("/phone")
    page.set_viewport_size({"width": 390, "height": 664})
    expect(page.locator(".reply textarea").first).to_be_in_viewport(ratio=1)
