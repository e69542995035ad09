"""Webhooks with a receiver that listens."""

import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from playwright.sync_api import Route, expect

from tests.console.conftest import Served
from tests.console.person import TWO_LOOKS, Person

pytestmark = pytest.mark.browser
Visitor = Callable[..., Person]


class _Receiver(BaseHTTPRequestHandler):
    broken: ClassVar[set[str]] = set()
    """Paths that get 500 for now."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        refuses = self.path.startswith("/refuse") or self.path in self.broken
        body = b"<b>no thanks</b>" if refuses else b'{"ok":true}'
        self.send_response(500 if refuses else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Tests are quiet."""


@pytest.fixture(scope="module")
def receiver() -> Iterator[str]:
    """The address of a receiver; what goes below `/refuse` gets 500."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def add(person: Person, url: str) -> None:
    """Add a webhook and open its page."""
    page = person.go("/webhooks")
    page.click("#create")
    page.fill("#url", url)
    page.click("#dlg [type=submit]")
    expect(page.locator("#secret-text")).to_contain_text("whsec_")
    page.click("text=Done")
    page.goto(f"{person.url}/webhooks")
    page.click(f"#rows >> text={url}")
    page.wait_for_selector("#log-title")


@TWO_LOOKS
def test_a_webhook_is_added_tested_paused_and_deleted(
    visitor: Visitor, receiver: str, width: int, theme: str
) -> None:
    person, url = visitor(width, theme), f"{receiver}/hook-{width}-{theme}"
    page = person.go("/webhooks")
    person.axe("webhooks")
    page.click("#create")
    person.axe("add")
    page.keyboard.press("Escape")
    add(person, url)
    page.click("#test")
    page.click("#dlg [type=submit]")
    expect(page.locator("#dlg [role=status]")).to_contain_text("Answered 200")
    person.axe("test")
    page.click("#dlg >> text=Close >> nth=-1")
    expect(page.locator("#rows")).to_contain_text("Delivered")
    person.axe("webhook")
    page.click("#rows a >> nth=0")
    expect(page.locator("#delivery")).to_contain_text('{"ok":true}')
    person.axe("delivery")
    page.keyboard.press("Escape")
    page.click("#toggle")
    expect(page.locator("#webhook")).to_contain_text("Paused")
    page.click("#toggle")
    expect(page.locator("#webhook")).to_contain_text("Enabled")
    page.click("#more")
    page.click(".menu:popover-open >> text=Delete")
    person.axe("delete")
    page.click("#dlg [type=submit]")
    page.wait_for_url("**/webhooks")
    expect(page.locator("main")).not_to_contain_text(url)


def test_a_change_is_shown_though_an_older_look_comes_later(
    visitor: Visitor, receiver: str
) -> None:
    person = visitor()
    add(person, f"{receiver}/late")
    page = person.page
    old = page.request.get(page.url, headers={"HX-Request": "true"}).text()
    looks: list[Route] = []
    is_changed = False

    def keep(look: Route) -> None:
        """Those from before the change are answered when the test wants."""
        if is_changed:
            look.continue_()
        else:
            looks.append(look)

    page.route(page.url, keep)
    with page.expect_request(page.url):
        page.evaluate("document.dispatchEvent(new Event('refresh'))")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.click("#toggle")
    page.wait_for_timeout(1_000)  # the server has told of the change, the page wants to look again
    is_changed = True
    assert looks
    for look in looks:
        look.fulfill(body=old, content_type="text/html")
    expect(page.locator("#webhook")).to_contain_text("Paused")


def test_a_failed_delivery_shows_its_answer_and_is_sent_again(
    visitor: Visitor, receiver: str
) -> None:
    person = visitor()
    add(person, f"{receiver}/refuse")
    page = person.page
    page.click("#test")
    page.click("#dlg [type=submit]")
    expect(page.locator("#dlg [role=status]")).to_contain_text("Answered 500")
    page.keyboard.press("Escape")
    page.select_option("#status", "failed")
    page.wait_for_url("**status=failed**")
    page.click("#rows a >> nth=0")
    expect(page.locator("#delivery pre").last).to_have_text("<b>no thanks</b>")
    page.click("text=Resend")
    expect(page.locator("#toasts")).to_contain_text("Sending it again")
    expect(page.locator("#dlg")).to_be_hidden()


def test_a_pending_delivery_says_below_its_status_when_it_is_due(
    visitor: Visitor, served: Served, receiver: str
) -> None:
    person = visitor(390)
    add(person, f"{receiver}/refuse-all")
    served.run("messages", "send", "--from=+12025550100", "--to=+12025550111", "--text=late")
    due = person.page.locator("#rows td > .sub").first
    expect(due).to_contain_text("next")
    below, badge = due.bounding_box(), person.page.locator("#rows .badge").first.bounding_box()
    assert below is not None
    assert badge is not None
    assert below["x"] == badge["x"]
    assert below["y"] > badge["y"]


@TWO_LOOKS
def test_what_failed_is_found_by_number_and_recovered(
    visitor: Visitor, served: Served, receiver: str, width: int, theme: str
) -> None:
    person, path = visitor(width, theme), f"/broken-{width}"
    phone = f"+4477009{width:05}"
    _Receiver.broken.add(path)
    page = person.go("/webhooks/new")
    page.fill("#url", receiver + path)
    page.click("summary >> text=Failover")
    page.fill("#retry_schedule", "none")
    page.check("[name=ordered]")
    page.evaluate("scrollTo(0, 0)")  # what the header covers is no target
    person.axe("policy")
    page.click("main [type=submit] >> text=Add webhook")
    page.wait_for_selector("#secret-text")
    for text in ("one", "two"):
        sent = f"--to={phone}", f"--text={text}", "--wait"
        served.run("messages", "send", "--from=+12025550100", *sent)

    page = person.go("/webhooks")
    page.click("#deliveries")
    page.fill("#filter", phone)
    page.keyboard.press("Enter")
    page.select_option("#status", "failed")
    page.wait_for_url("**status=failed**")
    expect(page.locator("#rows tbody tr")).to_have_count(4)
    person.axe("deliveries")
    page.click("#rows a >> nth=0")
    expect(page.locator("#delivery")).to_contain_text("500")
    page.keyboard.press("Escape")

    page = person.go("/webhooks")
    page.click(f"#rows >> text={path}")
    expect(page.locator("#webhook")).to_contain_text("Nothing has got through since")
    expect(page.locator("#health")).to_contain_text("0 %")
    person.axe("failing webhook")
    _Receiver.broken.remove(path)
    page.click("#replay-open")
    expect(page.locator("#replay-count")).to_contain_text("4 deliveries")
    page.select_option("#dlg #events", "message.sent")
    expect(page.locator("#replay-count")).to_contain_text("2 deliveries")
    page.select_option("#dlg #events", "")
    expect(page.locator("#replay-count")).to_contain_text("4 deliveries")
    person.axe("replay")
    page.click("#dlg [type=submit]")
    expect(page.locator("#replay")).to_contain_text("Replayed")
    expect(page.locator("#replay")).to_contain_text("4 of 4")
    expect(page.locator("#health")).to_contain_text("100 %")
    expect(page.locator("#webhook")).not_to_contain_text("Nothing has got through")
    person.axe("replayed")


def test_a_test_event_can_be_edited(visitor: Visitor, receiver: str) -> None:
    person = visitor()
    add(person, f"{receiver}/edited")
    page = person.page
    page.click("#test")
    page.select_option("#event_type", "call.completed")
    expect(page.locator("#data")).to_have_value(re.compile('"object": "call"'))
    page.fill("#data", '{"id": "call_1"')
    page.click("#dlg [type=submit]")
    expect(page.locator("#data-error")).to_contain_text("no JSON")
    person.expect_refusal(422)
    person.axe("wrong data")
    page.fill("#data", '{"id": "call_1"}')
    page.click("#dlg [type=submit]")
    expect(page.locator("#dlg [role=status]")).to_contain_text("Answered 200")


def test_a_wrong_policy_is_said_at_its_field(visitor: Visitor) -> None:
    person = visitor()
    page = person.go("/webhooks/new")
    page.fill("#url", "https://example.com/hooks")
    page.click("summary >> text=Failover")
    page.fill("#rate_limit_per_second", "many")
    page.fill("#retry_schedule", "5, soon")
    page.click("main [type=submit] >> text=Add webhook")
    expect(page.locator("#rate_limit_per_second-error")).to_be_visible()
    expect(page.locator("#retry_schedule-error")).to_be_visible()
    person.expect_refusal(422)


def test_the_secret_can_be_shown_again_and_rotated(visitor: Visitor, receiver: str) -> None:
    person = visitor()
    add(person, f"{receiver}/secret")
    page = person.page
    page.click("#more")
    page.click("text=Show signing secret")
    first = page.inner_text("#secret-text")
    page.keyboard.press("Escape")
    page.click("#more")
    page.click("text=Rotate signing secret")
    page.click("#dlg [type=submit]")
    expect(page.locator("#secret-text")).not_to_have_text(first)
    page.click("text=Done")
    expect(page.locator("#webhook")).to_contain_text("signs too until")


def test_an_address_that_may_not_be_reached_is_refused_at_the_field(visitor: Visitor) -> None:
    person = visitor()
    page = person.go("/webhooks/new")
    page.fill("#url", "http://10.0.0.1/hook")
    page.click("[type=submit] >> text=Add webhook")
    expect(page.locator("#url-error")).to_be_visible()
    person.expect_refusal(422)


@TWO_LOOKS
def test_a_webhook_is_limited_to_some_numbers(
    visitor: Visitor, served: Served, receiver: str, width: int, theme: str
) -> None:
    other = f"+120255502{width % 90 + 10}"
    served.run("numbers", "add", other, "--carrier=sandbox")
    person, url = visitor(width, theme), f"{receiver}/numbers-{width}"
    page = person.go("/webhooks")
    page.click("#create")
    page.fill("#url", url)
    page.click("text=Only some numbers")
    page.check(f"#dlg [value='{other}']")
    person.axe("numbers")
    page.click("#dlg [type=submit]")
    page.click("text=Done")
    page.click(f"#rows >> text={url}")
    facts = page.locator("#webhook [aria-label=Facts]")
    expect(facts).to_contain_text(other)
    served.run("messages", "send", "--from=+12025550100", "--to=+12025550111", "--text=no")
    sent = served.run("messages", "send", f"--from={other}", "--to=+12025550111", "--text=yes")
    expect(page.locator("#rows")).to_contain_text("Delivered")
    about = page.locator("#rows tbody a[href^='/messages/']").all_inner_texts()
    assert {text for text in about if text} <= set(sent.split())

    page.click("#more")
    page.click(".menu:popover-open >> text=Edit")
    expect(page.locator(f"#dlg [value='{other}']")).to_be_checked()
    page.fill("#description", "Two numbers")
    page.click("#dlg [type=submit]")
    expect(facts).to_contain_text("Two numbers")
    expect(facts).to_contain_text(other)
    page.click("#more")
    page.click(".menu:popover-open >> text=Edit")
    page.uncheck(f"#dlg [value='{other}']")
    page.click("#dlg [type=submit]")
    expect(facts).not_to_contain_text(other)
