"""Restrictions as a server keeps them that was started by its command."""

import httpx

from tests.system.installation import Installation

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
