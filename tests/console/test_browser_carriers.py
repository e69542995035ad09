"""Numbers and carriers in a browser, with a carrier that listens on loopback."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.console.person import TWO_LOOKS, Person
from tests.services.ports import find_free_port
from tests.services.smsc import Rule, Smsc, running_smsc, skip_without_smsc

pytestmark = pytest.mark.browser
Visitor = Callable[..., Person]
TO = "+447700900123"
REFUSED = "+447700900999"


@pytest.fixture(scope="module")
def smsc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Smsc]:
    """A carrier; it has a thread of its own, since browsers here are driven without a loop."""
    skip_without_smsc()
    folder = tmp_path_factory.mktemp("smsc")
    started: Future[Smsc] = Future()
    ended = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(folder, started, ended)))
    thread.start()
    yield started.result(30)
    ended.set()
    thread.join()


async def _serve(folder: Path, started: "Future[Smsc]", ended: threading.Event) -> None:
    async with running_smsc(folder) as smsc:
        await smsc.rule(Rule(destination="999$", status=0x0B))
        started.set_result(smsc)
        await asyncio.to_thread(ended.wait)


def fill(page: Page, name: str, port: int) -> None:
    page.fill("#name", name)
    page.fill("#host", "127.0.0.1")
    page.fill("#port", str(port))
    page.fill("#system_id", "hookline")
    page.fill("#password", "secret")


def connect(person: Person, name: str, port: int) -> str:
    """Connect a carrier by the dialog; its id."""
    page = person.go("/carriers")
    page.click("#create")
    fill(page, name, port)
    page.click("#dlg [type=submit]")
    expect(page.locator("#dlg")).to_be_hidden()
    card = page.locator("section.link", has=page.get_by_role("heading", name=name, exact=True))
    expect(card).to_be_visible()
    return str(card.get_attribute("id"))


def add_number(page: Page, number: str, carrier: str) -> None:
    page.click("#add-number")
    page.fill("#number", number)
    page.select_option("#carrier", label=carrier)
    page.click("#dlg [type=submit]")
    expect(page.locator("#numbers")).to_contain_text(number)


def choose(page: Page, carrier_id: str, act: str) -> None:
    page.click(f"#b-{carrier_id}")
    page.click(f"#m-{carrier_id} >> text={act}")


@TWO_LOOKS
def test_a_carrier_is_connected_tested_and_removed(
    visitor: Visitor, smsc: Smsc, width: int, theme: str
) -> None:
    person, name = visitor(width, theme), f"Acme {width}"
    number = f"+1555010{width:04d}"
    carrier_id = connect(person, name, smsc.port)
    page = person.page
    card = page.locator(f"#{carrier_id}")
    expect(card).to_contain_text("Bound")
    add_number(page, number, name)
    expect(card).to_contain_text("1 number")
    page.click(f"#t-{carrier_id}")
    person.axe("test")
    page.fill("#to", TO)
    page.click("#dlg [type=submit]")
    expect(page.locator("#dlg [role=status]")).to_contain_text("Delivered")
    person.axe("tested")
    page.fill("#to", REFUSED)
    page.click("#dlg [type=submit]")
    expect(page.locator("#dlg [role=status]")).to_contain_text("ESME_RINVDSTADR")
    page.keyboard.press("Escape")
    expect(card).to_contain_text("Rejected1")
    expect(card).to_contain_text("1 × ESME_RINVDSTADR")
    choose(page, carrier_id, "Edit")
    page.click(".more-settings > summary")
    page.fill("#binds", "3")
    page.click("#dlg [type=submit]")
    expect(card).to_contain_text("Transceiver 3")
    person.axe("carriers")
    choose(page, carrier_id, "Remove")
    page.click("#dlg [type=submit]")
    expect(page.locator("#dlg [role=alert]")).to_contain_text(number)
    person.axe("in use")
    person.expect_refusal(422)
    page.keyboard.press("Escape")
    page.locator("#numbers tr", has_text=number).get_by_role("link", name="Remove").click()
    page.click("#dlg [type=submit]")
    expect(page.locator("#numbers")).not_to_contain_text(number)
    choose(page, carrier_id, "Remove")
    page.click("#dlg [type=submit]")
    expect(card).to_have_count(0)


def test_a_link_that_cannot_be_made_says_why_and_is_mended(visitor: Visitor, smsc: Smsc) -> None:
    person = visitor()
    carrier_id = connect(person, "Mended", find_free_port())
    page = person.page
    card = page.locator(f"#{carrier_id}")
    expect(card).to_contain_text("Check the host, the port and the firewall")
    choose(page, carrier_id, "Edit")
    expect(page.locator("#password")).to_have_value("")
    page.fill("#port", str(smsc.port))
    page.click("#dlg [type=submit]")
    expect(card).to_contain_text("Bound")
    choose(page, carrier_id, "Disable")
    expect(card).to_contain_text("Disabled")
    choose(page, carrier_id, "Enable")
    expect(card).to_contain_text("Bound")
    choose(page, carrier_id, "Remove")
    page.click("#dlg [type=submit]")
    expect(card).to_have_count(0)


def test_the_page_follows_the_link_and_keeps_the_focus(visitor: Visitor, smsc: Smsc) -> None:
    person = visitor()
    carrier_id = connect(person, "Followed", smsc.port)
    page = person.page
    card = page.locator(f"#{carrier_id}")
    expect(card).to_contain_text("Bound")
    page.focus("#add-number")
    page.evaluate(f"document.getElementById('{carrier_id}').dataset.old = 'yes'")
    expect(page.locator(f"#{carrier_id}:not([data-old])")).to_be_visible()
    expect(page.locator("#add-number")).to_be_focused()
    choose(page, carrier_id, "Remove")
    page.click("#dlg [type=submit]")
    expect(card).to_have_count(0)


def test_mistakes_are_shown_at_the_fields(visitor: Visitor) -> None:
    person = visitor()
    page = person.go("/carriers")
    page.click("#create")
    fill(page, "sandbox", 1)
    page.fill("#port", "many")
    page.click("#dlg summary")
    page.fill("#window", "0")
    page.click("#dlg [type=submit]")
    expect(page.locator("#port-error")).to_be_visible()
    expect(page.locator("#window-error")).to_be_visible()
    person.axe("mistakes")
    page.fill("#port", "1")
    page.fill("#window", "1")
    page.fill("#password", "secret")
    page.click("#dlg [type=submit]")
    expect(page.locator("#name-error")).to_contain_text("already")
    person.expect_refusal(422)


def test_everything_works_without_scripts(visitor: Visitor, smsc: Smsc) -> None:
    person = visitor(java_script_enabled=False)
    page = person.go("/carriers/new")
    fill(page, "Plain", smsc.port)
    page.click("text=Connect carrier >> nth=-1")
    page.wait_for_url("**/carriers")
    page.goto(f"{person.url}/numbers/new")
    page.fill("#number", "Plainly")
    page.select_option("#carrier", label="Plain")
    page.click("main [type=submit]")
    row = page.locator("#numbers tr", has_text="Plainly")
    row.get_by_role("link", name="Move Plainly", exact=True).click()
    page.select_option("#carrier", label="sandbox")
    page.click("main [type=submit]")
    page.locator("#numbers tr", has_text="Plainly").get_by_role("link", name="Remove").click()
    page.click("main [type=submit]")
    expect(page.locator("#numbers")).not_to_contain_text("Plainly")
    card = page.locator("section.link", has_text="Plain")
    page.goto(f"{person.url}/carriers/{card.get_attribute('id')}/remove")
    page.click("main [type=submit]")
    expect(page.locator("main")).not_to_contain_text("Plain")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_trunk_is_given_with_its_asterisk(visitor: Visitor, width: int) -> None:
    person, name = visitor(width), f"Trunked {width}"
    page = person.go("/carriers")
    page.click("#create")
    page.get_by_role("link", name="Asterisk").click()
    page.get_by_text("Set the trunk up for me").click()
    values = {"name": name, "url": f"http://127.0.0.1:{find_free_port()}", "user": "hookline",
              "password": "one", "trunk_host": "sip.example.com", "trunk_password": "two"}  # fmt: skip
    for field, value in values.items():
        page.fill(f"#{field}", value)
    page.check("#trunk_register")
    page.click("#dlg [type=submit]")
    expect(page.locator("#trunk_register-error")).to_contain_text(
        "needs the provider's host and a user"
    )
    person.expect_refusal(422)
    person.axe("trunk")
    for field in ("password", "trunk_password"):
        page.fill(f"#{field}", values[field])
    page.fill("#trunk_user", "office")
    page.click("#dlg [type=submit]")
    card = page.locator("section.link", has_text=name)
    expect(card).to_contain_text("Check that Asterisk runs")
    choose(page, str(card.get_attribute("id")), "Edit")
    expect(page.locator("#trunk_user")).to_have_value("office")
    expect(page.locator("#trunk_password")).to_have_value("")
    person.axe("edit trunk")
    page.keyboard.press("Escape")
    choose(page, str(card.get_attribute("id")), "Remove")
    page.click("#dlg [type=submit]")
    expect(card).to_have_count(0)
