"""The request log as a person reads it, and what a credential's page says of its use."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import expect

from tests.console.conftest import Served
from tests.console.person import CREDENTIALS, LOOKS, TWO_LOOKS, Person

pytestmark = pytest.mark.browser
Visitor = Callable[..., Person]
TEXT = "A text that no log shows"
MESSAGE = {"from": "+12025550100", "to": "+12025550110", "text": TEXT}


def ask(served: Served, token: str, method: str, path: str, **sent: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "shop/2.1"}
    with served.client() as client:
        return client.request(method, path, headers=headers, **sent)  # type: ignore[arg-type]  # httpx's own


def new_token(served: Served, name: str) -> str:
    made = served.run(
        "credentials", "create", "--description", name, "--all-scopes", "--token-only"
    )
    return made.strip()


@LOOKS
def test_the_request_log(visitor: Visitor, served: Served, width: int, theme: str) -> None:
    """Requests come in by themselves, the list stands still when it should, and one is read."""
    person = visitor(width, theme)
    name = f"Log {width} {theme}"
    token = new_token(served, name)
    page = person.go("/requests")
    expect(page.locator("[data-live-state=open]")).to_have_count(1)
    message = ask(served, token, "POST", "/v1/messages", json=MESSAGE).json()["id"]
    row = page.locator(f'#rows tr:has-text("{name}")')
    expect(row).to_have_count(1)
    expect(row).to_contain_text("/v1/messages")
    person.axe("list")

    page.click("#pause")
    expect(page.locator("#pause")).to_have_text("Go on")
    person.axe("paused")
    refused = ask(served, token, "GET", "/v1/messages/msg_nowhere")
    request_id = refused.headers["request-id"]
    held = visitor().go("/requests")
    expect(held.locator(f"#{request_id}")).to_have_count(1)
    expect(page.locator(f"#{request_id}")).to_have_count(0)
    page.click("#pause")
    expect(page.locator(f"#{request_id}")).to_have_count(1)

    page.fill("#filter", "/v1/messages/msg_")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=*")
    expect(page.locator("#rows tbody tr").first).to_contain_text("not_found")
    expect(page.locator(f"#{message}")).to_have_count(0)
    page.select_option("#status", "2xx")
    expect(page.locator("#rows")).to_contain_text("No request matches")
    person.axe("nothing matches")
    page.click("#rows >> text=Show all")

    page.click(f'#rows tr:has-text("{message}") .main')
    page.wait_for_url("**/requests/req_*")
    expect(page.locator("main")).to_contain_text(f"[{len(TEXT)} characters]")
    expect(page.locator("#curl")).to_contain_text("$HOOKLINE_TOKEN")
    assert TEXT not in page.content()
    assert token not in page.content()
    person.axe("one request")
    page.click(f"main >> text={message}")
    page.wait_for_url(f"**/messages/{message}")


def test_the_log_of_one_credential(visitor: Visitor, served: Served) -> None:
    token = new_token(served, "One of many")
    known = ask(served, token, "GET", "/v1/credentials/self").json()["id"]
    person = visitor()
    page = person.go(f"/requests?credential={known}&status=2xx")
    expect(page.locator(".bar.only")).to_contain_text("One of many")
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    person.axe("of one credential")
    page.click(".bar.only >> text=One of many")
    page.wait_for_url("**/requests?status=2xx")


def test_a_filter_that_cannot_be_is_explained(visitor: Visitor) -> None:
    page = visitor().go("/requests?token=abc")
    expect(page.locator("#rows")).to_contain_text("The filter cannot be used")


@LOOKS
def test_what_a_credential_does(visitor: Visitor, served: Served, width: int, theme: str) -> None:
    """Figures, addresses and scopes; during a grace what still uses the old token."""
    person = visitor(width, theme)
    token = new_token(served, f"Use {width} {theme}")
    own = ask(served, token, "GET", "/v1/credentials/self").json()["id"]
    page = person.go(f"{CREDENTIALS}/{own}")
    expect(page.locator("#usage .figures")).to_contain_text("Requests")
    chart = page.get_by_role("img", name="Requests a day over the last 30 days: 1 in all")
    expect(chart).to_be_visible()
    expect(page.locator("main")).to_contain_text("127.0.0.1")
    expect(page.locator("main")).to_contain_text("It is too early to say")
    page.click("text=The same as a table")
    person.axe("usage")

    served.run("credentials", "rotate", own, "--grace", "24h")
    ask(served, token, "GET", "/v1/messages")
    expect(page.locator("#grace .still")).to_contain_text("GET /v1/messages")
    expect(page.locator("#grace")).to_contain_text("1 request")
    person.axe("old token in use")
    page.click("#usage >> text=90 days")
    page.wait_for_url("**days=90*")
    expect(page.locator("#usage [aria-current=true]")).to_have_text("90 days")


@TWO_LOOKS
def test_the_empty_log_says_how_to_begin(visitor: Visitor, width: int, theme: str) -> None:
    person = visitor(width, theme)
    page = person.go("/requests")
    page.click(".env")
    expect(page.locator("#rows")).to_contain_text("curl")
    person.axe("empty")
    page.click(".env")
