"""`hookline listen`: nothing is missed or shown twice, and what it sends on is like a delivery."""

import asyncio
import json
from collections import defaultdict
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests.system.carrier import client_of, listed
from tests.system.inspection import settle
from tests.system.installation import Installation
from tests.system.listener import listening
from tests.system.receiver import Receiver, Reply, Request
from tests.system.recipes import send_body

DIFFERS = {"webhook-timestamp", "webhook-signature", "host"}
"""What may differ between a delivery and the same event sent on."""


async def send(installation: Installation, token: str, count: int) -> None:
    async with client_of(installation, token) as client:
        for _ in range(count):
            (await client.post("/v1/messages", json=send_body())).raise_for_status()
    await settle(installation)


async def all_events(installation: Installation, token: str, **more: Any) -> list[dict[str, Any]]:
    async with client_of(installation, token) as client:
        return [event async for event in listed(client, "/v1/events", "after", **more)]


def secret_of(installation: Installation, token: str) -> str:
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.get(f"{installation.url}/v1/account/signing_secret", headers=headers)
    return str(answer.json()["secret"])


async def test_restart_of_the_server_leaves_no_gap_and_repeats_nothing(
    each_installation: Installation, receiver: Receiver
) -> None:
    made = each_installation
    await asyncio.to_thread(made.start)
    token = await asyncio.to_thread(made.token)
    secret = await asyncio.to_thread(secret_of, made, token)
    options = ("--url", made.url, "--token", token, "--forward-to", f"{receiver.url}/hook")
    async with listening(made, "--json", "--events", "message.*", *options) as listener:
        await asyncio.to_thread(made.kill)  # before its first event
        await asyncio.to_thread(made.start)
        await send(made, token, 3)
        await asyncio.to_thread(made.stop)
        await listener.until_said("Connection lost")
        await asyncio.to_thread(made.start)
        await send(made, token, 3)
        await listener.until_lines(12)
        assert await listener.interrupt() == 0
    events = await all_events(made, token, type="message.*")
    assert len(events) == 12
    answered = sorted(listener.events, key=lambda event: event["id"])
    assert answered == sorted(events, key=lambda event: event["id"])
    for request in receiver.at("/hook"):
        assert Webhook(secret).verify(request.body, request.headers) == request.json
    assert in_order(receiver.at("/hook"))
    assert "12 answered 2xx, 0 did not" in listener.notices[-1]


def in_order(requests: list[Request]) -> bool:
    """Whether the events about each resource came in their order."""
    seen: dict[str, list[int]] = defaultdict(list)
    for request in requests:
        seen[request.json["data"]["id"]].append(request.json["sequence"])
    return all(numbers == sorted(numbers) for numbers in seen.values())


async def test_events_of_the_installation_are_shown_without_a_token(desk: Installation) -> None:
    token = await asyncio.to_thread(desk.token)
    async with listening(desk, "--events", "message.sent", "--events", "message.delivered") as one:
        await send(desk, token, 2)
        lines = await one.until_lines(4)
        assert await one.interrupt() == 0
    assert [line.split("  ")[1] for line in sorted(lines)].count("message.delivered") == 2
    assert "delivered +12025550100 → " in "\n".join(lines)
    newest = (await all_events(desk, token, type="message.*"))[-1]["id"]
    assert one.notices[-1] == f"4 events; to go on: --from {newest}."


async def test_a_failing_receiver_is_told_of_and_stops_nothing(
    desk: Installation, receiver: Receiver
) -> None:
    away = Reply(status="302 Found", body=b"go away")
    receiver.replies["/hook"] = [Reply(status="500 Oops", body=b"no\x1b[2Jdb"), away, Reply()]
    token = await asyncio.to_thread(desk.token)
    options = ("--events", "message.*", "--forward-to", f"{receiver.url}/hook")
    async with listening(desk, *options) as listener:
        await send(desk, token, 2)
        lines = await listener.until_lines(8)
        assert await listener.interrupt() == 0
    text = "\n".join(lines)
    assert "BAD 500 in " in text
    assert "no [2Jdb" in text
    assert "BAD 302 in " in text
    assert "forwarded: 2 answered 2xx, 2 did not" in listener.notices[-1]


async def test_a_receiver_that_is_not_there_is_told_of(desk: Installation) -> None:
    token = await asyncio.to_thread(desk.token)
    options = ("--events", "message.sent", "--forward-to", "http://localhost:9/hook", "--json")
    async with listening(desk, *options) as listener:
        await send(desk, token, 1)
        (line,) = await listener.until_lines(1)
        await listener.interrupt()
    answer = json.loads(line)["answer"]
    assert answer["status"] is None
    assert "No connection" in answer["error"]


@pytest.mark.parametrize("wire_format", ["standard", "v3"])
@pytest.mark.parametrize("over_http", [True, False])
async def test_what_is_sent_on_is_what_the_webhook_would_get(
    desk: Installation, receiver: Receiver, wire_format: str, over_http: bool
) -> None:
    token = await asyncio.to_thread(desk.token)
    wanted = {
        "url": f"{receiver.url}/delivery", "events": ["message.delivered"], "format": wire_format,
        "headers": {"X-Stage": "dev"},
    }  # fmt: skip
    async with client_of(desk, token) as client:
        webhook = (await client.post("/v1/webhooks", json=wanted)).json()
        source = ("--url", desk.url, "--token", token) if over_http else ()
        options = ("--webhook", webhook["id"], "--forward-to", f"{receiver.url}/local", *source)
        async with listening(desk, *options) as listener:
            await send(desk, token, 1)
            (local,) = await receiver.take(1, "/local")
            (delivery,) = await receiver.take(1, "/delivery")
            await listener.interrupt()
        (await client.delete(f"/v1/webhooks/{webhook['id']}")).raise_for_status()
    assert local.body == delivery.body
    assert dict(shown(local)) == dict(shown(delivery))
    assert Webhook(webhook["secret"]).verify(local.body, local.headers)
    assert any(webhook["secret"] in notice for notice in listener.notices)


def shown(request: Request) -> list[tuple[str, str]]:
    return [pair for pair in request.headers.items() if pair[0] not in DIFFERS]


async def test_listening_begins_where_it_is_told_to(desk: Installation) -> None:
    token = await asyncio.to_thread(desk.token)
    await send(desk, token, 2)
    events = await all_events(desk, token)
    options = ("--json", "--url", desk.url, "--token", token, "--from")
    for start, expected in (("0", events), (events[-3]["id"], events[-2:])):
        async with listening(desk, *options, start) as listener:
            await listener.until_lines(len(expected))
            await listener.interrupt()
        assert listener.events[: len(expected)] == expected


def test_what_cannot_work_is_refused(desk: Installation) -> None:
    def said(*options: str, status: int) -> str:
        return desk.run("listen", *options, status=status).stderr

    reader = desk.token("--scope", "events:read", "--scope", "messages:read")
    nobody = desk.token("--scope", "messages:send")
    http = ("--url", desk.url, "--token")
    forward = ("--forward-to", "http://localhost:9/hook")
    assert "no event type" in said("--events", "massage.*", status=2)
    assert "--forward-to" in said("--webhook", "whk_1", status=2)
    assert "https:// or http://" in said("--forward-to", "localhost:9", status=2)
    assert "signing secret" in said("--secret", "whsec_x", *forward, status=2)
    assert "events:read" in said(*http, nobody, status=1)
    assert "--secret" in said(*http, reader, *forward, status=1)
    assert "no such event" in said(*http, reader, "--from", "evt_1", status=1)
    assert "no such event" in said("--from", "evt_1", status=1)
    assert "Cannot listen to" in said("--url", "http://localhost:9", "--token", reader, status=1)
    assert "There is no webhook" in said("--webhook", "whk_1", *forward, status=1)
