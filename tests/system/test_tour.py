"""What the mission asks for, end to end: the v3 curl, scoped tokens, and signed webhooks."""

import asyncio
import shlex
import subprocess
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests.system.installation import TEXT, Installation
from tests.system.receiver import Receiver, Request
from tests.system.recipes import PHONE, SANDBOX_NUMBER, send_body
from tests.system.site import Site

SMS_WEBHOOKS = "/api/v3/integrations/sms/webhooks"
CALL_WEBHOOKS = "/api/v3/calls/webhooks"
REFUSED_NUMBER = "+15005550002"
CURL = """
curl --silent --include --request GET '{url}/api/v3/integrations/sms/webhooks'
 --header 'Authorization: Bearer {token}'
 --header 'X-Client-Id: {client_id}'
"""


@pytest.fixture(scope="session")
def client_id(running: Installation) -> str:
    return str(running.json("account", "show")["client_id"])


def v3_headers(token: str, client_id: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "X-Client-Id": client_id}


def verified(request: Request, secret: str) -> Any:
    """The body, if the official library finds the signature right."""
    return Webhook(secret).verify(request.body, request.headers)


# --- the v3 curl of the mission -------------------------------------------------------------------


def test_the_missions_curl_retrieves_the_sms_webhook(
    site: Site, running: Installation, client_id: str
) -> None:
    token = site.world.credential("webhooks:read")["token"]
    line = CURL.format(url=running.url, token=token, client_id=client_id)
    shown = subprocess.run(
        shlex.split(line), capture_output=True, text=True, check=True, timeout=30
    ).stdout
    head, _, body = shown.partition("\n\n")
    assert head.startswith("HTTP/1.1 200")
    assert '"status":"success"' in body
    assert '"message":"Webhook retrieved successfully"' in body


@pytest.mark.parametrize("path", [SMS_WEBHOOKS, CALL_WEBHOOKS])
def test_the_webhook_is_null_until_it_is_set(site: Site, client_id: str, path: str) -> None:
    scopes = ["webhooks:read", "webhooks:write", "messages:read", "calls:read"]
    token = site.world.credential(*scopes, mode="test")["token"]
    headers = v3_headers(token, client_id)
    set_with = "PUT" if path == SMS_WEBHOOKS else "POST"
    before = site.client.get(path, headers=headers).json()
    url = "https://127.0.0.1/hook"
    changed = site.client.request(set_with, path, headers=headers, json={"url": url})
    after = site.client.get(path, headers=headers).json()
    site.client.request(set_with, path, headers=headers, json={"url": url + "/2"})
    again = site.client.get(path, headers=headers).json()
    assert before == success(None, "Webhook retrieved successfully")
    assert (changed.status_code, changed.json()) == (
        200,
        success(url, "Webhook updated successfully"),
    )
    assert after == success(url, "Webhook retrieved successfully")
    assert again["data"]["url"] == url + "/2"


def success(url: str | None, text: str) -> dict[str, object]:
    return {"status": "success", "data": {"url": url}, "message": text}


def test_tokens_that_are_wrong_rotated_or_deleted_are_401(site: Site, client_id: str) -> None:
    rotated, deleted = (site.world.credential("webhooks:read") for _ in range(2))
    site.world.client.post(f"/v1/credentials/{rotated['id']}/rotate").raise_for_status()
    site.world.client.delete(f"/v1/credentials/{deleted['id']}").raise_for_status()
    for token in (rotated["token"], deleted["token"], rotated["token"][:-1] + "0", "nonsense"):
        for path in (SMS_WEBHOOKS, "/v1/messages"):
            answer = site.client.get(path, headers=v3_headers(token, client_id))
            assert answer.status_code == 401, (path, answer.text)
            challenge = answer.headers["www-authenticate"]
            assert challenge.startswith('Bearer realm="hookline", error="invalid_token"')


def test_v3_refusals_have_its_shape(site: Site, client_id: str) -> None:
    unscoped = site.world.credential("messages:read")["token"]
    answers = {
        "no token": (401, {"X-Client-Id": client_id}),
        "no client id": (401, {"Authorization": f"Bearer {site.token}"}),
        "other client id": (401, v3_headers(site.token, client_id[:-1] + "x")),
        "missing scope": (403, v3_headers(unscoped, client_id)),
    }
    for name, (status, headers) in answers.items():
        answer = site.client.get(SMS_WEBHOOKS, headers=headers)
        assert_v3_error(answer, status, name)
        assert answer.headers["www-authenticate"].startswith("Bearer ")
    scope = 'error="insufficient_scope", scope="webhooks:read"'
    assert scope in answer.headers["www-authenticate"]
    assert "webhooks:read" in answer.json()["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"{}", b'{"url":1}', b'{"url":""}', b'{"url":"x"}',
        b'{"url":"ftp://example.com"}', b'{"url":"https://10.0.0.1/x"}', b'{"url":"https://[::1]/"}',
        b'{"url":"https://example.com/\\u0000"}', b'{"url":"https://example.com/\\ud800"}',
        b'{"url":"https://user:pw@example.com/"}', b'{"url":"https://example.com","x":1}',
        b"[" * 20_000, b'{"url":"https://example.com/' + b"x" * 20_000 + b'"}',
    ],
)  # fmt: skip
def test_v3_junk_is_400(site: Site, client_id: str, body: bytes) -> None:
    headers = v3_headers(site.token, client_id)
    for method, path in (("PUT", SMS_WEBHOOKS), ("POST", CALL_WEBHOOKS)):
        answer = site.client.request(method, path, headers=headers, content=body)
        assert_v3_error(answer, 400, str(body[:40]))


def assert_v3_error(answer: httpx.Response, status: int, case: str) -> None:
    assert answer.status_code == status, (case, answer.text)
    body = answer.json()
    assert body.keys() == {"status", "data", "message"}, case
    assert (body["status"], body["data"]) == ("error", None)
    assert body["message"]


# --- what receivers get ---------------------------------------------------------------------------


async def test_v3_notifications_are_signed_and_in_shape(
    running: Installation, receiver: Receiver
) -> None:
    account = running.json("accounts", "add", "Of v3")
    token = running.token("--account", account["id"])
    headers = v3_headers(token, account["client_id"])
    async with httpx.AsyncClient(base_url=running.url, headers=headers) as client:
        # The contract wants HTTPS in public; the operator has allowed loopback, and HTTP with it.
        body = {"url": f"{receiver.url}/v3"}
        (await client.put(SMS_WEBHOOKS, json=body)).raise_for_status()
        sent = (await client.post("/v1/messages", json=send_body())).json()
        await client.post("/v1/messages", json=send_body(to=REFUSED_NUMBER))
        reply = {"to": SANDBOX_NUMBER, "text": TEXT}
        await client.post(f"/v1/virtual_phones/{PHONE}/messages", json=reply)
        (endpoint,) = (await client.get("/v1/webhooks")).json()["data"]
        secret = (await client.get(f"/v1/webhooks/{endpoint['id']}")).json()["secret"]
        message = (await client.get(f"/v1/messages/{sent['id']}")).json()
    told = {body["status"]: body for body in await _v3_bodies(receiver, secret)}
    assert told.keys() == {"sent", "delivered", "failed", "received"}
    assert told["delivered"] == {
        "status": "delivered",
        "data": {
            "id": told["sent"]["data"]["id"],
            "segments": 1,
            "direction": "outbound",
            "messageText": TEXT,
            "from": SANDBOX_NUMBER,
            "to": PHONE,
            "medias": [],
        },
        "message": "SMS message delivered successfully",
    }
    assert told["received"]["data"]["direction"] == "inbound"
    assert told["received"]["message"] == "SMS message received successfully"
    assert told["failed"]["data"]["to"] == REFUSED_NUMBER
    assert message["id"] == sent["id"]


async def _v3_bodies(receiver: Receiver, secret: str) -> list[Any]:
    return [verified(request, secret) for request in await receiver.take(4, "/v3")]


async def test_webhooks_tell_of_sent_delivered_failed_and_received(
    site: Site, receiver: Receiver
) -> None:
    make = site.world.make
    endpoint = make("/v1/webhooks", {"url": f"{receiver.url}/std", "events": ["message.*"]})
    delivered = make("/v1/messages", send_body())["id"]
    failed = make("/v1/messages", send_body(to=REFUSED_NUMBER))["id"]
    reply = {"to": SANDBOX_NUMBER, "text": TEXT}
    received = make(f"/v1/virtual_phones/{PHONE}/messages", reply)["id"]
    wanted = {
        ("message.sent", delivered),
        ("message.delivered", delivered),
        ("message.failed", failed),
        ("message.received", received),
    }

    def told() -> set[tuple[str, str]]:
        events = [request.json for request in receiver.at("/std")]
        return {(event["type"], event["data"]["id"]) for event in events}

    await receiver.until(lambda: wanted <= told())
    for request in receiver.at("/std"):
        event = verified(request, endpoint["secret"])
        assert event.keys() == {"id", "type", "timestamp", "account_id", "sequence", "data"}
        assert event["id"] == request.webhook_id
    site.world.client.delete(f"/v1/webhooks/{endpoint['id']}").raise_for_status()


async def test_a_status_url_is_signed_with_the_accounts_secret(
    site: Site, receiver: Receiver
) -> None:
    secret = site.world.client.get("/v1/account/signing_secret").json()["secret"]
    url = f"{receiver.url}/status"
    message = site.world.make("/v1/messages", send_body(status_url=url))["id"]
    requests = await receiver.take(2, "/status")
    events = [verified(request, secret) for request in requests]
    assert [event["type"] for event in events] == ["message.sent", "message.delivered"]
    assert {event["data"]["id"] for event in events} == {message}


async def test_both_secrets_sign_while_one_replaces_the_other(
    site: Site, receiver: Receiver
) -> None:
    make = site.world.make
    before = make("/v1/webhooks", {"url": f"{receiver.url}/two", "events": ["message.sent"]})
    path = f"/v1/webhooks/{before['id']}"
    after = make(f"{path}/rotate_secret", {"grace_seconds": 60})
    await asyncio.to_thread(make, f"{path}/test", {"event_type": "message.sent"})
    (request, *_) = await receiver.take(1, "/two")
    assert verified(request, before["secret"]) == verified(request, after["secret"])
    site.world.client.delete(path).raise_for_status()
