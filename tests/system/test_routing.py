"""Routes between two real SMSCs: whichever fails, every message goes out by the other."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.services.smsc import Rule, Smsc, running_smsc, skip_without_smsc, smsc
from tests.system.carrier import NUMBER, client_of, connect_carrier
from tests.system.installation import Installation

__all__ = ["smsc"]
TO = [f"+4477009{n:05}" for n in range(20)]
REJECTED = 0x0B
"""ESME_RINVDSTADR."""
FINAL = {"delivered", "failed", "undelivered", "expired"}


@pytest.fixture
async def spare(tmp_path: Path) -> AsyncIterator[Smsc]:
    skip_without_smsc()
    folder = tmp_path / "spare"
    folder.mkdir()
    async with running_smsc(folder) as running:
        yield running


@pytest.fixture
async def routed(
    each_installation: Installation, smsc: Smsc, spare: Smsc
) -> AsyncIterator[httpx.AsyncClient]:
    """Two carriers on one route, the first preferred."""
    each_installation.environment |= {"HOOKLINE_AMBIGUOUS_MATCH_AFTER_S": "3"}
    await asyncio.to_thread(each_installation.start)
    token = await asyncio.to_thread(each_installation.token)
    await connect_carrier(each_installation, token, smsc, window=10)
    async with client_of(each_installation, token) as client:
        smpp = {
            "host": "127.0.0.1", "port": spare.port, "system_id": "esme", "password": "secret",
            "response_timeout_seconds": 2, "enquire_interval_seconds": 2, "ambiguous_wait_seconds": 12,
            "window": 10,
        }  # fmt: skip
        await made(client, "/v1/carriers", {"name": "spare", "kind": "smpp", "smpp": smpp})
        await spare.wait("binds")
        route = {
            "name": "Both",
            "match": {"countries": ["GB"]},
            "carriers": [{"carrier": "smsc"}, {"carrier": "spare", "priority": 2}],
            "failover_on": ["carrier_down", "temporary_error", "permanent_error"],
            "carrier_down_after_seconds": 1,
        }
        await made(client, "/v1/routes", route)
        await until_both_are_seen(client)
        yield client


async def until_both_are_seen(client: httpx.AsyncClient) -> None:
    """What a link's node writes down each second, the router has read."""
    async with asyncio.timeout(60):
        while True:
            found = await made(client, "/v1/routes/preview", {"from": NUMBER, "to": TO[0]})
            if {one["state"] for one in found["candidates"]} == {"bound"}:
                return
            await asyncio.sleep(0.1)


async def made(client: httpx.AsyncClient, path: str, body: Any) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    assert answer.is_success, answer.text
    return dict(answer.json())


async def send(client: httpx.AsyncClient, recipients: list[str] = TO, first: int = 0) -> list[str]:
    """Messages that are told apart by their numbers."""
    messages = [
        {"from": NUMBER, "to": one, "text": f"Routed, {number}"}
        for number, one in enumerate(recipients, first)
    ]
    sent = await made(client, "/v1/messages/batch", {"messages": messages})
    return [one["message"]["id"] for one in sent["data"]]


async def ended(client: httpx.AsyncClient, message_ids: list[str]) -> list[dict[str, Any]]:
    async def final(message_id: str) -> dict[str, Any]:
        async with asyncio.timeout(60):
            while True:
                found = (await client.get(f"/v1/messages/{message_id}")).json()
                if found["status"] in FINAL:
                    return dict(found)
                await asyncio.sleep(0.1)

    return [await final(one) for one in message_ids]


async def previewed(client: httpx.AsyncClient, carrier: str) -> dict[str, Any]:
    """The dry run, once it names this carrier."""
    async with asyncio.timeout(60):
        while True:
            found = await made(client, "/v1/routes/preview", {"from": NUMBER, "to": TO[0]})
            if found["carrier"] == carrier:
                return found
            await asyncio.sleep(0.1)


async def test_what_a_carrier_cannot_take_the_other_delivers(
    routed: httpx.AsyncClient, smsc: Smsc, spare: Smsc
) -> None:
    client = routed
    assert {one["status"] for one in await ended(client, await send(client))} == {"delivered"}
    assert (await smsc.stats()).accepted == len(TO)
    assert (await spare.stats()).accepted == 0

    await smsc.rule(Rule(status=REJECTED))
    refused = await ended(client, await send(client))
    assert {one["status"] for one in refused} == {"delivered"}
    assert (await spare.stats()).accepted == len(TO)
    told = [line["detail"] for line in refused[0]["timeline"] if line["detail"]]
    assert "smsc refused it; spare takes it." in told
    await smsc.rule()

    await smsc.kill()
    moved = await ended(client, await send(client))
    assert {one["status"] for one in moved} == {"delivered"}
    reasons = await previewed(client, "spare")
    assert {one["carrier"] for one in moved} == {reasons["carrier_id"]}
    assert [one["name"] for one in reasons["candidates"]] == ["spare", "smsc"]
    assert reasons["candidates"][1]["health"] == 0

    await smsc.start()
    await previewed(client, "smsc")
    before = (await smsc.stats()).accepted
    await ended(client, await send(client))
    assert (await smsc.stats()).accepted == before + len(TO)


async def test_kill_9_while_messages_change_carriers_loses_and_repeats_none(
    each_installation: Installation, routed: httpx.AsyncClient, smsc: Smsc, spare: Smsc
) -> None:
    """What the first has refused stays refused, and what the second has taken is not sent again."""
    client, recipients = routed, TO * 10
    await smsc.rule(Rule(status=REJECTED))
    ids: list[str] = []
    for _ in range(3):
        taken = (await spare.stats()).accepted
        ids += await send(client, recipients, len(ids))
        await spare.wait("accepted", taken + len(recipients) // 4)
        each_installation.kill()
        await asyncio.to_thread(each_installation.start)
    over = await ended(client, ids)
    assert await spare.duplicates() == {}, "a message was sent twice"
    sent = [one for one in over if one["status"] == "delivered"]
    assert len(sent) == (await spare.stats()).accepted
    others = [one for one in over if one["status"] != "delivered"]
    known = [one for one in others if one["error"]["code"] != "submit_ambiguous"]
    assert not known, known[0]  # only a lost answer may leave a doubt
    assert len(sent) > len(ids) // 2
