"""Proving again who one is before secrets and rights are touched, without a browser's help."""

import html
import re
from collections.abc import Iterator

import httpx
import pytest

from hookline.console.routes import PAGES
from tests.console.conftest import Served
from tests.console.person import CREDENTIALS
from tests.console.test_pages import HTML, sign_in, token_in

EMAIL = "late@example.com"
HTMX = {"HX-Request": "true"}
GUARDED = {
    ("POST", CREDENTIALS),
    ("POST", f"{CREDENTIALS}/{{id}}/edit"),
    ("POST", f"{CREDENTIALS}/{{id}}/rotate"),
    ("POST", f"{CREDENTIALS}/{{id}}/rotate-now"),
    ("POST", "/webhooks"),
    ("GET", "/webhooks/{id}/secret"),
    ("POST", "/webhooks/{id}/rotate-secret"),
    ("POST", "/account/edit"),
    ("POST", "/administration/erasures"),
    ("POST", "/session/password"),
    ("GET", "/session/second-factor"),
    ("POST", "/session/second-factor"),
    ("POST", "/session/second-factor/off"),
    ("POST", "/session/second-factor/codes"),
    ("POST", "/administration/users/invite"),
    ("POST", "/administration/users/invitations/{id}/resend"),
    ("POST", "/administration/users/{id}/edit"),
    ("POST", "/administration/users/{id}/disable"),
    ("POST", "/administration/users/{id}/enable"),
    ("POST", "/administration/users/{id}/remove"),
    ("POST", "/administration/users/{id}/reset-second-factor"),
}
"""What makes or shows secrets, changes how people get in and what they may do, or destroys at large."""


@pytest.fixture(scope="module")
def password(served: Served) -> str:
    return served.add_user(EMAIL, "admin")


@pytest.fixture
def client(served: Served, password: str) -> Iterator[httpx.Client]:
    """Somebody who signed in long ago."""
    with served.client() as signed_in:
        sign_in(signed_in, EMAIL, password)
        served.forget_proofs(EMAIL)
        yield signed_in


def wanted(client: httpx.Client, **changes: str) -> dict[str, str]:
    typed = {"description": "Late one", "mode": "live", "scope": "messages:read"}
    return {"csrf_token": token_in(client.get("/")), **typed, **changes}


def kept_in(page: httpx.Response) -> str:
    found = re.search(r'name="kept" value="([^"]+)"', page.text)
    assert found, page.text
    return html.unescape(found[1])


def proof(page: httpx.Response, password: str) -> dict[str, str]:
    return {"csrf_token": token_in(page), "kept": kept_in(page), "password": password}


def test_every_page_that_touches_secrets_or_rights_asks() -> None:
    assert {(page.method, page.path) for page in PAGES if page.recent} == GUARDED


def test_nothing_is_done_before_the_proof_and_all_of_it_after(
    client: httpx.Client, password: str
) -> None:
    asked = client.post(CREDENTIALS, data=wanted(client, description="Kept as typed"))
    assert "Confirm that it is you" in asked.text
    assert "Kept as typed" not in client.get(CREDENTIALS).text
    done = client.post("/session/confirm", data=proof(asked, password))
    assert re.search(r"hk_live_\w{49}", done.text)
    assert "Kept as typed" in client.get(CREDENTIALS).text


def test_what_was_typed_does_not_stand_in_the_page(client: httpx.Client) -> None:
    typed = {**wanted(client), "current": "the old secret", "new": "the new secret of mine"}
    asked = client.post("/session/password", data=typed)
    assert "Confirm that it is you" in asked.text
    assert "secret" not in asked.text
    assert asked.headers["cache-control"] == "no-store"


def test_the_session_goes_on_under_another_cookie(
    client: httpx.Client, served: Served, password: str
) -> None:
    before = dict(client.cookies)
    asked = client.get("/session/second-factor")
    done = client.post("/session/confirm", data=proof(asked, password))
    assert "Set up a second factor" in done.text
    assert client.get("/").status_code == 200
    with served.client() as thief:
        thief.cookies.update(before)
        assert thief.get("/").status_code == 303
    assert "Set up a second factor" in client.get("/session/second-factor").text


def test_a_wrong_password_is_refused_and_keeps_what_was_typed(
    client: httpx.Client, password: str
) -> None:
    asked = client.post(CREDENTIALS, data=wanted(client, description="Second try"))
    wrong = client.post("/session/confirm", data=proof(asked, "not my password"))
    assert wrong.status_code == 422
    assert "This is not your password" in wrong.text
    done = client.post("/session/confirm", data=proof(wrong, password))
    assert "hk_live_" in done.text


def test_what_was_wrong_with_the_form_is_told_after_the_proof(
    client: httpx.Client, password: str
) -> None:
    asked = client.post(CREDENTIALS, data=wanted(client, description=""), headers=HTMX)
    assert asked.headers["hx-retarget"] == "#dlg"
    done = client.post("/session/confirm", data=proof(asked, password), headers=HTMX)
    assert done.status_code == 422
    assert 'id="description"' in done.text
    # The session is renewed all the same: the next try asks nothing.
    again = client.post(CREDENTIALS, data=wanted(client), headers=HTMX)
    assert "hk_live_" in again.text


def test_a_form_kept_by_another_session_is_refused(
    client: httpx.Client, served: Served, password: str
) -> None:
    with served.client() as other:
        sign_in(other, EMAIL, password)
        served.forget_proofs(EMAIL)
        theirs = kept_in(other.post(CREDENTIALS, data=wanted(other)))
    asked = client.post(CREDENTIALS, data=wanted(client))
    for kept in (theirs, "x", ""):
        typed = {**proof(asked, password), "kept": kept}
        answer = client.post("/session/confirm", data=typed, headers=HTML)
        assert answer.status_code == 409
        assert "form_too_old" in answer.text


def test_a_forged_confirmation_is_refused(client: httpx.Client, password: str) -> None:
    asked = client.post(CREDENTIALS, data=wanted(client))
    typed = {**proof(asked, password), "csrf_token": "wrong"}
    assert client.post("/session/confirm", data=typed).status_code == 403


def test_rights_are_checked_before_the_question_and_after_it(
    client: httpx.Client, served: Served, password: str
) -> None:
    email = "demoted@example.com"
    own = served.add_user(email, "admin")
    with served.client() as later:
        sign_in(later, email, own)
        served.forget_proofs(email)
        asked = later.post(CREDENTIALS, data=wanted(later))
        served.run("users", "change", email, "--role=viewer")
        assert later.post("/session/confirm", data=proof(asked, own)).status_code == 403
        assert later.post(CREDENTIALS, data=wanted(later)).status_code == 403
