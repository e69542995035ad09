"""Every page of the console: nobody, wrong role, foreign account, forged form, headers, valid."""

from collections.abc import Iterator

import pytest

from hookline.accounts.roles import Role, scopes_of
from hookline.console.routes import OPEN_PAGES
from hookline.console.routing import Page
from hookline.console.safety import CONTENT_SECURITY_POLICY
from tests.system.installation import Installation
from tests.system.pages import HTML, RECIPES, Person, Request, key_of, pages, signed_in
from tests.system.site import Site

NOT_NOW = {
    "POST /sign-out": "ends the session that the other requests need",
    "POST /session/account": "the owner has one account",
    "POST /carriers/{id}/test": "sends over a network: tests/console/test_browser_carriers.py",
    **{
        f"{method} /session/second-factor{act}": "tests/console/test_browser_people.py"
        for method in ("GET", "POST")
        for act in ("", "/off", "/codes")
    },
    "POST /session/sessions/{id}/end": "ends one's own: tests/accounts/test_user_access.py",
    "POST /session/password": "the owner's password is known to nobody",
    "GET /phone/{digits}/calls/{leg}/sounds/{name}": "it has played nothing yet",
}
"""Pages whose success other tests see (tests/console)."""


NOWHERE = Request(
    {"id": "x", "digits": "x", "leg": "x", "name": "x", "session": "x", "replay": "x"}
)


@pytest.fixture(scope="module")
def owner(site: Site, running: Installation) -> Iterator[Person]:
    with signed_in(running) as person:
        yield person


def test_every_page_has_a_recipe() -> None:
    assert {key_of(page) for page in pages()} == RECIPES.keys()


def test_every_page_can_succeed(site: Site, owner: Person, subtests: pytest.Subtests) -> None:
    for page in pages():
        if key_of(page) in NOT_NOW:
            continue
        with subtests.test(key_of(page)):
            answer = owner.send(page, RECIPES[key_of(page)](site.world))
            assert answer.status_code in {200, 204, 303}, answer.text[-2000:]


def test_every_page_is_guarded(site: Site, owner: Person, subtests: pytest.Subtests) -> None:
    """Also its refusals and its redirects: against framing, sniffing, and scripts from elsewhere."""
    for page in (*pages(), *OPEN_PAGES):
        if page.path == "/live":
            continue
        with subtests.test(f"{page.method} {page.path}"):
            answers = [site.client.request(page.method, _bare(page.path), headers=HTML)]
            if isinstance(page, Page):
                answers.append(owner.send(page, NOWHERE, form={}))
            for answer in answers:
                assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
                assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
                assert answer.headers["x-frame-options"] == "DENY"
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert answer.headers["referrer-policy"] == "same-origin"
                assert answer.headers["cross-origin-opener-policy"] == "same-origin"


def test_no_page_is_for_nobody(site: Site, subtests: pytest.Subtests) -> None:
    for page in pages():
        with subtests.test(key_of(page)):
            answer = site.client.request(page.method, _bare(page.path), headers=HTML)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("role", list(Role))
def test_a_role_opens_what_its_scopes_allow(
    site: Site, running: Installation, subtests: pytest.Subtests, role: Role
) -> None:
    """A page that the role may open answers as to anybody: here that nothing is there, or wrong."""
    with signed_in(running, role=role.value) as person:
        for page in pages():
            if page.path.startswith(("/session", "/sign-out", "/live")):
                continue
            with subtests.test(key_of(page)):
                answer = person.send(page, NOWHERE)
                may = page.scope is None or page.scope in scopes_of(role, {})
                assert (answer.status_code != 403) == may, answer.text[-500:]
                if not may:
                    assert str(page.scope) in answer.text


def test_another_accounts_things_are_not_there(
    site: Site, running: Installation, subtests: pytest.Subtests
) -> None:
    with signed_in(running, "--account", "Outsiders") as outsider:
        for page in pages():
            if "{id}" not in page.path and "{leg}" not in page.path:
                continue
            with subtests.test(key_of(page)):
                answer = outsider.send(page, RECIPES[key_of(page)](site.world))
                assert answer.status_code == 404, answer.text[-500:]


def test_every_form_needs_the_sessions_token(
    site: Site, owner: Person, running: Installation, subtests: pytest.Subtests
) -> None:
    with signed_in(running) as other:
        for page in pages("POST"):
            with subtests.test(key_of(page)):
                for token in ("", "wrong", other.csrf_token):
                    answer = owner.send(page, NOWHERE, form={"csrf_token": token})
                    assert answer.status_code == 403
                    assert "forged_request" in answer.text


def test_no_form_comes_from_another_site(
    site: Site, owner: Person, subtests: pytest.Subtests
) -> None:
    """With the right token too: a page of another site, or of another host of this one."""
    for page in pages("POST"):
        with subtests.test(key_of(page)):
            for headers in (
                {"sec-fetch-site": "cross-site"},
                {"sec-fetch-site": "same-site"},
                {"origin": "https://evil.example"},
                {"origin": "null"},
            ):
                answer = owner.send(page, NOWHERE, **headers)
                assert answer.status_code == 403, headers
                assert "forged_request" in answer.text


def test_no_page_changes_anything_by_being_opened(subtests: pytest.Subtests) -> None:
    """What a link or a picture of another site can do: GET. Only POST pages take forms."""
    assert {page.method for page in (*pages(), *OPEN_PAGES)} <= {"GET", "POST"}


def _bare(path: str) -> str:
    return path.replace("{", "").replace("}", "").partition(":")[0]
