"""Deliveries survive kill -9: nothing is lost, and what comes twice has the same `webhook-id`.

HOOKLINE_CRASH_ROUNDS says how often each database's server is killed; `--log-cli-level=INFO` shows
at which rates, and how long a take-over took.
"""

import asyncio
import logging
import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hookline.outbound.sealing import generate_key
from tests.services.postgres import PostgresServer
from tests.system.carrier import client_of
from tests.system.driver import Driver
from tests.system.inspection import query, settle
from tests.system.installation import Installation, installed
from tests.system.receiver import Receiver, Reply, Request

log = logging.getLogger(__name__)
ROUNDS = int(os.environ.get("HOOKLINE_CRASH_ROUNDS", "3"))
RATE = 150.0
STEADY, FLAKY = "/steady", "/flaky"
FAILURE = Reply(status="503 Busy")
PATIENCE_S = 60

Seen = dict[tuple[str, str], list[Request]]
"""The requests for an event at a path, in order."""


def flaky(times: int) -> list[Reply]:
    """So many failures, too few in a row for the circuit breaker."""
    return [FAILURE, Reply()] * times + [Reply()]


async def _subscribe(installation: Installation, token: str, *urls: str) -> None:
    async with client_of(installation, token) as client:
        for url in urls:
            wanted = {"url": url, "events": ["message.*"]}
            (await client.post("/v1/webhooks", json=wanted)).raise_for_status()


def _seen(receiver: Receiver) -> Seen:
    seen: Seen = defaultdict(list)
    for request in receiver.requests:
        seen[request.path, request.webhook_id].append(request)
    return seen


async def _attempts(installation: Installation) -> dict[tuple[str, str], list[int]]:
    """The numbers of the attempts that are recorded, by path and event."""
    rows = await query(
        installation,
        "SELECT a.url, d.event_id, a.number FROM attempts a JOIN deliveries d ON d.id = a.delivery_id"
        " ORDER BY a.number",
    )
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for url, event_id, number in rows:
        found["/" + url.rpartition("/")[2], event_id].append(number)
    return found


async def test_kill_9_loses_no_delivery_and_doubles_none_under_another_id(
    each_installation: Installation, receiver: Receiver
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    moments = random.Random(seed)
    await asyncio.to_thread(each_installation.start)
    token = await asyncio.to_thread(each_installation.token)
    urls = [f"{receiver.url}{path}" for path in (STEADY, FLAKY)]
    await _subscribe(each_installation, token, *urls)
    driver = Driver(each_installation.port, token, f"{receiver.url}/status", RATE)
    for number in range(ROUNDS):
        # Some wait for their retry when the server dies.
        receiver.replies[FLAKY] = flaky(moments.randint(1, 10))
        driver.start()
        await driver.until_accepted(60)
        await asyncio.sleep(moments.uniform(0.0, 1.0))
        rate = driver.rate_since_start()
        each_installation.kill()
        await asyncio.to_thread(each_installation.start)
        await driver.until_accepted(20)
        await driver.stop()
        await settle(each_installation)
        await _compare(each_installation, receiver)
        log.info("round %d (seed %d) killed at %.0f messages/s", number + 1, seed, rate)
    seen = _seen(receiver)
    again = sum(len(requests) - 1 for requests in seen.values())
    log.info("%d deliveries, none lost; %d requests came again", len(seen), again)


async def _compare(installation: Installation, receiver: Receiver) -> None:
    events = {
        row[0]
        for row in await query(installation, "SELECT id FROM events WHERE type LIKE 'message.%'")
    }
    seen, attempts = _seen(receiver), await _attempts(installation)
    for path in (STEADY, FLAKY):
        received = {event_id for place, event_id in seen if place == path}
        assert received == events, f"{path} missed {len(events - received)} events"
    for (path, event_id), requests in seen.items():
        assert len({request.body for request in requests}) == 1, f"{event_id} changed"
        numbers = attempts[path, event_id]
        assert numbers == list(range(1, len(numbers) + 1))
        # A request whose result died with the server is the only one without a row.
        assert 1 <= len(numbers) <= len(requests), (path, event_id)


@asynccontextmanager
async def _two_nodes(
    folder: Path, postgres: PostgresServer, **settings: str
) -> AsyncIterator[tuple[Installation, Installation]]:
    """Two machines on one database; nothing runs yet."""
    url, key = postgres.create_database(), generate_key()
    try:
        with (
            installed(folder / "one", url, secret_key=key, **settings) as one,
            installed(folder / "other", url, secret_key=key, **settings) as other,
        ):
            yield one, other
            for node in (one, other):
                if node.process is not None:
                    await asyncio.to_thread(node.stop)
    finally:
        postgres.drop_database(url)


@pytest.mark.postgres
async def test_two_living_processes_make_no_attempt_twice(
    tmp_path: Path, postgres: PostgresServer, receiver: Receiver
) -> None:
    async with _two_nodes(tmp_path, postgres) as (one, other):
        for node in (one, other):
            await asyncio.to_thread(node.start)
        token = await asyncio.to_thread(one.token)
        paths = [f"/{name}" for name in ("a", "b", "c", "flaky")]
        receiver.replies[FLAKY] = flaky(15)
        await _subscribe(one, token, *(f"{receiver.url}{path}" for path in paths))
        drivers = [
            Driver(node.port, token, f"{receiver.url}/status", RATE / 2) for node in (one, other)
        ]
        for driver in drivers:
            driver.start()
        for driver in drivers:
            await driver.until_accepted(150)
            await driver.stop()
        await settle(one)
        seen, attempts = _seen(receiver), await _attempts(one)
    assert max(len(numbers) for numbers in attempts.values()) > 1, "nothing was tried again"
    wire = Counter({key: len(requests) for key, requests in seen.items()})
    assert wire == Counter({key: len(numbers) for key, numbers in attempts.items()})
    for numbers in attempts.values():
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.postgres
async def test_endpoints_of_a_dead_process_are_taken_over(
    tmp_path: Path, postgres: PostgresServer, receiver: Receiver
) -> None:
    """With the leases' default time. How long it took is logged; the target is ten seconds."""
    async with _two_nodes(tmp_path, postgres) as (one, other):
        await asyncio.to_thread(one.start)
        token = await asyncio.to_thread(one.token)
        await _subscribe(one, token, f"{receiver.url}{STEADY}")
        await _send(one, token, "before")
        await receiver.take(2, STEADY)
        await settle(one)  # what it has sent is recorded
        assert await query(one, "SELECT count(*) FROM leases WHERE name LIKE 'endpoint:%'") == [
            (1,)
        ]
        await asyncio.to_thread(other.start)  # only now, so that the first has the endpoint
        one.kill()
        killed_at = time.monotonic()
        await _send(other, token, "after")
        told = len(receiver.at(STEADY)) + 2
        await receiver.until(lambda: len(receiver.at(STEADY)) >= told, PATIENCE_S)
        log.info("taken over after %.1f s", time.monotonic() - killed_at)
        await settle(other)
        seen = _seen(receiver)
    assert all(len(requests) == 1 for (path, _), requests in seen.items() if path == STEADY)


async def _send(installation: Installation, token: str, text: str) -> None:
    wanted = {
        "from": "+12025550100",
        "to": "+447700900123",
        "text": f"Zebra crossing at five, {text}",
    }
    async with client_of(installation, token) as client:
        (await client.post("/v1/messages", json=wanted)).raise_for_status()
