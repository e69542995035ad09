"""What was answered with 2xx survives kill -9 at any moment, and nothing is made up.

HOOKLINE_CRASH_ROUNDS says how often each database's server is killed; `--log-cli-level=INFO` shows
at which rates.
"""

import asyncio
import logging
import os
import random
from collections import Counter, defaultdict
from typing import Any

from tests.system.carrier import client_of, listed
from tests.system.driver import Driver
from tests.system.inspection import query, settle
from tests.system.installation import Installation
from tests.system.receiver import Receiver

log = logging.getLogger(__name__)
ROUNDS = int(os.environ.get("HOOKLINE_CRASH_ROUNDS", "3"))
RATE = 260.0
AFTER_RESTART = 20
KINDS = ("message.sent", "message.delivered")

Told = dict[tuple[str, str], set[str]]
"""The ids of the events that tell of (what, a message)."""


async def test_nothing_is_lost_or_made_up_by_kill_9(
    each_installation: Installation, receiver: Receiver
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    moments = random.Random(seed)
    await asyncio.to_thread(each_installation.start)
    driver = await _prepare(each_installation, receiver)
    for number in range(ROUNDS):
        driver.start()
        rate = await _crash(each_installation, driver, moments)
        await driver.stop()
        await settle(each_installation)
        await _compare(each_installation, driver, receiver)
        log.info("round %d (seed %d) killed at %.0f/s", number + 1, seed, rate)
    log.info("%d accepted, none lost", len(driver.accepted))
    assert not driver.refused, driver.refused[:3]


async def _prepare(installation: Installation, receiver: Receiver) -> Driver:
    token = await asyncio.to_thread(installation.token)
    async with client_of(installation, token) as client:
        wanted = {"url": f"{receiver.url}/endpoint", "events": ["message.*"]}
        (await client.post("/v1/webhooks", json=wanted)).raise_for_status()
    return Driver(installation.port, token, f"{receiver.url}/status", RATE)


async def _crash(installation: Installation, driver: Driver, moments: random.Random) -> float:
    """Kill under load, sometimes again while it starts, and go on sending meanwhile.

    The answer is the rate of accepted messages until the first kill.
    """
    await driver.until_accepted(100)
    await asyncio.sleep(moments.uniform(0.0, 1.5))
    rate = driver.rate_since_start()
    installation.kill()
    if moments.random() < 0.5:
        installation.launch()
        await asyncio.sleep(moments.uniform(0.5, 4.0))
        installation.kill()
    await asyncio.to_thread(installation.start)
    await driver.until_accepted(AFTER_RESTART)
    return rate


async def _compare(installation: Installation, driver: Driver, receiver: Receiver) -> None:
    accepted = set(driver.accepted)
    assert len(accepted) == len(driver.accepted), "an id was given out twice"
    async with client_of(installation, driver.token) as client:
        messages = {item["id"]: item async for item in listed(client, "/v1/messages", "cursor")}
        events = [item async for item in listed(client, "/v1/events", "after", type="message.*")]
    assert accepted <= messages.keys(), "an accepted message is gone"
    assert {item["status"] for item in messages.values()} == {"delivered"}

    told = Counter((event["type"], event["data"]["id"]) for event in events)
    assert told == Counter((kind, one) for kind in KINDS for one in messages)

    of_events = _told(events)
    for path in ("/endpoint", "/status"):
        received = _told([request.json for request in receiver.at(path)])
        assert received == of_events, f"{path} was not told what the events say"
    assert all(request.webhook_id == request.json["id"] for request in receiver.requests)
    await _assert_no_gap(installation)


def _told(events: list[dict[str, Any]]) -> Told:
    """Duplicates of one event fall together; two events about the same thing do not."""
    told: Told = defaultdict(set)
    for event in events:
        told[event["type"], event["data"]["id"]].add(event["id"])
    return told


async def _assert_no_gap(installation: Installation) -> None:
    rows = await query(
        installation,
        "SELECT s.account_id, s.position, min(e.position), max(e.position), count(e.position)"
        " FROM account_streams s JOIN events e ON e.account_id = s.account_id"
        " GROUP BY s.account_id, s.position",
    )
    assert rows
    for account, head, lowest, highest, count in rows:
        assert (lowest, highest, count) == (1, head, head), f"gap in the positions of {account}"
