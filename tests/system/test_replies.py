"""What people answer is stored, threaded and confirmed, whatever receivers and processes do."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.services.ports import find_free_port
from tests.system.carrier import client_of
from tests.system.installation import Installation
from tests.system.pbx import until
from tests.system.receiver import receiving
from tests.system.recipes import PHONE, SANDBOX_NUMBER

JSON = dict[str, Any]
LONG_S = 120
"""Until the lease of the killed node has ended, and the next attempts are due."""


async def ask(client: httpx.AsyncClient, method: str, path: str, **more: Any) -> JSON:
    answer = await client.request(method, path, **more)
    assert answer.is_success, answer.text
    found: JSON = answer.json()
    return found


async def write(client: httpx.AsyncClient, text: str) -> str:
    body = {"to": SANDBOX_NUMBER, "text": text}
    return str((await ask(client, "POST", f"/v1/virtual_phones/{PHONE}/messages", json=body))["id"])


async def test_an_answer_waits_for_a_receiver_that_is_down(
    each_installation: Installation,
) -> None:
    """Through kill -9: the message is there, in its thread, and told of once the receiver is back."""
    server, port = each_installation, find_free_port()
    await asyncio.to_thread(server.start)
    token = await asyncio.to_thread(server.token)
    async with client_of(server, token) as client:
        url = f"http://127.0.0.1:{port}/replies"
        wanted = {"url": url, "events": ["message.received", "message.opted_out"]}
        webhook = (await ask(client, "POST", "/v1/webhooks", json=wanted))["id"]
        ids = [await write(client, text) for text in ("Is it open?", "STOP")]

        async def has_failed() -> bool:
            found = await ask(client, "GET", f"/v1/webhooks/{webhook}/deliveries")
            return len(found["data"]) == 3 and any(one["attempt_count"] for one in found["data"])

        await until(has_failed)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        async with receiving(port) as receiver:
            await receiver.until(
                lambda: len({r.webhook_id for r in receiver.requests}) == 3, LONG_S
            )
            told = [(one.json["type"], one.json["data"]["id"]) for one in receiver.requests]
        assert set(told) == {
            ("message.received", ids[0]),
            ("message.received", ids[1]),
            ("message.opted_out", ids[1]),
        }
        await _assert_threaded_and_confirmed(client, ids)


async def _assert_threaded_and_confirmed(client: httpx.AsyncClient, ids: list[str]) -> None:
    (one,) = (await ask(client, "GET", "/v1/conversations"))["data"]
    assert (one["party"], one["unread"], one["last_inbound"]["id"]) == (PHONE, 2, ids[1])

    async def is_delivered() -> bool:
        page = await ask(client, "GET", f"/v1/conversations/{one['id']}/messages")
        return bool(page["data"][0]["status"] == "delivered")

    await until(is_delivered)
    page = await ask(client, "GET", f"/v1/conversations/{one['id']}/messages")
    answer, *inbound = page["data"]
    assert [message["id"] for message in inbound] == ids[::-1]
    assert (answer["tags"], answer["metadata"], answer["credential_id"]) == (
        ["opt_out_confirmation"], {"keyword": "stop", "in_reply_to": ids[1]}, None,
    )  # fmt: skip
    refused = await client.post(
        "/v1/messages", json={"from": SANDBOX_NUMBER, "to": PHONE, "text": "Hello"}
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "recipient_opted_out")
    listed = (await ask(client, "GET", "/v1/messages", params={"to": PHONE}))["data"]
    assert [message["id"] for message in listed] == [answer["id"]]


@pytest.mark.postgres
async def test_help_that_is_asked_at_once_everywhere_is_answered_once(
    installation_on_postgres: Installation,
) -> None:
    server = installation_on_postgres
    await asyncio.to_thread(server.start, "--workers", "2")
    token = await asyncio.to_thread(server.token)
    async with client_of(server, token) as client:
        await asyncio.gather(*(write(client, "HELP") for _ in range(12)))
        found = (await ask(client, "GET", "/v1/messages", params={"to": PHONE}))["data"]
        assert len(found) == 1
        (one,) = (await ask(client, "GET", "/v1/conversations"))["data"]
        assert one["unread"] == 12
