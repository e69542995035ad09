"""A replay of the whole program: begun and followed at the command line, killed in the middle."""

import asyncio
from typing import Any

import httpx

from tests.system.carrier import client_of, listed
from tests.system.installation import TEXT, Installation
from tests.system.receiver import Receiver
from tests.system.recipes import PHONE, SANDBOX_NUMBER

MESSAGES = 60
PATIENCE_S = 90


async def test_replay_goes_on_after_kill_9(
    each_installation: Installation, receiver: Receiver
) -> None:
    installation = each_installation
    installation.environment["HOOKLINE_WEBHOOK_REPLAY_RATE_MIN"] = "30"
    await asyncio.to_thread(installation.start)
    token = await asyncio.to_thread(installation.token)
    async with client_of(installation, token) as client:
        missed = await _miss(client, MESSAGES)
        webhook = await _post(
            client, "/v1/webhooks", {"url": receiver.url, "events": ["message.*"]}
        )
        run = ("webhooks", "replay", webhook["id"], "--since", "1h", "--status", "missing")
        counted = await asyncio.to_thread(installation.json, *run, "--preview")
        assert (counted["count"], counted["is_exact"]) == (len(missed), True)
        begun = await asyncio.to_thread(installation.json, *run)
        await receiver.until(lambda: len(receiver.requests) >= 10)
        installation.kill()
        assert len({one.webhook_id for one in receiver.requests}) < len(missed)
        await asyncio.to_thread(installation.start)
        await receiver.until(lambda: {one.webhook_id for one in receiver.requests} >= missed)
        ended = await _ended(client, begun["id"])
        assert {one.webhook_id for one in receiver.requests} == missed
        assert (ended["status"], ended["done"]) == ("completed", len(missed))
        deliveries = [item["event_id"] async for item in listed(client, "/v1/deliveries", "cursor")]
        assert sorted(deliveries) == sorted(missed)


async def test_missed_message_is_found_and_sent_again_at_the_command_line(
    each_installation: Installation, receiver: Receiver
) -> None:
    installation = each_installation
    await asyncio.to_thread(installation.start)
    token = await asyncio.to_thread(installation.token)
    async with client_of(installation, token) as client:
        webhook = await _post(
            client, "/v1/webhooks", {"url": receiver.url, "events": ["message.*"]}
        )
        missed = await _miss(client, 1)
        await receiver.until(lambda: {one.webhook_id for one in receiver.requests} >= missed)

    def commands(*arguments: str) -> Any:
        return installation.json("webhooks", *arguments)

    found = await asyncio.to_thread(
        commands, "deliveries", "--number", PHONE, "--webhook", webhook["id"],
        "--response-status", "2xx", "--attempts",
    )  # fmt: skip
    assert {one["event_id"] for one in found} == missed
    assert [len(one["attempts"]) for one in found] == [1] * len(found)
    await asyncio.to_thread(commands, "resend", found[0]["id"])
    await receiver.until(lambda: len(receiver.requests) == len(missed) + 1)
    replay = ("replay", webhook["id"], "--since", "1h", "--status", "all", "--wait")
    ended = await asyncio.to_thread(commands, *replay)
    assert (ended["status"], ended["done"]) == ("completed", len(missed))
    await receiver.until(lambda: len(receiver.requests) == 2 * len(missed) + 1)
    [listed_one] = await asyncio.to_thread(commands, "list")
    shown = await asyncio.to_thread(commands, "show", webhook["id"])
    assert listed_one["id"] == shown["id"] == webhook["id"]
    assert shown["stats"]["success_rate"] == 1.0
    refused = await asyncio.to_thread(
        installation.run, "webhooks", "replay", webhook["id"], "--since", "yesterday", status=2
    )
    assert "--since" in refused.stderr


async def _miss(client: httpx.AsyncClient, count: int) -> set[str]:
    """Send so many messages; the ids of the events that tell of them."""
    message = {"from": SANDBOX_NUMBER, "to": PHONE, "text": TEXT}
    await _post(client, "/v1/messages/batch", {"messages": [message] * count})
    async with asyncio.timeout(PATIENCE_S):
        while True:
            events = [
                item async for item in listed(client, "/v1/events", "after", type="message.*")
            ]
            if len(events) == 2 * count:  # sent and delivered
                return {item["id"] for item in events}
            await asyncio.sleep(0.1)


async def _post(client: httpx.AsyncClient, path: str, body: Any) -> Any:
    return (await client.post(path, json=body)).raise_for_status().json()


async def _ended(client: httpx.AsyncClient, replay_id: str) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            replay = (await client.get(f"/v1/replays/{replay_id}")).raise_for_status().json()
            if replay["finished_at"] is not None:
                return replay
            await asyncio.sleep(0.1)
