"""Restrictions as a server keeps them that was started by its command."""

import httpx

from tests.system.installation import Installation
from tests.system.recipes import ANSWERS_AT_ONCE, call_body

OFFICE = "203.0.113.7"
CREATE = ("credentials", "create", "--description", "Bound", "--scope", "webhooks:read")


def test_a_claimed_address_opens_nothing(desk: Installation) -> None:
    """Nobody is a trusted proxy here, the peer on loopback neither."""
    token = desk.json(*CREATE, "--allowed-ip", f"{OFFICE}/32")["token"]
    client_id = desk.json("account", "show")["client_id"]
    headers = {"Authorization": f"Bearer {token}", "X-Client-Id": client_id}
    for path in ("/v1/credentials/self", "/v1/webhooks", "/api/v3/calls/webhooks"):
        for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
            answer = httpx.get(desk.url + path, headers={**headers, name: OFFICE})
            assert answer.status_code == 403
    assert answer.json()["status"] == "error"


def test_the_bare_route_of_calls_keeps_them(desk: Installation) -> None:
    """A call is placed past the framework (ADR-0005); what holds its credential holds there, too."""
    scope = ("--description", "Dialler", "--scope", "calls:create")
    held = ("--allowed-country", "US", "--daily-call-cap", "1")
    token = desk.json("credentials", "create", *scope, *held)["token"]
    headers = {"Authorization": f"Bearer {token}"}
    codes = []
    for to in ("+442079460000", ANSWERS_AT_ONCE, ANSWERS_AT_ONCE):
        body = call_body(to=to)
        answer = httpx.post(f"{desk.url}/v1/calls", json=body, headers=headers)
        codes.append((answer.status_code, answer.json().get("code")))
    assert codes == [(403, "country_not_allowed"), (202, None), (429, "daily_call_cap_reached")]
