"""Ctrl-C and SIGTERM end a server cleanly within five seconds, whoever is connected."""

import asyncio
import os
import signal
from contextlib import AsyncExitStack

import httpx
import psutil
import pytest

from tests.system.inspection import settle, wait_for
from tests.system.installation import Installation
from tests.system.receiver import Receiver
from tests.system.recipes import send_body

LONGEST_STOP_S = 5.0


async def test_open_connections_do_not_hold_ctrl_c_up(each_installation: Installation) -> None:
    each_installation.start()
    headers = {"Authorization": f"Bearer {each_installation.token()}"}
    async with AsyncExitStack() as stack:
        url = each_installation.url
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=url, headers=headers))
        await client.get("/v1/account")  # its connection stays open
        stream = await stack.enter_async_context(client.stream("GET", "/v1/events/stream"))
        chunks = stream.aiter_raw()
        await anext(chunks)
        half = await asyncio.open_connection("127.0.0.1", each_installation.port)
        half[1].write(b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\n")
        await half[1].drain()
        took = await asyncio.to_thread(each_installation.stop, signal.SIGINT)
        assert [chunk async for chunk in chunks] == []
        half[1].close()
    assert took < LONGEST_STOP_S


async def test_a_stop_under_load_loses_nothing(
    each_installation: Installation, receiver: Receiver
) -> None:
    each_installation.start()
    headers = {"Authorization": f"Bearer {each_installation.token()}"}
    url = f"{receiver.url}/status"
    body = {"messages": [send_body(status_url=url) for _ in range(200)]}
    async with httpx.AsyncClient(base_url=each_installation.url, headers=headers) as client:
        answer = await client.post("/v1/messages/batch", json=body)
        took = await asyncio.to_thread(each_installation.stop)
    ids = {item["message"]["id"] for item in answer.json()["data"]}
    await asyncio.to_thread(each_installation.start)
    await settle(each_installation)
    told = [request.json for request in receiver.at("/status")]
    assert took < LONGEST_STOP_S
    for kind in ("message.sent", "message.delivered"):
        assert {event["data"]["id"] for event in told if event["type"] == kind} == ids


@pytest.mark.postgres
async def test_workers_serve_together_and_one_that_dies_is_replaced(
    installation_on_postgres: Installation, receiver: Receiver
) -> None:
    made = installation_on_postgres
    await asyncio.to_thread(made.start, "--workers", "2")
    token = await asyncio.to_thread(made.token)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=made.url, headers=headers, timeout=30) as client:
        endpoint = {"url": f"{receiver.url}/endpoint", "events": ["message.*"]}
        (await client.post("/v1/webhooks", json=endpoint)).raise_for_status()
        ids = await _send(client, f"{receiver.url}/status", 50)
        victim, _ = workers(made)
        os.kill(victim.pid, signal.SIGKILL)
        ids |= await _send(client, f"{receiver.url}/status", 50)
        await asyncio.to_thread(wait_for, lambda: is_replaced(made, victim))
        ids |= await _send(client, f"{receiver.url}/status", 50)
    await settle(made)
    for path in ("/endpoint", "/status"):
        for kind in ("message.sent", "message.delivered"):
            told = [one.json for one in receiver.at(path) if one.json["type"] == kind]
            assert {event["data"]["id"] for event in told} == ids
    assert await asyncio.to_thread(made.stop) < LONGEST_STOP_S


async def _send(client: httpx.AsyncClient, status_url: str, count: int) -> set[str]:
    """Sends so many, each until it is accepted: a worker may die in between."""
    ids: set[str] = set()
    while len(ids) < count:
        try:
            answer = await client.post("/v1/messages", json=send_body(status_url=status_url))
        except httpx.TransportError:
            continue
        assert answer.status_code == 202, answer.text
        ids.add(answer.json()["id"])
    return ids


def workers(installation: Installation) -> list[psutil.Process]:
    assert installation.process is not None
    children = psutil.Process(installation.process.pid).children()
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def is_replaced(installation: Installation, victim: psutil.Process) -> bool:
    pids = {worker.pid for worker in workers(installation)}
    return len(pids) == 2 and victim.pid not in pids
