"""Signing in with a second factor, invitations, and what attackers try, without a browser."""

import html
import json
import re

import httpx
import pyotp
import pytest

from hookline.clock import SystemClock
from tests.console.conftest import EMAIL, PASSWORD, Served
from tests.console.test_pages import HTML, sign_in, token_in

FACTOR = "/session/second-factor"


def set_up(client: httpx.Client) -> str:
    """Turn the second factor on; its secret."""
    page = client.get(FACTOR)
    found = re.search(r'id="totp-key">([A-Z2-7 ]+)<', page.text)
    sealed = re.search(r'name="sealed" value="([^"]+)"', page.text)
    assert found
    assert sealed
    secret = found[1].replace(" ", "")
    code = pyotp.TOTP(secret).now()
    typed = {"csrf_token": token_in(page), "sealed": html.unescape(sealed[1]), "code": code}
    turned = client.post(FACTOR, data=typed)
    assert "Keep them apart" in turned.text, turned.text
    return secret


def next_code(secret: str) -> str:
    """A code that was not used yet: the app's next one counts already."""
    totp = pyotp.TOTP(secret)
    return totp.at(SystemClock().now_ms() // 1_000 + 30)


def give(client: httpx.Client, code: str, next_path: str = "/") -> httpx.Response:
    page = client.get("/sign-in/code")
    typed = {"csrf_token": token_in(page), "code": code, "next": next_path}
    return client.post("/sign-in/code", data=typed)


@pytest.fixture(scope="module")
def guarded(served: Served) -> tuple[str, str, str]:
    """Somebody with a second factor: address, password, secret."""
    email = "guarded@example.com"
    password = served.add_user(email)
    with served.client() as client:
        sign_in(client, email, password)
        return email, password, set_up(client)


def test_the_password_alone_opens_nothing(served: Served, guarded: tuple[str, str, str]) -> None:
    email, password, _ = guarded
    with served.client() as client:
        answer = sign_in(client, email, password, "/messages?status=sent")
        assert answer.headers["location"] == "/sign-in/code?next=%2Fmessages%3Fstatus%3Dsent"
        for path in ("/", "/account", FACTOR, "/live"):
            assert client.get(path).headers["location"].startswith("/sign-in"), path


def test_a_wrong_code_is_told_in_words(served: Served, guarded: tuple[str, str, str]) -> None:
    email, password, _ = guarded
    with served.client() as client:
        sign_in(client, email, password)
        refused = give(client, "000000")
        assert refused.status_code == 401
        assert "wrong, or was used before" in refused.text


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_the_code_never_leads_to_another_site(served: Served, target: str) -> None:
    email = f"away-{abs(hash(target))}@example.com"
    password = served.add_user(email)
    with served.client() as client:
        sign_in(client, email, password)
        secret = set_up(client)
    with served.client() as client:
        answer = sign_in(client, email, password, target)
        assert answer.headers["location"] == "/sign-in/code?next=%2F"
        assert give(client, next_code(secret), target).headers["location"] == "/"


def test_without_a_password_first_there_is_nothing_to_give_a_code_for(served: Served) -> None:
    with served.client() as client:
        assert client.get("/sign-in/code").headers["location"] == "/sign-in"
        typed = {"csrf_token": token_in(client.get("/sign-in")), "code": "123456"}
        refused = client.post("/sign-in/code", data=typed)
        assert refused.status_code == 401
        assert "Begin again" in refused.text


def test_a_session_that_somebody_planted_is_not_taken_over(served: Served) -> None:
    """Fixation: signing in begins a session under a new token, and the one before ends."""
    with served.client() as attacker, served.client() as victim:
        sign_in(attacker, EMAIL, PASSWORD)
        planted = attacker.cookies["hookline_session"]
        typed = {
            "csrf_token": token_in(victim.get("/sign-in")), "email": EMAIL, "password": PASSWORD
        }  # fmt: skip
        form = victim.cookies["hookline_form"]
        cookie = f"hookline_form={form}; hookline_session={planted}"
        answer = victim.post("/sign-in", data=typed, headers={"cookie": cookie})
        given = re.search(r"hookline_session=([^;]+)", answer.headers["set-cookie"])
        assert given
        assert given[1] != planted
        assert attacker.get("/").status_code == 303


def test_switching_accounts_changes_the_cookie(served: Served) -> None:
    served.run("accounts", "add", "Third shop")
    password = served.add_user("moving@example.com")
    served.run("users", "add", "moving@example.com", "--account=Third shop", "--role=viewer")
    with served.client() as client:
        sign_in(client, "moving@example.com", password)
        page, before = client.get("/"), dict(client.cookies)
        other = re.findall(r'name="account_id" value="(acc_\w+)"', page.text)
        here = re.search(r'data-live-key="(acc_\w+):', page.text)
        assert here
        chosen = next(one for one in other if one != here[1])
        typed = {"csrf_token": token_in(page), "account_id": chosen}
        assert client.post("/session/account", data=typed).status_code == 303
        assert client.get("/").status_code == 200
    with served.client() as thief:
        thief.cookies.update(before)
        assert thief.get("/").status_code == 303


def test_a_disabled_user_is_refused_like_a_wrong_password(served: Served) -> None:
    password = served.add_user("gone@example.com")
    with served.client() as client:
        sign_in(client, "gone@example.com", password)
        served.run("users", "change", "gone@example.com", "--disable")
        assert client.get("/").status_code == 303
        disabled = sign_in(client, "gone@example.com", password)
        unknown = sign_in(client, "nobody@example.com", password)
    words = [re.search(r'role="alert">(.*?)</div>', one.text) for one in (disabled, unknown)]
    assert words[0]
    assert words[1]
    assert (disabled.status_code, words[0][1]) == (unknown.status_code, words[1][1])


def test_an_invitation_by_command_line_is_accepted(served: Served) -> None:
    made = json.loads(served.run("users", "invite", "cli@example.com", "--role=viewer", "--json"))
    path = "/join/" + made["link"].rpartition("/")[2]
    with served.client() as client:
        page = client.get(path)
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "same-origin"
        typed = {"csrf_token": token_in(page), "name": "Cleo", "password": "short"}
        assert "at least 12" in client.post(path, data=typed).text
        typed["password"] = "an entirely new password"
        assert client.post(path, data=typed).status_code == 303
        assert "Cleo" in client.get("/").text
        ended = client.get(path, headers=HTML)
        assert ended.status_code == 404
        assert "invitation_ended" in ended.text


def test_a_known_person_signs_in_to_join(served: Served) -> None:
    served.run("accounts", "add", "Fourth shop")
    password = served.add_user("both-sides@example.com", "viewer")
    invited = served.run(
        "users", "invite", "both-sides@example.com", "--account=Fourth shop", "--json"
    )
    path = "/join/" + json.loads(invited)["link"].rpartition("/")[2]
    with served.client() as client:
        page = client.get(path)
        assert 'name="password"' not in page.text
        assert f"/sign-in?next={path.replace('/', '%2F')}" in page.text
        sign_in(client, "both-sides@example.com", password, path)
        typed = {"csrf_token": token_in(client.get(path))}
        assert client.post(path, data=typed).status_code == 303
        assert "Fourth shop" in client.get("/").text


def test_nobody_joins_as_somebody_else_or_without_the_form(served: Served) -> None:
    made = json.loads(served.run("users", "invite", "not-you@example.com", "--json"))
    path = "/join/" + made["link"].rpartition("/")[2]
    with served.client() as client:
        assert client.post(path, data={"password": "x" * 20}).status_code == 403
        sign_in(client, EMAIL, PASSWORD)
        page = client.get(path)
        assert "You are signed in as admin@example.com" in page.text
        assert 'name="password"' not in page.text


def test_whoever_must_set_up_a_second_factor_does_nothing_else(served: Served) -> None:
    served.run("accounts", "add", "Strict shop")
    password = served.add_user("strict@example.com", "owner", account="Strict shop")
    served.run("account", "second-factor", "--require", "--account=Strict shop")
    with served.client() as client:
        sign_in(client, "strict@example.com", password)
        led = client.get("/messages?status=sent")
        assert led.headers["location"] == f"{FACTOR}?next=%2Fmessages%3Fstatus%3Dsent"
        part = client.get("/messages/new", headers={"HX-Request": "true"})
        assert (part.status_code, part.headers["hx-redirect"]) == (403, FACTOR)
        token = token_in(client.get(FACTOR))
        typed = {"csrf_token": token, "description": "x", "scope": "messages:read"}
        made = client.post("/administration/integrations/config/credentials", data=typed)
        assert made.headers["location"] == FACTOR
        secret = set_up(client)
        assert client.get("/messages").status_code == 200
        refused = client.post(f"{FACTOR}/off", data={"csrf_token": token_in(client.get("/"))})
        assert refused.status_code == 422
        assert "Strict shop requires a second factor" in refused.text
    served.run("users", "reset-second-factor", "strict@example.com")
    with served.client() as client:
        sign_in(client, "strict@example.com", password)
        assert client.get("/").headers["location"] == FACTOR
    assert secret
