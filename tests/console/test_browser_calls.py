"""Calls, from the dialog to the recording."""

import re
import sqlite3
import wave
from collections.abc import Callable, Iterator
from contextlib import closing

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import EMAIL, PASSWORD, Served
from tests.console.person import LOOKS, TWO_LOOKS, Person
from tests.console.test_pages import sign_in, token_in

pytestmark = pytest.mark.browser
Visitor = Callable[..., Person]
ALEX, SAM = "+12025550110", "+12025550111"
LINE = "#line-12025550110"
SAM_LINE = "#line-12025550111"
RINGING, TALKING = "[data-call=ringing]", "[data-call=talking]"


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    """The owner, without a browser."""
    with served.client() as signed_in:
        sign_in(signed_in, EMAIL, PASSWORD)
        yield signed_in


@pytest.fixture(autouse=True)
def _quiet_line(client: httpx.Client) -> Iterator[None]:
    """No test leaves a phone ringing for the next."""
    yield
    for call in call_ids(client):
        client.post(f"/calls/{call}/hangup", data={"csrf_token": token_in(client.get("/"))})


def call_ids(client: httpx.Client) -> list[str]:
    rows = client.get("/calls?status=ringing").text + client.get("/calls?status=in_progress").text
    return [part[:31] for part in rows.split('<tr id="')[1:]]


def place(page: Page, url: str, to: str, **typed: str) -> str:
    """Place a call in the dialog's own page; the address of the call's page."""
    page.goto(f"{url}/calls/new")
    page.fill("#to", to)
    if "agent" in typed:
        page.check("[name=way][value=agent]")
        page.fill("#agent", typed["agent"])
    else:
        page.fill("#text", typed.get("text", "Hello from Hookline."))
    page.check(f"[name=record][value={typed.get('record', 'none')}]")
    page.click("main [type=submit] >> text=Call")
    page.wait_for_url("**/calls/call_*")
    return page.url


def wait_until_live(page: Page) -> None:
    expect(page.locator("[data-live-state]").first).to_have_text("Connected")


def answer(person: Person, line: str = LINE) -> Page:
    """At the phone: wait until it rings, and take the call."""
    page = person.go("/phone")
    page.locator(f"{line} {RINGING}").wait_for()
    page.click(f"{line} .btn.good")
    page.locator(f"{line} {TALKING}").wait_for()
    return page


@LOOKS
def test_a_call_is_answered_followed_and_heard(visitor: Visitor, width: int, theme: str) -> None:
    desk, phone = visitor(width, theme), visitor(width, theme)
    at_phone = phone.go("/phone")
    wait_until_live(at_phone)
    desk.go("/calls")
    desk.page.click("#create")
    desk.page.fill("#dlg #to", ALEX)
    desk.page.fill("#dlg #text", "Your table is booked for seven o'clock tonight. " * 5)
    desk.page.check("#dlg [name=record][value=dual]")
    desk.axe("place a call")
    desk.page.click("#dlg [type=submit]")
    desk.page.wait_for_url("**/calls/call_*")
    at_phone.locator(f"{LINE} {RINGING}").wait_for()
    expect(at_phone.locator("#phone-news")).to_contain_text("Alex’s phone rings: +12025550100")
    phone.axe("ringing phone")
    at_phone.click(f"{LINE} .btn.good")
    expect(at_phone.locator(f"{LINE} .heard")).to_contain_text("Your table is booked")
    at_phone.click(f"{LINE} .keypad button[value='5']")
    at_phone.keyboard.press("7")
    expect(at_phone.locator(f"{LINE} .pressed")).to_contain_text("57")
    phone.axe("talking phone")
    expect(desk.page.locator("#call-head h1")).to_contain_text("In progress")
    at_phone.click(f"{LINE} .acts .bad")
    expect(at_phone.locator(f"{LINE} .past")).to_contain_text("You hung up")
    expect(desk.page.locator("#call-head h1")).to_contain_text("Completed")
    expect(desk.page.locator("#call-body")).to_contain_text("the other side")
    expect(desk.page.locator(".line li").last).to_contain_text("Recording complete")
    expect(desk.page.locator(".recording [data-play]")).to_be_visible()
    phone.axe("phone after a call")
    desk.axe("call")


def recorded_call(visitor: Visitor, seconds: float = 2.0) -> Person:
    """A person at the page of a call that was recorded for so long."""
    desk, phone = visitor(), visitor()
    desk.page.set_default_timeout(15_000)
    place(desk.page, desk.url, ALEX, text="One two three four five. " * 12, record="mono")
    at_phone = answer(phone)
    at_phone.wait_for_timeout(seconds * 1_000)  # the recording needs a length
    at_phone.click(f"{LINE} .acts .bad")
    desk.page.locator("[data-player=on]").wait_for()
    return desk


def test_a_recording_is_played_by_keyboard(visitor: Visitor) -> None:
    page = recorded_call(visitor, 7.0).page
    track = page.locator("[data-track]")
    length = float(track.get_attribute("aria-valuemax") or 0)
    assert length >= 6
    track.focus()
    page.keyboard.press("ArrowRight")
    expect(track).to_have_attribute("aria-valuenow", "5")
    page.keyboard.press("ArrowLeft")
    expect(track).to_have_attribute("aria-valuenow", "0")
    page.keyboard.press("End")
    expect(track).to_have_attribute("aria-valuenow", f"{length:.0f}")
    page.keyboard.press("Home")
    page.select_option("[data-speed]", "2")
    assert page.evaluate("document.querySelector('audio').playbackRate") == 2
    track.focus()
    page.keyboard.press(" ")
    expect(page.locator("[data-play]")).to_have_attribute("aria-label", "Pause")
    expect(page.locator("[data-time]")).to_contain_text(re.compile("0:0[1-6] /"))
    page.keyboard.press(" ")
    expect(page.locator("[data-play]")).to_have_attribute("aria-label", "Play")


def refresh(page: Page) -> None:
    """What happens to the page when something happens to a call."""
    with page.expect_response(lambda answer: answer.url == page.url):
        page.evaluate("document.dispatchEvent(new Event('refresh'))")
    expect(page.locator(".htmx-request, .htmx-settling")).to_have_count(0)


def test_a_refresh_leaves_the_player_where_it_is(visitor: Visitor) -> None:
    page = recorded_call(visitor, 7.0).page
    track = page.locator("[data-track]")
    track.focus()
    page.keyboard.press("ArrowRight")
    refresh(page)
    expect(track).to_have_attribute("aria-valuenow", "5")
    expect(track).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    expect(page.locator("[data-time]")).to_contain_text(re.compile("0:0[1-6] /"))
    refresh(page)
    assert page.evaluate("!document.querySelector('audio').paused")
    assert page.evaluate("document.querySelector('audio').currentTime") > 0
    expect(page.locator("[data-play]")).to_have_attribute("aria-label", "Pause")


def listeners(served: Served, recording_id: str) -> list[tuple[str, str]]:
    """Who listened to a recording, as the audit trail has it."""
    database = sqlite3.connect(f"file:{served.data_dir / 'hookline.db'}?mode=ro", uri=True)
    wanted = "SELECT actor_label, ip FROM audit WHERE action = ? AND resource_id = ?"
    with closing(database):
        return database.execute(wanted, ("recording.listen", recording_id)).fetchall()


def test_a_recording_is_downloaded_and_deleted(
    visitor: Visitor, client: httpx.Client, served: Served
) -> None:
    desk = recorded_call(visitor)
    page = desk.page
    with page.expect_download() as downloading:
        page.click("[aria-label='Download this recording']")
    with wave.open(str(downloading.value.path())) as sound:
        assert (sound.getframerate(), sound.getnchannels()) == (8_000, 1)
        assert sound.getnframes() > 8_000
    source = str(page.locator("audio").get_attribute("src"))
    part = client.get(source, headers={"Range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100)
    assert listeners(served, source.split("/")[2]) == [(EMAIL, "127.0.0.1")]
    page.click("[aria-label='Delete this recording']")
    desk.axe("delete a recording")
    page.click("#dlg .bad[type=submit]")
    expect(page.locator("#recordings")).to_contain_text("Deleted")
    assert client.get(source).status_code == 404


@TWO_LOOKS
def test_a_declined_call_says_so_on_both_sides(visitor: Visitor, width: int, theme: str) -> None:
    desk, phone = visitor(width, theme), visitor(width, theme)
    place(desk.page, desk.url, ALEX)
    at_phone = phone.go("/phone")
    at_phone.click(f"{LINE} .acts .bad")
    expect(at_phone.locator(f"{LINE} .past")).to_contain_text("You declined")
    expect(at_phone.locator("#phone-12025550110")).to_be_focused()
    expect(desk.page.locator("#call-head h1")).to_contain_text("Declined")
    expect(desk.page.locator(".legs")).to_contain_text("SIP 603")
    desk.page.goto(f"{desk.url}/calls?status=declined")
    expect(desk.page.locator("#rows")).to_contain_text(ALEX)
    desk.axe("calls")


def test_a_call_is_hung_up_from_its_page(visitor: Visitor) -> None:
    desk, phone = visitor(), visitor()
    place(desk.page, desk.url, ALEX, text="Please hold the line. " * 20)
    at_phone = answer(phone)
    status = desk.page.locator("#call-head h1")
    expect(status).to_contain_text("In progress")  # a click while the page changes goes nowhere
    desk.page.click("#hang-up")
    expect(status).to_contain_text("Completed")
    expect(desk.page.locator("#call-body")).to_contain_text("this account")
    expect(at_phone.locator(f"{LINE} .past")).to_contain_text("The other side hung up")


def test_click_to_call_connects_two_phones(visitor: Visitor) -> None:
    desk, phone = visitor(), visitor()
    place(desk.page, desk.url, ALEX, agent=SAM)
    at_phone = answer(phone, SAM_LINE)
    expect(at_phone.locator(SAM_LINE)).to_contain_text(ALEX)
    at_phone.locator(f"{LINE} {RINGING}").wait_for()
    at_phone.click(f"{LINE} .btn.good")
    expect(at_phone.locator(f"{LINE} .heard")).to_contain_text("Talking to")
    at_phone.locator(f"{LINE} .speak .field").press_sequentially("For 4, please")
    at_phone.keyboard.press("Enter")
    expect(at_phone.locator(f"{LINE} .heard")).to_contain_text("You said: For 4, please")
    expect(at_phone.locator(f"{LINE} .speak .field")).to_have_value("")
    expect(at_phone.locator(f"{SAM_LINE} .heard")).to_contain_text("For 4, please")
    expect(at_phone.locator(f"{LINE} .pressed")).to_have_count(0)  # digits in a text are no keys
    phone.axe("two calls")
    at_phone.click(f"{SAM_LINE} .acts .bad")
    expect(at_phone.locator(f"{LINE} .past")).to_contain_text("The other side hung up")
    expect(desk.page.locator("#call-body")).to_contain_text("the agent")


def test_the_phone_calls_a_number_that_runs_actions(visitor: Visitor) -> None:
    desk, phone = visitor(), visitor()
    page = desk.go("/carriers")
    page.click("[aria-label='Calls of +12025550101']")
    page.check("#dlg [name=way][value=actions]")
    page.fill("#actions", "[")
    page.click("#dlg [type=submit]")
    expect(page.locator("#actions-error")).to_contain_text("not JSON")
    desk.expect_refusal(422)
    desk.axe("calls of a number")
    page.fill(
        "#actions", '[{"say": {"text": "Welcome to the helpdesk. " }}, {"pause": {"seconds": 60}}]'
    )
    page.click("#dlg [type=submit]")
    expect(page.locator("#numbers")).to_contain_text("runs actions")
    at_phone = phone.go("/phone?12025550110=12025550101")
    wait_until_live(at_phone)
    at_phone.click("[aria-label='Call +12025550101 as Alex']")
    expect(at_phone.locator(f"{LINE} .heard")).to_contain_text("Welcome to the helpdesk")
    at_phone.click(f"{LINE} .acts .bad")
    at_phone.click(f"{LINE} .past a")
    expect(at_phone.locator("#call-head h1")).to_contain_text("From +12025550110")


def test_the_carrier_of_calls_is_taken_from_a_number_and_given_back(visitor: Visitor) -> None:
    page = visitor().go("/carriers")
    row = page.locator("#numbers tr", has_text="+12025550101").locator("td[data-l=Calls]")
    for name, shown in (("None: it cannot call", "–"), ("sandbox", "sandbox")):
        page.click("[aria-label='Calls of +12025550101']")
        page.select_option("#voice_carrier", label=name)
        page.click("#dlg [type=submit]")
        expect(row).to_contain_text(shown)


def test_the_sound_of_phones_can_be_switched_off(visitor: Visitor) -> None:
    page = visitor().go("/phone")
    switch = page.locator("[data-sound-switch]")
    expect(switch).to_have_attribute("aria-pressed", "true")
    switch.click()
    page.reload()
    expect(switch).to_have_attribute("aria-pressed", "false")
    expect(switch).to_contain_text("Sound off")


def test_a_key_goes_to_calls_and_another_opens_the_dialog(visitor: Visitor) -> None:
    page = visitor().go("/messages")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/calls")
    page.keyboard.press("c")
    expect(page.locator("#dlg #to")).to_be_focused()


def test_what_is_missing_is_said_at_the_fields(visitor: Visitor) -> None:
    person = visitor()
    page = person.go("/calls/new")
    page.check("[name=way][value=agent]")
    expect(page.locator("#text")).to_be_hidden()
    page.click("main [type=submit] >> text=Call")
    expect(page.locator("#to-error")).to_contain_text("whom to call")
    expect(page.locator("#agent-error")).to_contain_text("rings first")
    person.axe("refused call")
    person.expect_refusal(422)
