"""Whatever dies or misbehaves between us and a carrier: nothing is lost, sent twice or out of order.

The carrier is a real SMSC that keeps its receipts. HOOKLINE_FAULT_ROUNDS says how many faults each
database goes through; `--log-cli-level=INFO` shows which.
"""

import asyncio
import logging
import os
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.services.smsc import QUEUE_FULL, SYSTEM_ERROR, THROTTLED, Rule, Smsc, smsc
from tests.system.carrier import client_of, connect_carrier, listed
from tests.system.driver import Driver
from tests.system.inspection import settle
from tests.system.installation import TEXT, Installation
from tests.system.receiver import Receiver

__all__ = ["smsc"]
log = logging.getLogger(__name__)
ROUNDS = int(os.environ.get("HOOKLINE_FAULT_ROUNDS", "3"))
RATE = 200.0
RECIPIENTS = 4
BETWEEN = 150
"""Messages accepted before, and again after, each fault."""
_NUMBER = re.compile(rf"{TEXT}, (\d+)\.")

Fault = Callable[[Installation, Smsc, random.Random], Awaitable[None]]


async def killed(installation: Installation, _smsc: Smsc, moments: random.Random) -> None:
    """kill -9, at times again while it starts."""
    installation.kill()
    if moments.random() < 0.3:
        installation.launch()
        await asyncio.sleep(moments.uniform(0.5, 3.0))
        installation.kill()
    await asyncio.to_thread(installation.start)


async def kicked(_installation: Installation, smsc: Smsc, moments: random.Random) -> None:
    """The carrier drops the connection."""
    for _ in range(moments.choice((1, 1, 3))):
        await smsc.kick()
        await asyncio.sleep(moments.uniform(0, 1.5))


async def carrier_dies(_installation: Installation, smsc: Smsc, moments: random.Random) -> None:
    """The SMSC is killed, and comes back with what it had kept."""
    await smsc.kill()
    await asyncio.sleep(moments.uniform(0, 3))
    await smsc.start()


async def muted(_installation: Installation, smsc: Smsc, moments: random.Random) -> None:
    """Submits are swallowed."""
    await smsc.mute()
    await asyncio.sleep(moments.uniform(0.5, 4))
    await smsc.rule()


async def answers_lost(_installation: Installation, smsc: Smsc, moments: random.Random) -> None:
    """Submits are taken, but their answers never come, or the connection breaks instead."""
    await smsc.rule(Rule(lose="answer", times=moments.randrange(1, 4)), Rule(kick=True, times=1))
    await asyncio.sleep(4)
    await smsc.rule()


async def slowed(_installation: Installation, smsc: Smsc, moments: random.Random) -> None:
    """The carrier asks to slow down, or has a fault of its own, for some of the submits."""
    status = moments.choice((THROTTLED, QUEUE_FULL))
    await smsc.rule(Rule(status=status, times=moments.randrange(1, 60)))
    await asyncio.sleep(moments.uniform(0.5, 3))
    await smsc.rule(Rule(status=SYSTEM_ERROR, times=1))
    await asyncio.sleep(1)
    await smsc.rule()


FAULTS: tuple[Fault, ...] = (killed, kicked, carrier_dies, muted, answers_lost, slowed)


@pytest.fixture
async def hooked(each_installation: Installation, smsc: Smsc) -> tuple[Installation, str]:
    """An installation whose number is at home on the SMSC, and a token."""
    each_installation.environment |= {"HOOKLINE_AMBIGUOUS_MATCH_AFTER_S": "3"}
    await asyncio.to_thread(each_installation.start)
    token = await asyncio.to_thread(each_installation.token)
    await connect_carrier(each_installation, token, smsc)
    return each_installation, token


async def test_no_fault_loses_repeats_or_reorders(
    hooked: tuple[Installation, str],
    smsc: Smsc,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)  # a failure shows which faults there were
    installation, token = hooked
    seed = random.SystemRandom().randrange(2**32)
    moments = random.Random(seed)
    driver = Driver(installation.port, token, f"{receiver.url}/status", RATE, RECIPIENTS)
    faults = [*FAULTS] * (ROUNDS // len(FAULTS) + 1)
    moments.shuffle(faults)
    for number, fault in enumerate(faults[:ROUNDS]):
        log.info("round %d (seed %d): %s", number + 1, seed, fault.__name__)
        driver.start()
        await driver.until_accepted(moments.randrange(1, BETWEEN))
        await fault(installation, smsc, moments)
        await driver.until_accepted(BETWEEN)
        await driver.stop()
        await settle(installation)
        await smsc.wait("binds")
        await _compare(installation, token, driver, smsc, receiver)
    assert not driver.refused, driver.refused[:3]


async def _compare(
    installation: Installation, token: str, driver: Driver, smsc: Smsc, receiver: Receiver
) -> None:
    async with client_of(installation, token) as client:
        messages = {one["id"]: one async for one in listed(client, "/v1/messages", "cursor")}
        events = [one async for one in listed(client, "/v1/events", "after", type="message.*")]
    assert set(driver.accepted) <= messages.keys(), "an accepted message is gone"
    submits = await smsc.submits()
    assert await smsc.duplicates() == {}, "a segment was sent twice"
    _assert_told_truly(messages, {_number(one.text) for one in submits if _number(one.text)})
    _assert_in_order(await smsc.texts_by_destination())
    assert Counter(e["type"] for e in events if e["type"] != "message.sent") == Counter(
        f"message.{one['status']}" for one in messages.values()
    )
    told = {(one.json["type"], one.json["data"]["id"]) for one in receiver.at("/status")}
    assert told == {(event["type"], event["data"]["id"]) for event in events}
    assert (await smsc.stats()).kept == 0, "a receipt was not acknowledged"


def _assert_told_truly(messages: dict[str, Any], taken: set[int]) -> None:
    """What the carrier has is delivered; what is not may only have failed as ambiguous."""
    for one in messages.values():
        number = _number(one["text"])
        if one["status"] == "delivered":
            assert number in taken, f"{one['id']} is delivered, but the carrier never had it"
        else:
            assert (one["status"], one["error"]["code"]) == ("failed", "submit_ambiguous"), one
            is_whole = one["segments"] == 1
            assert not is_whole or number not in taken, f"{one['id']} was delivered, in truth"


def _assert_in_order(texts: dict[str, list[str]]) -> None:
    for destination, received in texts.items():
        numbers = [number for number in map(_number, received) if number]
        assert numbers == sorted(numbers), f"out of order at {destination}: {numbers}"


def _number(text: str) -> int:
    """The number of a message by its text, or by its first segment's; 0 for another segment."""
    found = _NUMBER.match(text)
    return int(found[1]) if found else 0


# --- one step of a message's way after the other ---------------------------------------------------


async def test_killed_before_a_submit_it_is_sent_once(
    hooked: tuple[Installation, str], smsc: Smsc
) -> None:
    installation, token = hooked
    await smsc.kill()
    message_id = await send(installation, token, 1)
    installation.kill()
    await asyncio.to_thread(installation.start)
    await smsc.start()
    await settle(installation)
    message = await read(installation, token, message_id)
    assert [step["status"] for step in message["timeline"]] == [
        "queued", "sending", "sent", "delivered",
    ]  # fmt: skip
    assert len(await smsc.submits()) == 1


async def test_killed_between_a_submit_and_its_answer_the_receipt_decides(
    hooked: tuple[Installation, str], smsc: Smsc
) -> None:
    installation, token = hooked
    await smsc.change(response_delay_ms=60_000)
    message_id = await send(installation, token, 1)
    await smsc.wait("accepted")
    installation.kill()
    await smsc.change(response_delay_ms=0)
    await asyncio.to_thread(installation.start)
    await settle(installation)
    message = await read(installation, token, message_id)
    assert message["status"] == "delivered"
    assert len(await smsc.submits()) == 1


async def test_killed_before_the_receipt_is_acknowledged_it_counts_once(
    hooked: tuple[Installation, str], smsc: Smsc, receiver: Receiver
) -> None:
    installation, token = hooked
    await smsc.change(receipt_delay_ms=1_500)
    message_id = await send(installation, token, 1, status_url=f"{receiver.url}/status")
    await receiver.take(1, "/status")
    installation.pause()
    await smsc.wait("receipts_sent")
    installation.kill()
    assert (await smsc.stats()).receipts_acknowledged == 0
    await asyncio.to_thread(installation.start)
    await settle(installation)
    await smsc.wait("receipts_acknowledged")
    assert (await read(installation, token, message_id))["status"] == "delivered"
    told = {one.webhook_id: one.json["type"] for one in receiver.at("/status")}
    assert sorted(told.values()) == ["message.delivered", "message.sent"]


async def test_killed_before_a_message_is_acknowledged_it_comes_in_once(
    hooked: tuple[Installation, str], smsc: Smsc
) -> None:
    installation, token = hooked
    await smsc.wait("binds")
    for number in range(20):
        await smsc.send("447700900200", "12025550100", f"{TEXT}, {number}.")
    await smsc.wait("messages_sent", 20)
    installation.kill()
    await asyncio.to_thread(installation.start)
    await smsc.wait("messages_acknowledged", 20)
    async with client_of(installation, token) as client:
        came = [one async for one in listed(client, "/v1/messages", "cursor", direction="inbound")]
    assert sorted(_number(one["text"]) for one in came) == list(range(20))


async def send(installation: Installation, token: str, number: int, **more: str) -> str:
    body = {"from": "+12025550100", "to": "+447700900123", "text": f"{TEXT}, {number}.", **more}
    async with client_of(installation, token) as client:
        answer = await client.post("/v1/messages", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def read(installation: Installation, token: str, message_id: str) -> Any:
    async with client_of(installation, token) as client:
        return (await client.get(f"/v1/messages/{message_id}")).json()
