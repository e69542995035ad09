"""Inviting people and keeping their rights, second factors and sessions, in Chromium."""

import json
from collections.abc import Callable

import pyotp
import pytest
from playwright.sync_api import Page, expect

from hookline.clock import SystemClock
from tests.console.conftest import EMAIL, Served
from tests.console.person import CREDENTIALS, TWO_LOOKS, Person

pytestmark = pytest.mark.browser
Visitor = Callable[..., Person]
USERS = "/administration/users"
NEW_PASSWORD = "an entirely new password"


def code_of(secret: str, steps: int = 0) -> str:
    """What the app shows, or will show so many steps later."""
    return pyotp.TOTP(secret).at(SystemClock().now_ms() // 1_000, counter_offset=steps)


def set_up(person: Person) -> tuple[str, str]:
    """Turn the second factor on with the app's code; its secret, and the code it took."""
    page = person.go("/session/second-factor")
    page.click("summary")
    secret = page.inner_text("#totp-key").replace(" ", "")
    code = code_of(secret)
    page.fill("#code", code)
    page.keyboard.press("Enter")
    page.wait_for_selector("#recovery-codes")
    return secret, code


def invite(page: Page, email: str, role: str = "viewer") -> str:
    """The link that the dialog shows."""
    expect(page.locator("#dlg")).to_be_empty()  # one that was just closed is gone
    page.keyboard.press("c")
    page.fill("#invite-email", email)
    page.check(f"#dlg [value={role}]")
    page.keyboard.press("Control+Enter")
    return page.inner_text("#secret-text").strip()


@TWO_LOOKS
def test_an_invited_person_joins_and_their_rights_are_kept(
    visitor: Visitor, width: int, theme: str
) -> None:
    email = f"mara-{width}@example.com"
    admin, mara = visitor(width, theme), visitor(width, theme, signed=False)
    page = admin.go(USERS)
    page.keyboard.press("c")
    expect(page.locator("#invite-email")).to_be_focused()
    admin.axe("invite")
    page.keyboard.press("Escape")
    link = invite(page, email)
    admin.axe("link")
    page.click("#dlg [data-close] >> text=Done")

    theirs = mara.page
    theirs.goto(link)
    mara.axe("join")
    theirs.fill("#name", "Mara Berg")
    theirs.fill("#password", NEW_PASSWORD)
    theirs.keyboard.press("Enter")
    theirs.wait_for_selector("#start")
    mara.go(f"{CREDENTIALS}")
    expect(theirs.locator("main")).to_contain_text("You can look, but not change")

    admin.go(USERS)
    page.click(f"tr:has-text('{email}') >> a")
    page.wait_for_selector("#edit")
    admin.axe("user")
    page.click("#edit")
    page.check("#may_credentials")
    admin.axe("edit")
    page.click("#dlg [type=submit]")
    expect(page.locator("#user")).to_contain_text("with credentials:write")

    # More rights need a new sign-in; then the right is there, and only that one.
    mara.sign_in(email, NEW_PASSWORD)
    mara.go(CREDENTIALS)
    expect(theirs.locator("#create")).to_be_visible()
    expect(mara.go(USERS).locator("main")).to_contain_text("You can look, but not change")

    page.click("#disable")
    admin.axe("disable")
    page.click("#dlg [type=submit]")
    expect(page.locator("#user h1")).to_contain_text("Disabled")
    mara.go("/messages")
    theirs.wait_for_url("**/sign-in?next=%2Fmessages")
    page.click("#remove")
    page.click("#dlg [type=submit]")
    page.wait_for_url(f"**{USERS}")
    expect(page.locator("#people")).not_to_contain_text(email)


def test_an_invitation_is_sent_again_and_revoked(visitor: Visitor) -> None:
    admin, guest = visitor(), visitor(signed=False)
    page = admin.go(USERS)
    first = invite(page, "again@example.com")
    admin.go(f"{USERS}?show=invitations")
    admin.axe("invitations")
    row = page.locator("tr:has-text('again@example.com')")
    row.get_by_role("button", name="Send the invitation").click()
    second = page.inner_text("#secret-text").strip()
    assert second != first
    page.click("#dlg footer [data-close]")
    guest.page.goto(first)
    expect(guest.page.locator("main")).to_contain_text("no longer open")
    guest.expect_refusal(404)
    row.get_by_role("link", name="Revoke").click()
    page.click("#dlg [type=submit]")
    expect(page.locator("#people")).not_to_contain_text("again@example.com")
    guest.page.goto(second)
    expect(guest.page.locator("main")).to_contain_text("no longer open")
    guest.expect_refusal(404)


def test_the_last_owner_stays_and_is_told_why(visitor: Visitor) -> None:
    person = visitor()
    page = person.go(USERS)
    page.click(f"tr:has-text('{EMAIL}') >> a")
    page.click("#edit")
    page.check("#dlg [value=admin]")
    page.click("#dlg [type=submit]")
    expect(page.locator("#dlg [role=alert]")).to_contain_text("only owner")
    person.expect_refusal(422)


@TWO_LOOKS
def test_the_grid_of_roles_says_who_may_what(visitor: Visitor, width: int, theme: str) -> None:
    person = visitor(width, theme)
    page = person.go(f"{USERS}?show=roles")
    row = page.locator("tr:has-text('credentials:write') td")
    expect(row).to_have_text(["no", "no", "yes", "yes"])
    person.axe("roles")


@TWO_LOOKS
def test_a_code_is_asked_for_once_it_is_set_up(
    visitor: Visitor, served: Served, width: int, theme: str
) -> None:
    email = f"coded-{width}@example.com"
    password = served.add_user(email)
    person = visitor(width, theme, signed=False)
    page = person.sign_in(email, password)
    person.go("/session/security")
    page.click("text=Set up")
    person.axe("set up")
    secret, taken = set_up(person)
    person.axe("recovery codes")
    recovery = page.inner_text("#recovery-codes").split()
    assert len(recovery) == 10
    page.click("text=I have stored them")
    expect(page.locator("#security")).to_contain_text("10 recovery codes left")

    page.click(".who") if width > 960 else person.go("/")
    person.page.context.clear_cookies()
    page = person.sign_in(email, password, expect="#code")
    person.axe("code")
    page.fill("#code", taken)  # not the app's code of now: looking at pages may outlast a step
    page.keyboard.press("Enter")
    expect(page.locator("[role=alert]")).to_contain_text("used before")
    person.expect_refusal(401)
    page.fill("#code", code_of(secret, 1))
    page.keyboard.press("Enter")
    page.wait_for_selector("#start")

    person.page.context.clear_cookies()
    person.sign_in(email, password, expect="#code")
    page.fill("#code", recovery[0].upper())
    page.keyboard.press("Enter")
    page.wait_for_selector("#start")
    person.go("/session/security")
    expect(page.locator("#security")).to_contain_text("9 recovery codes left")


def test_recovery_codes_are_made_anew_and_the_factor_turned_off(
    visitor: Visitor, served: Served
) -> None:
    email = "off@example.com"
    password = served.add_user(email)
    person = visitor(signed=False)
    page = person.sign_in(email, password)
    secret, _ = set_up(person)
    old = page.inner_text("#recovery-codes").split()
    person.go("/session/security")
    page.click("#codes")
    person.axe("new codes?")
    page.click("#dlg [type=submit]")
    new = page.inner_text("#recovery-codes").split()
    assert not set(old) & set(new)
    person.axe("new codes")
    page.click("text=I have stored them")
    served.forget_proofs(email)
    page.click("#off")
    person.axe("turn off?")
    page.click("#dlg [type=submit]")
    person.axe("confirm with code")
    page.fill("#confirm-password", password)
    page.fill("#confirm-code", code_of(secret, 1))
    page.keyboard.press("Enter")
    page.wait_for_url("**/session/security")
    expect(page.locator("#security")).to_contain_text("Set up")


@TWO_LOOKS
def test_an_old_sign_in_is_confirmed_by_keyboard_and_loses_nothing(
    visitor: Visitor, served: Served, width: int, theme: str
) -> None:
    email = f"late-{width}@example.com"
    password = served.add_user(email)
    person = visitor(width, theme, signed=False)
    page = person.sign_in(email, password)
    person.go(CREDENTIALS)
    page.keyboard.press("c")
    page.fill("#description", f"Typed long ago {width}")
    served.forget_proofs(email)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#confirm-password")).to_be_focused()
    person.axe("confirm")
    page.keyboard.type("not my password")
    page.keyboard.press("Enter")
    expect(page.locator("#password-error")).to_contain_text("not your password")
    person.axe("confirm refused")
    person.expect_refusal(422)
    page.fill("#confirm-password", password)
    page.keyboard.press("Enter")
    expect(page.locator("#secret-text")).to_contain_text("hk_live_")
    expect(page.locator("#dlg")).to_contain_text(f"Typed long ago {width}")
    page.click("#dlg .secret button")
    page.click("text=I have stored it")
    expect(page.locator("#list")).to_contain_text(f"Typed long ago {width}")


def test_confirming_works_without_scripts(visitor: Visitor, served: Served) -> None:
    email = "plain@example.com"
    password = served.add_user(email)
    person = visitor(signed=False, java_script_enabled=False)
    page = person.go("/sign-in")
    page.fill("#email", email)
    page.fill("#password", password)
    page.click("form >> text=Sign in >> nth=-1")
    person.go(f"{CREDENTIALS}/new")
    page.fill("#description", "Without scripts")
    served.forget_proofs(email)
    page.click("main [type=submit]")
    page.fill("#confirm-password", password)
    page.click("text=Confirm >> nth=-1")
    expect(page.locator("#secret-text")).to_contain_text("hk_live_")


@TWO_LOOKS
def test_ones_sessions_are_seen_and_ended(
    visitor: Visitor, served: Served, width: int, theme: str
) -> None:
    email = f"many-{width}@example.com"
    password = served.add_user(email)
    agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0"
    here = visitor(width, theme, signed=False)
    there = visitor(signed=False, user_agent=agent)
    third = visitor(signed=False)
    for person in (here, there, third):
        person.sign_in(email, password)
    page = here.go("/session/security")
    expect(page.locator("tbody tr")).to_have_count(3)
    here.axe("sessions")
    row = page.locator("tr:has-text('Firefox on macOS')")
    row.get_by_role("button").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    there.go("/messages")
    there.page.wait_for_url("**/sign-in*")
    page.click("#end-others")
    expect(page.locator("tbody tr")).to_have_count(1)
    third.go("/messages")
    third.page.wait_for_url("**/sign-in*")
    expect(here.go("/session/security").locator("tbody")).to_contain_text("This one")


def test_an_administrator_ends_sessions_and_resets_a_second_factor(
    visitor: Visitor, served: Served
) -> None:
    email = "lost@example.com"
    password = served.add_user(email, "developer")
    admin, lost = visitor(), visitor(signed=False)
    lost.sign_in(email, password)
    set_up(lost)
    page = admin.go(USERS)
    page.click(f"tr:has-text('{email}') >> a")
    page.click("#end-sessions")
    admin.axe("end sessions?")
    page.click("#dlg [type=submit]")
    expect(page.locator("#user")).to_contain_text("Not signed in to this account")
    lost.go("/messages")
    lost.page.wait_for_url("**/sign-in*")
    page.click("#reset-second-factor")
    admin.axe("reset?")
    page.click("#dlg [type=submit]")
    expect(page.locator("#reset-second-factor")).to_have_count(0)
    lost.sign_in(email, password)


def test_a_required_second_factor_is_set_up_on_the_way(visitor: Visitor, served: Served) -> None:
    served.run("accounts", "add", "Careful shop")
    password = served.add_user("careful@example.com", "owner", account="Careful shop")
    person = visitor(signed=False)
    page = person.sign_in("careful@example.com", password)
    person.go("/account")
    page.click("#edit")
    page.check("#second_factor_required")
    page.click("#dlg [type=submit]")
    page.wait_for_url("**/session/second-factor*")
    expect(page.locator("main")).to_contain_text("Careful shop requires a second factor")
    person.expect_refusal(403)  # the page behind the dialog, as it refreshed itself
    person.go("/webhooks")
    page.wait_for_url("**/session/second-factor?next=%2Fwebhooks")
    person.axe("required")
    page.click("summary")
    secret = page.inner_text("#totp-key").replace(" ", "")
    page.fill("#code", "000000")
    page.keyboard.press("Enter")
    expect(page.locator("#code-error")).to_contain_text("not the app's code")
    person.expect_refusal(422)
    page.fill("#code", code_of(secret))
    page.keyboard.press("Enter")
    page.click("text=I have stored them")
    page.wait_for_url("**/webhooks")
    shown = json.loads(served.run("users", "list", "--json", "--account=Careful shop"))
    assert [one["second_factor"] for one in shown] == [True]
