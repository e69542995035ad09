"""What the running server answers to whoever has no browser."""

import re
from collections.abc import Iterator

import httpx
import pytest

from hookline.console.routes import OPEN_PAGES, PAGES
from tests.console.conftest import EMAIL, PASSWORD, Served
from tests.console.person import CREDENTIALS

HTML = {"accept": "text/html"}


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    """The owner, signed in."""
    with served.client() as signed_in:
        sign_in(signed_in, EMAIL, PASSWORD)
        yield signed_in


def token_in(page: httpx.Response) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found
    return found[1]


def sign_in(
    client: httpx.Client, email: str, password: str, next_path: str = "/"
) -> httpx.Response:
    typed = {
        "csrf_token": token_in(client.get("/sign-in")),
        "email": email,
        "password": password,
        "next": next_path,
    }
    return client.post("/sign-in", data=typed)


def test_every_page_needs_a_session(served: Served) -> None:
    with served.client() as client:
        for page in PAGES:
            path = re.sub(r"\{[a-z]+\}", "1", page.path)
            answer = client.request(page.method, path)
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/sign-in"), path


def test_a_part_of_a_page_leads_to_sign_in_too(served: Served) -> None:
    with served.client() as client:
        answer = client.get(f"{CREDENTIALS}/new", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in"


@pytest.mark.parametrize(
    "path", ["/", CREDENTIALS, "/sign-in", "/docs/api", "/messages/msg_x", "/no"]
)
def test_every_answer_is_guarded(client: httpx.Client, path: str) -> None:
    headers = client.get(path, headers=HTML).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/", CREDENTIALS, f"{CREDENTIALS}/new", "/messages", "/phone"])
def test_pages_behind_the_door_are_never_kept(client: httpx.Client, path: str) -> None:
    for headers in ({}, {"HX-Request": "true"}):
        assert client.get(path, headers=headers).headers["cache-control"] == "no-store"


def test_the_session_cookie_is_out_of_reach_of_scripts(served: Served) -> None:
    with served.client() as client:
        cookie = sign_in(client, EMAIL, PASSWORD).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_files_are_kept_for_ever_under_their_content(client: httpx.Client) -> None:
    page = client.get("/docs/errors").text
    path = re.search(r'href="([^"]+console\.css)"', page)
    assert path
    answer = client.get(path[1], headers={"accept-encoding": "gzip"})
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    old = client.get("/console-assets/0000/console.css")
    assert old.headers["cache-control"] == "no-cache"
    assert client.get("/console-assets/0000/../../etc/passwd").status_code == 404


@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_form_without_the_token_is_refused(client: httpx.Client, token: str) -> None:
    answer = client.post(
        CREDENTIALS,
        data={"csrf_token": token, "description": "Forged", "scope": "messages:read"},
        headers=HTML,
    )
    assert answer.status_code == 403
    assert "forged_request" in answer.text
    assert "Forged" not in client.get(CREDENTIALS).text


def test_a_form_from_another_site_is_refused(client: httpx.Client) -> None:
    token = token_in(client.get("/"))
    data = {"csrf_token": token, "description": "Forged", "scope": "messages:read"}
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert client.post(CREDENTIALS, data=data, headers=headers).status_code == 403
    assert "Forged" not in client.get(CREDENTIALS).text


def test_signing_in_from_another_site_is_refused(served: Served) -> None:
    with served.client() as client:
        token = token_in(client.get("/sign-in"))
        typed = {"csrf_token": token, "email": EMAIL, "password": PASSWORD}
        headers = {"sec-fetch-site": "cross-site"}
        assert client.post("/sign-in", data=typed, headers=headers).status_code == 403
        client.cookies.clear()
        assert client.post("/sign-in", data=typed).status_code == 403


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_signing_in_never_leads_to_another_site(served: Served, target: str) -> None:
    with served.client() as client:
        assert sign_in(client, EMAIL, PASSWORD, target).headers["location"] == "/"


def test_what_people_type_is_text(client: httpx.Client) -> None:
    typed = {
        "csrf_token": token_in(client.get("/")),
        "description": '<img src=x onerror="alert(1)">',
        "mode": "live",
        "scope": "messages:read",
    }
    assert client.post(CREDENTIALS, data=typed).status_code == 200
    page = client.get(CREDENTIALS).text
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_scopes_that_a_person_lacks_are_refused_with_a_page(served: Served) -> None:
    added = served.run("users", "add", "dev@example.com", "--role=developer", "--json")
    password = re.search(r'"password":\s*"([^"]+)"', added)
    assert password
    with served.client() as client:
        sign_in(client, "dev@example.com", password[1])
        answer = client.get(f"{CREDENTIALS}/new", headers=HTML)
        assert answer.status_code == 403
        assert "credentials:write" in answer.text
        fragment = client.get(f"{CREDENTIALS}/new", headers={"HX-Request": "true"})
        assert "credentials:write" in fragment.headers["hx-trigger"]
        assert "Create New Credential" not in client.get(CREDENTIALS).text


def take_away(served: Served, email: str, scope: str) -> None:
    """A single permission of one user, over the API."""
    create = ("credentials", "create", "--description=People", "--all-scopes", "--token-only")
    headers = {"authorization": f"Bearer {served.run(*create).strip()}"}
    with served.client() as client:
        users = client.get("/v1/users", params={"limit": 100}, headers=headers).json()["data"]
        known = next(user["id"] for user in users if user["email"] == email)
        change = {"permissions": {scope: False}}
        assert client.patch(f"/v1/users/{known}", json=change, headers=headers).is_success


def test_a_person_is_forgotten_only_by_whoever_may_delete_and_send(served: Served) -> None:
    email, path = "half@example.com", "/administration/erasures"
    password = served.add_user(email)
    with served.client() as owner, served.client() as half:
        sign_in(owner, EMAIL, PASSWORD)
        sign_in(half, email, password)
        assert path in half.get("/account").text
        typed = {"csrf_token": token_in(half.get("/")), "number": "+12025550184", "confirm": "0184"}
        take_away(served, email, "messages:send")
        assert path not in half.get("/account").text
        for page in (path, f"{path}/new", f"{path}/ers_x"):
            refused = half.get(page, headers=HTML)
            assert refused.status_code == 403
            assert "messages:send" in refused.text
        assert half.post(path, data=typed, headers=HTML).status_code == 403
        assert "•84" not in owner.get(path).text


def test_unknown_addresses_speak_the_askers_language(client: httpx.Client) -> None:
    page = client.get("/nowhere", headers=HTML)
    assert page.status_code == 404
    assert page.headers["request-id"] in page.text
    problem = client.get("/nowhere", headers={"accept": "application/json"})
    assert problem.headers["content-type"] == "application/problem+json"
    assert (
        client.get("/v1/nowhere", headers=HTML).headers["content-type"]
        == "application/problem+json"
    )


def test_one_changes_ones_own_password(served: Served) -> None:
    added = served.run("users", "add", "kim@example.com", "--role=viewer", "--json")
    found = re.search(r'"password":\s*"([^"]+)"', added)
    assert found
    old, new = found[1], "quite another long password"
    with served.client() as client, served.client() as elsewhere:
        sign_in(client, "kim@example.com", old)
        sign_in(elsewhere, "kim@example.com", old)
        typed = {"csrf_token": token_in(client.get("/")), "current": "wrong", "new": new}
        assert "not your current password" in client.post("/session/password", data=typed).text
        short = client.post("/session/password", data={**typed, "current": old, "new": "short"})
        assert "at least 12" in short.text
        assert client.post("/session/password", data={**typed, "current": old}).status_code == 303
        assert client.get("/").status_code == 200
        assert elsewhere.get("/").status_code == 303
        assert sign_in(elsewhere, "kim@example.com", new).status_code == 303


def test_the_live_stream_tells_kinds_and_positions(client: httpx.Client) -> None:
    with client.stream("GET", "/live") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert [next(lines), next(lines)] == ["retry: 2000", "event: position"]


def test_the_reference_describes_this_server(client: httpx.Client) -> None:
    page = client.get("/docs/api").text
    document = client.get("/openapi.json").json()
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and "operationId" in operation:
                assert f'id="{operation["operationId"]}"' in page


ODD = (
    "%00",
    "%ff",
    "%F0%9F%92%A9",
    "a" * 3000,
    "1%27%20or%201=1",
    "msg_01kf0s3k5we8e9xg8nq3r5x8b2",
)
NAMES = ("q", "cursor", "number", "status", "direction", "next", "to", "from", "show")


@pytest.mark.parametrize("value", ODD)
def test_odd_addresses_are_never_our_fault(client: httpx.Client, value: str) -> None:
    for page in (*PAGES, *OPEN_PAGES):
        if page.method == "GET" and page.path != "/live":
            path = re.sub(r"\{[^}]+\}", value, page.path)
            query = "&".join(f"{name}={value}" for name in NAMES)
            assert client.get(f"{path}?{query}").status_code < 500, path


@pytest.mark.parametrize("text", ["", "\x00", "x" * 5_000, "\ud83d", "💩"])
def test_odd_forms_are_never_our_fault(client: httpx.Client, text: str) -> None:
    names = ("description", "text", "to", "from", "url", "reason", "events", "scope", "confirm", "number",
             "numbers")  # fmt: skip
    typed = dict.fromkeys(names, text.encode("utf-8", "surrogatepass"))
    typed["csrf_token"] = token_in(client.get("/")).encode()
    for page in PAGES:
        if page.method == "POST" and page.path not in {"/sign-out", "/session/password"}:
            path = re.sub(r"\{[a-z]+\}", "msg_01kf0s3k5we8e9xg8nq3r5x8b2", page.path)
            assert client.post(path, data=typed).status_code < 500, path


@pytest.mark.parametrize("act", ["expire-now", "extend", "cancel"])
def test_an_act_on_a_grace_that_has_ended_is_refused_in_its_dialog(
    client: httpx.Client, act: str
) -> None:
    form = {"csrf_token": token_in(client.get("/")), "description": "Still", "scope": "events:read"}
    made = client.post(CREDENTIALS, data=form)
    found = re.search(r"crd_[0-9a-z]{26}", made.headers.get("location", "") + made.text)
    assert found
    answer = client.post(f"{CREDENTIALS}/{found[0]}/rotate/{act}", data=form)
    assert answer.status_code == 422
    assert "No rotation is under way" in answer.text
