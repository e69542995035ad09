"""The life of a credential, as a person lives it."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Served
from tests.console.person import CREDENTIALS, LOOKS, TWO_LOOKS, Person

pytestmark = pytest.mark.browser
Visitor = Callable[..., Person]


def status_of(served: Served, token: str) -> int:
    """How the API receives the token."""
    with served.client() as client:
        headers = {"Authorization": f"Bearer {token}"}
        return client.get("/v1/credentials/self", headers=headers).status_code


def create(person: Person, description: str) -> str:
    """Create a credential and store its token, which is returned."""
    page = person.go(CREDENTIALS + "?show=active")
    page.click("#create")
    page.fill("#description", description)
    page.click("#dlg [type=submit]")
    return store(page)


def store(page: Page) -> str:
    """Copy the revealed token and close the dialog."""
    token = page.inner_text("#secret-text")
    page.click(".secret button")
    expect(page.locator(".secret button")).to_have_text("Copied")
    page.click("text=I have stored it")
    expect(page.locator("#dlg")).to_be_hidden()
    return token


@LOOKS
def test_the_whole_life_of_a_credential(
    visitor: Visitor, served: Served, width: int, theme: str
) -> None:
    person = visitor(width, theme)
    name = f"Life {width} {theme}"
    page = person.go("/administration/integrations")
    person.axe("integrations")
    page.click("main >> text=Config")
    page.wait_for_url(f"**{CREDENTIALS}")

    page.click("#create")
    person.axe("create")
    page.fill("#description", name)
    page.click("#dlg [type=submit]")
    page.wait_for_selector("#secret-text")
    person.axe("reveal")
    first = store(page)
    person.axe("list")
    assert status_of(served, first) == 200

    page.click(f'[aria-label="Rotate {name}"]')
    expect(page.locator('[value="86400"]')).to_be_checked()
    person.axe("rotate")
    page.click("text=Do not keep it")
    page.click("#dlg >> text=Continue")
    second = store(page)
    assert (status_of(served, first), status_of(served, second)) == (401, 200)

    page.click(f'[aria-label="More actions for {name}"]')
    person.axe("menu")
    page.click(".menu:popover-open >> text=Rotate Credential Now")
    expect(page.locator("#dlg")).to_contain_text("401")
    person.axe("rotate now")
    page.fill("#reason", "Found in a log")
    page.click("#dlg >> text=Continue")
    third = store(page)
    assert (status_of(served, second), status_of(served, third)) == (401, 200)

    page.click(f'[aria-label="More actions for {name}"]')
    page.click(".menu:popover-open >> text=Delete")
    expect(page.locator("#dlg [type=submit]")).to_be_disabled()
    person.axe("delete")
    page.fill("#confirm", third[-4:])
    page.click("#dlg [type=submit]")
    expect(page.locator("#dlg")).to_be_hidden()
    expect(page.locator("#rows")).not_to_contain_text(name)
    assert status_of(served, third) == 401

    page.click("text=Revoked >> nth=0")
    expect(page.locator("#rows")).to_contain_text(name)
    person.axe("revoked")


@LOOKS
def test_a_rotation_with_a_grace(visitor: Visitor, served: Served, width: int, theme: str) -> None:
    """Two tokens at once, what tells them apart, and each of the three ways out."""
    person = visitor(width, theme)
    name = f"Grace {width} {theme}"
    first = create(person, name)
    page = person.page
    page.click(f'#rows a:has-text("{name}")')
    page.click("#rotate")
    page.check("text=7 days")
    page.check("text=End it earlier")
    page.click("#dlg >> text=Continue")
    expect(page.locator("#dlg")).to_contain_text("The old token works until")
    person.axe("reveal with a grace")
    second = store(page)
    expect(page.locator("#grace")).to_contain_text("1 hour after the new one is first used")
    assert (status_of(served, first), status_of(served, second)) == (200, 200)

    page.click("#extend")
    person.axe("extend")
    page.click("#dlg [type=submit]")
    expect(page.locator("#extend")).to_have_count(0)
    expect(page.locator("#grace")).not_to_contain_text("first used")
    person.axe("detail while rotating")

    page.click("#rotate")
    expect(page.locator("#dlg [type=radio]")).to_have_count(1)
    expect(page.locator("#dlg")).to_contain_text("ends both tokens")
    person.axe("rotate while rotating")
    page.click("#dlg >> text=Cancel")

    page.click("#cancel")
    person.axe("cancel")
    page.click("#dlg [type=submit]")
    expect(page.locator("#grace")).to_have_count(0)
    assert (status_of(served, first), status_of(served, second)) == (200, 401)

    page.click("#rotate")
    page.click("#dlg >> text=Continue")
    third = store(page)
    page = person.go(CREDENTIALS + "?show=rotating")
    expect(page.locator("#rows")).to_contain_text(name)
    person.axe("rotating ones")
    page.click(f'#rows a:has-text("{name}")')
    page.click("#expire-now")
    person.axe("expire now")
    page.click("#dlg [type=submit]")
    expect(page.locator("#grace")).to_have_count(0)
    assert (status_of(served, first), status_of(served, third)) == (401, 200)
    expect(page.locator("main")).to_contain_text("Rotated out")
    person.axe("detail with tokens")


@pytest.mark.parametrize("show", ["attention", "rotating", "revoked"])
def test_each_part_of_the_list_is_there(visitor: Visitor, show: str) -> None:
    person = visitor()
    page = person.go(f"{CREDENTIALS}?show={show}")
    expect(page.locator('.seg [aria-current="page"]')).to_have_attribute(
        "href", f"{CREDENTIALS}?show={show}"
    )
    person.axe(show)


@TWO_LOOKS
def test_the_policy_is_changed(visitor: Visitor, served: Served, width: int, theme: str) -> None:
    person = visitor(width, theme)
    page = person.go(CREDENTIALS)
    page.click("#policy")
    expect(page.locator("#dlg")).to_contain_text("no e-mail is sent")
    person.axe("policy")
    page.fill("#disable_idle_after_days", "3")
    page.click("#dlg [type=submit]")
    expect(page.locator("#disable_idle_after_days-error")).to_be_visible()
    person.expect_refusal(422)
    page.fill("#disable_idle_after_days", "400")
    page.click("#dlg [type=submit]")
    expect(page.locator("#dlg")).to_be_hidden()
    page.click("#policy")
    expect(page.locator("#disable_idle_after_days")).to_have_value("400")


def test_a_credential_is_created_with_an_expiry(visitor: Visitor) -> None:
    person = visitor()
    page = person.go(CREDENTIALS)
    page.click("#create")
    page.fill("#description", "Short-lived")
    page.select_option("#expires_in_days", "7")
    page.click("#dlg [type=submit]")
    store(page)
    page = person.go(f"{CREDENTIALS}?show=attention")
    expect(page.locator("#rows")).to_contain_text("Short-lived")
    person.axe("expires soon")
    page.click('#rows a:has-text("Short-lived")')
    expect(page.locator("main")).to_contain_text("Give it a new expiry")
    person.axe("detail of one that expires soon")


def test_a_leaked_token_needs_a_reason_to_be_rotated_now(visitor: Visitor, served: Served) -> None:
    person = visitor()
    token = create(person, "Leaked")
    page = person.page
    page.click('[aria-label="More actions for Leaked"]')
    page.click(".menu:popover-open >> text=Rotate Credential Now")
    page.locator("#reason").evaluate("field => field.removeAttribute('required')")
    page.click("#dlg >> text=Continue")
    expect(page.locator("#reason-error")).to_be_visible()
    person.expect_refusal(422)
    assert status_of(served, token) == 200


def test_a_token_is_revealed_once(visitor: Visitor) -> None:
    person = visitor()
    page = person.go(CREDENTIALS)
    page.click("#create")
    page.fill("#description", "Revealed once")
    page.click("#dlg [type=submit]")
    token = page.inner_text("#secret-text")
    expect(page.locator(".secret button")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("#dlg")).to_be_visible()
    store(page)
    assert token not in page.content()
    page.reload()
    assert token not in page.content()
    assert page.evaluate("navigator.clipboard.readText()") == token


def test_a_credential_can_be_made_with_the_keyboard_alone(visitor: Visitor) -> None:
    person = visitor()
    page = person.go(CREDENTIALS)
    expect(page.locator("#create")).to_be_visible()
    page.keyboard.press("c")
    expect(page.locator("#description")).to_be_focused()
    page.keyboard.type("Keyboard only")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".secret button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".secret button")).to_have_text("Copied")
    page.keyboard.press("Escape")
    expect(page.locator("#dlg")).to_be_hidden()
    expect(page.locator("#create")).to_be_focused()
    expect(page.locator("#rows")).to_contain_text("Keyboard only")


def test_a_refused_form_keeps_what_was_typed_and_says_why(visitor: Visitor) -> None:
    person = visitor()
    page = person.go(CREDENTIALS)
    page.click("#create")
    page.click("text=Read only")
    page.click("#dlg [type=submit]")
    expect(page.locator("#description-error")).to_be_visible()
    person.expect_refusal(422)
    person.axe("refused")
    expect(page.locator('[value="messages:send"]')).not_to_be_checked()
    expect(page.locator("#description")).to_have_attribute("aria-invalid", "true")


def test_description_and_scopes_can_be_edited(visitor: Visitor, served: Served) -> None:
    person = visitor()
    token = create(person, "Before")
    person.page.click('[aria-label="More actions for Before"]')
    person.page.click("text=Edit description and scopes")
    person.axe("edit")
    person.page.fill("#description", "After")
    person.page.uncheck('[value="messages:send"]')
    person.page.click("#dlg [type=submit]")
    expect(person.page.locator("#rows")).to_contain_text("After")
    with served.client() as client:
        shown = client.get("/v1/credentials/self", headers={"Authorization": f"Bearer {token}"})
    assert "messages:send" not in shown.json()["scopes"]


def test_the_list_is_filtered_while_typing(visitor: Visitor) -> None:
    person = visitor()
    create(person, "Needle")
    create(person, "Haystack")
    page = person.go(CREDENTIALS)
    page.keyboard.press("/")
    page.keyboard.type("needl")
    expect(page.locator("#rows")).not_to_contain_text("Haystack")
    expect(page.locator("#rows")).to_contain_text("Needle")
    page.fill("#filter", "no such thing")
    expect(page.locator("#rows")).to_contain_text("No credential matches")


def test_a_credential_is_made_without_scripts(visitor: Visitor) -> None:
    person = visitor(java_script_enabled=False)
    page = person.go(CREDENTIALS)
    page.click("#create")
    page.fill("#description", "No scripts")
    page.click("[type=submit] >> text=Create")
    assert page.inner_text("#secret-text").startswith("hk_live_")
    page.click("text=I have stored it")
    expect(page.locator("#rows")).to_contain_text("No scripts")


def test_who_may_only_read_sees_no_actions_and_why(visitor: Visitor, served: Served) -> None:
    added = json.loads(served.run("users", "add", "viewer@example.com", "--role=viewer", "--json"))
    person = visitor(signed=False)
    page = person.go("/sign-in?next=" + CREDENTIALS)
    page.fill("#email", "viewer@example.com")
    page.fill("#password", added["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{CREDENTIALS}")
    expect(page.locator("main")).to_contain_text("credentials:write")
    expect(page.locator("#create")).to_have_count(0)
    person.axe("viewer")


def test_a_disabled_credential_is_enabled(visitor: Visitor, served: Served) -> None:
    person = visitor()
    token = create(person, "Idle for long")
    with closing(sqlite3.connect(served.data_dir / "hookline.db")) as database, database:
        name = ("Idle for long",)  # as if the time had passed
        change = "SET status = ? WHERE description = ?"
        database.execute(f"UPDATE credentials {change}", ("disabled_idle", *name))
        database.execute(f"UPDATE credential_tokens {change}", ("disabled", *name))
    assert status_of(served, token) == 401
    page = person.go(f"{CREDENTIALS}?show=attention")
    page.click('#rows a:has-text("Idle for long")')
    person.axe("disabled")
    page.click("#enable")
    expect(page.locator("#enable")).to_have_count(0)
    assert status_of(served, token) == 200
