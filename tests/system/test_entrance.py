"""The way in: no cookie that somebody else chose, no answer that tells who exists, no way out."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.system.installation import Installation
from tests.system.pages import HTML
from tests.system.people import token_in

EMAIL, PASSWORD = "admin@example.com", "a password of five words"
SESSION = "hookline_session"


@pytest.fixture
def door(installation: Installation) -> Installation:
    installation.environment |= {
        "HOOKLINE_ADMIN_EMAIL": EMAIL,
        "HOOKLINE_ADMIN_PASSWORD": PASSWORD,
    }
    installation.start()
    return installation


@pytest.fixture
def client(door: Installation) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=door.url, timeout=30) as made:
        yield made


def enter(
    client: httpx.Client, email: str = EMAIL, password: str = PASSWORD, **more: str
) -> httpx.Response:
    headers = {"x-forwarded-for": more.pop("via")} if "via" in more else {}
    typed = {"csrf_token": token_in(client.get("/sign-in")), "email": email, "password": password}
    return client.post("/sign-in", data={**typed, "next": "/", **more}, headers={**HTML, **headers})


def session_of(client: httpx.Client) -> tuple[str, str]:
    [found] = [(one.name, str(one.value)) for one in client.cookies.jar if "session" in one.name]
    return found


def is_in(client: httpx.Client) -> bool:
    return client.get("/messages").status_code == 200


def test_a_session_that_somebody_else_chose_is_never_taken_over(client: httpx.Client) -> None:
    """Fixation: the cookie from before the sign-in opens nothing after it."""
    enter(client)
    name, _ = session_of(client)
    client.cookies.clear()
    client.cookies.set(name, "chosen-by-somebody-else-000000000000000000000")
    assert not is_in(client)
    enter(client)
    values = {str(one.value) for one in client.cookies.jar if one.name == name}
    assert len(values - {"chosen-by-somebody-else-000000000000000000000"}) == 1
    with httpx.Client(
        base_url=client.base_url, cookies={name: "chosen-by-somebody-else-000000000000000000000"}
    ) as thief:
        assert not is_in(thief)


def test_a_form_token_from_before_the_sign_in_is_worth_nothing_after(client: httpx.Client) -> None:
    before = token_in(client.get("/sign-in"))
    enter(client)
    answer = client.post("/account/edit", data={"csrf_token": before, "name": "X"}, headers=HTML)
    assert answer.status_code == 403


def test_each_sign_in_has_a_session_of_its_own(client: httpx.Client) -> None:
    enter(client)
    first = session_of(client)
    client.cookies.clear()
    enter(client)
    assert session_of(client) != first


def test_a_session_that_was_signed_out_is_over_on_the_server(client: httpx.Client) -> None:
    enter(client)
    name, value = session_of(client)
    token = token_in(client.get("/session/password"))
    assert client.post("/sign-out", data={"csrf_token": token}).status_code == 303
    with httpx.Client(base_url=client.base_url, cookies={name: value}) as kept:
        assert not is_in(kept)


def test_nobody_learns_who_exists(client: httpx.Client) -> None:
    """The same status, headers and page, but for what is different in every answer."""

    def told(email: str) -> tuple[int, str]:
        answer = enter(client, email, "quite the wrong one")
        page = re.sub(r'(csrf_token" value=|data-request-id=)"[^"]*"', "", answer.text)
        return answer.status_code, page.replace(email, "").replace(answer.headers["request-id"], "")

    assert told(EMAIL) == told("nobody@example.com")


def test_claiming_other_addresses_is_no_way_around_the_throttle(client: httpx.Client) -> None:
    statuses = [
        enter(client, "kim@example.com", "a wrong password", via=f"203.0.113.{n}").status_code
        for n in range(12)
    ]
    assert statuses[-1] == 429
    assert enter(client, "kim@example.com", "a wrong password").status_code == 429


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example",
        "\\\\evil.example", "javascript:alert(1)", "/%0d%0aLocation:evil", " //evil.example",
    ],
)  # fmt: skip
def test_no_address_leads_to_another_site(client: httpx.Client, target: str) -> None:
    """By the parameter at sign-in, and by that of the switch between live and test."""
    answer = enter(client, next=target)
    leads = [answer.headers["location"]]
    token = token_in(client.get("/session/password"))
    switched = {"csrf_token": token, "mode": "test", "next": target}
    leads.append(client.post("/session/mode", data=switched).headers["location"])
    leads.append(client.get("/find", params={"q": target}).headers.get("location", "/"))
    for lead in leads:
        assert re.match(r"/(?![/\\])[^\\\s]*\Z", lead), lead
        assert "evil" not in lead or lead.startswith("/%0d%0a")


def test_password_fields_are_masked_and_take_what_managers_paste(client: httpx.Client) -> None:
    pages = [client.get("/sign-in").text]
    enter(client)
    pages.append(client.get("/session/password").text)
    fields = [
        one
        for page in pages
        for one in re.findall(r'<input[^>]*name="(?:password|current|new)"[^>]*>', page)
    ]
    assert len(fields) >= 3
    for field in fields:
        assert 'type="password"' in field
        assert re.search(r'autocomplete="(current|new)-password"', field)
        assert "onpaste" not in field
