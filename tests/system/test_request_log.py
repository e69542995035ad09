"""The request log of the whole program: what is in it, what is never in it, and what ends do to it."""

from typing import Any

import httpx

from tests.system.inspection import wait_for
from tests.system.installation import TEXT, Installation
from tests.system.recipes import PHONE, SANDBOX_NUMBER

PASSWORD = "not for any log to keep"
MESSAGE = {"from": SANDBOX_NUMBER, "to": PHONE, "text": TEXT}


def client_of(installation: Installation, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=installation.url, headers=headers, timeout=20)


def row_of(client: httpx.Client, answer: httpx.Response) -> Any:
    """The logged request of an answer, once it is written."""
    path = f"/v1/requests/{answer.headers['request-id']}"
    wait_for(lambda: client.get(path).is_success)
    return client.get(path).json()


def test_what_requests_made_is_named_and_nothing_secret_is_kept(
    each_installation: Installation,
) -> None:
    installation = each_installation
    installation.start()
    token = installation.token()
    client_id = installation.json("account", "show")["client_id"]
    smpp = {"host": "127.0.0.1", "port": 9, "system_id": "x", "password": PASSWORD}
    say = [{"say": {"text": TEXT}}, {"hangup": {}}]
    with client_of(installation, token) as client:
        sent = client.post("/v1/messages", json=MESSAGE)
        batch = client.post("/v1/messages/batch", json={"messages": [MESSAGE, MESSAGE, {}]})
        call = client.post(
            "/v1/calls", json={"from": SANDBOX_NUMBER, "to": "+15005550006", "actions": say}
        )
        carrier = client.post("/v1/carriers", json={"name": "far", "kind": "smpp", "smpp": smpp})
        user = client.post(
            "/v1/users", json={"email": "a@example.com", "role": "viewer", "password": PASSWORD}
        )
        made = client.post("/v1/credentials", json={"description": "x", "scopes": ["audit:read"]})
        v3 = client.get("/api/v3/integrations/sms/webhooks", headers={"X-Client-Id": client_id})
        refused = client.get("/api/v3/integrations/sms/webhooks")
        plain = [one for one in (sent, call, carrier, user, made) if one.is_success]
        assert {sent, call, made} <= set(plain)
        for answer in plain:
            assert row_of(client, answer)["resource_ids"] == [answer.json()["id"]]
        ids = [one["message"]["id"] for one in batch.json()["data"] if one["message"]]
        assert row_of(client, batch)["resource_ids"] == ids
        assert row_of(client, v3)["route"] == "/api/v3/integrations/sms/webhooks"
        assert row_of(client, refused)["status"] == refused.status_code
        everything = "".join(
            client.get(f"/v1/requests/{one['id']}").text
            for one in client.get("/v1/requests?limit=100").json()["data"]
        )
    for secret in (TEXT, token, PASSWORD, made.json()["token"]):
        assert secret not in everything


def test_a_clean_stop_writes_what_waits(installation: Installation) -> None:
    installation.start()
    token = installation.token()
    with client_of(installation, token) as client:
        request_id = client.get("/v1/account").headers["request-id"]
    installation.stop()
    assert installation.json("requests", "show", request_id)["status"] == 200
    [shown] = installation.json("requests", "list", "--path", "/v1/account")
    assert shown["id"] == request_id
    assert "/v1/account" in installation.run("requests", "list", "--status", "2xx").stdout


def test_after_a_kill_nothing_but_the_end_of_the_log_is_missing(
    each_installation: Installation,
) -> None:
    installation = each_installation
    installation.start()
    token = installation.token()
    with client_of(installation, token) as client:
        first = client.post("/v1/messages", json=MESSAGE)
        row_of(client, first)
        last = client.post("/v1/messages", json=MESSAGE)
    installation.kill()
    installation.start()
    with client_of(installation, token) as client:
        assert client.get(f"/v1/requests/{first.headers['request-id']}").is_success
        for answer in (first, last):
            assert client.get(f"/v1/messages/{answer.json()['id']}").is_success
        today = client.get("/v1/credentials/self").json()["requests_per_day"][-1]
    assert today["requests"] >= 1
