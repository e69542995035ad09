"""Twilio as the carrier of a running server: from the command that connects it to receipts and replies,
and whatever dies in between.

HOOKLINE_FAULT_ROUNDS says how many faults each database goes through.
"""

import asyncio
import logging
import os
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tests.services.twilio import ACCOUNT, TOKEN, Rule, Twilio, played_twilio
from tests.system.carrier import NUMBER, client_of, listed
from tests.system.driver import Driver
from tests.system.inspection import settle
from tests.system.installation import TEXT, Installation
from tests.system.receiver import Receiver

log = logging.getLogger(__name__)
PUBLIC = "https://sms.example.com"
ALICE = "+447700900123"
ROUNDS = int(os.environ.get("HOOKLINE_FAULT_ROUNDS", "3"))
BETWEEN = 50
RATE, RECIPIENTS = 30.0, 4
"""Little enough that each message and its two callbacks keep up, however busy the machine is."""
_NUMBERED = re.compile(rf"{TEXT}, (\d+)\.")

Fault = Callable[[Installation, Twilio, random.Random], Awaitable[None]]


@pytest.fixture
async def twilio(each_installation: Installation) -> AsyncIterator[Twilio]:
    """Twilio, which reaches the installation by its public URL."""
    async with played_twilio(lambda url: url.replace(PUBLIC, each_installation.url)) as played:
        yield played


async def connect(installation: Installation, twilio: Twilio, *options: str) -> Any:
    """Add the carrier by its command, and move the account's first number there."""
    installation.environment["HOOKLINE_TWILIO_AUTH_TOKEN"] = TOKEN
    await asyncio.to_thread(installation.start)
    add = (
        "carriers", "add", "twilio", "--name", "Twilio", "--account-sid", ACCOUNT,
        "--base-url", twilio.url, "--rate", "0", "--response-timeout", "2",
        "--ambiguous-wait", "12", *options,
    )  # fmt: skip
    carrier = await asyncio.to_thread(installation.json, *add)
    await asyncio.to_thread(installation.json, "numbers", "add", NUMBER, "--carrier", "Twilio")
    await twilio.until(lambda: twilio.asked)
    return carrier


async def test_from_the_command_to_the_receipt_and_the_reply(
    each_installation: Installation, twilio: Twilio, receiver: Receiver
) -> None:
    installation = each_installation
    installation.environment["HOOKLINE_PUBLIC_URL"] = PUBLIC
    carrier = await connect(installation, twilio)
    assert carrier["twilio"]["auth_token_set"] is True
    inbound = carrier["callbacks"]["messages_url"]
    assert inbound == f"{PUBLIC}/callbacks/{carrier['id']}/messages"
    token = await asyncio.to_thread(installation.token)
    message_id = await send(installation, token, 1, status_url=f"{receiver.url}/status")
    await settle(installation)
    message = await read(installation, token, message_id)
    assert [step["status"] for step in message["timeline"]] == [
        "queued", "sending", "sent", "delivered",
    ]  # fmt: skip
    told = {one.json["type"] for one in receiver.at("/status")}
    assert told == {"message.sent", "message.delivered"}
    answer = await twilio.write_to(inbound, ALICE, NUMBER, f"{TEXT}, 2.")
    assert answer.status_code == 200
    async with client_of(installation, token) as client:
        [reply] = [
            one async for one in listed(client, "/v1/messages", "cursor", direction="inbound")
        ]
        [shown] = [
            one async for one in listed(client, "/v1/carriers", "cursor") if one["kind"] == "twilio"
        ]
    assert (reply["from"], reply["to"], reply["text"]) == (ALICE, NUMBER, f"{TEXT}, 2.")
    assert shown["link"]["state"] == "bound"
    refused = await twilio.call(inbound, {"From": ALICE}, signature="x")
    assert refused.status_code == 403


async def test_without_a_public_url_receipts_are_asked_for(
    each_installation: Installation, twilio: Twilio
) -> None:
    await connect(each_installation, twilio)
    token = await asyncio.to_thread(each_installation.token)
    message_id = await send(each_installation, token, 1)
    await settle(each_installation)
    assert (await read(each_installation, token, message_id))["status"] == "delivered"
    findings = await asyncio.to_thread(each_installation.run, "carriers", "list")
    assert "HOOKLINE_PUBLIC_URL" in findings.stdout.replace("\n", "")


async def test_killed_between_request_and_answer_the_receipt_decides(
    each_installation: Installation, twilio: Twilio
) -> None:
    installation = each_installation
    installation.environment["HOOKLINE_PUBLIC_URL"] = PUBLIC
    twilio.is_stubborn = True
    await connect(installation, twilio, "--response-timeout", "60")
    token = await asyncio.to_thread(installation.token)
    twilio.rules.append(Rule(hangs=True, states=(), times=1))
    message_id = await send(installation, token, 1)
    await twilio.until(lambda: twilio.taken)
    installation.kill()
    told = asyncio.create_task(twilio.tell(twilio.taken[0], "delivered"))
    await asyncio.to_thread(installation.start)
    await told
    await settle(installation)
    assert (await read(installation, token, message_id))["status"] == "delivered"
    assert len(twilio.taken) == 1


async def killed(installation: Installation, _twilio: Twilio, moments: random.Random) -> None:
    installation.kill()
    if moments.random() < 0.3:
        installation.launch()
        await asyncio.sleep(moments.uniform(0.5, 3.0))
        installation.kill()
    await asyncio.to_thread(installation.start)


async def refusing(_installation: Installation, twilio: Twilio, moments: random.Random) -> None:
    """Nobody listens for a while, and what is under way is cut off."""
    await twilio.peer.stop()
    await asyncio.sleep(moments.uniform(0.2, 3))
    await twilio.peer.start()


async def slowed(_installation: Installation, twilio: Twilio, moments: random.Random) -> None:
    code, status = moments.choice(((20429, 429), (21611, 400)))
    twilio.rules.appendleft(Rule(status=status, code=code, times=moments.randrange(1, 30)))
    await asyncio.sleep(2)


async def lost(_installation: Installation, twilio: Twilio, moments: random.Random) -> None:
    """Taken or not, the answer is an error, a broken connection, or none."""
    for manner in ({"status": 500}, {"breaks": True}, {"hangs": True}):
        rule = Rule(times=1, takes=moments.random() < 0.5, **manner)  # type: ignore[arg-type]
        twilio.rules.appendleft(rule)
    await asyncio.sleep(6)
    twilio.rules.clear()


FAULTS: tuple[Fault, ...] = (killed, refusing, slowed, lost)


async def test_no_fault_loses_repeats_or_reorders(
    each_installation: Installation,
    twilio: Twilio,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)  # a failure shows which faults there were
    installation = each_installation
    installation.environment["HOOKLINE_PUBLIC_URL"] = PUBLIC
    twilio.is_stubborn = True
    await connect(installation, twilio)
    token = await asyncio.to_thread(installation.token)
    seed = random.SystemRandom().randrange(2**32)
    moments = random.Random(seed)
    driver = Driver(installation.port, token, f"{receiver.url}/status", RATE, RECIPIENTS)
    faults = [*FAULTS] * (ROUNDS // len(FAULTS) + 1)
    moments.shuffle(faults)
    for number, fault in enumerate(faults[:ROUNDS]):
        log.info("round %d (seed %d): %s", number + 1, seed, fault.__name__)
        driver.start()
        await driver.until_accepted(moments.randrange(1, BETWEEN))
        await fault(installation, twilio, moments)
        await driver.until_accepted(BETWEEN)
        await driver.stop()
        await settle(installation)
        await compare(installation, token, driver, twilio)
    assert not driver.refused, driver.refused[:3]


async def compare(installation: Installation, token: str, driver: Driver, twilio: Twilio) -> None:
    async with client_of(installation, token) as client:
        messages = {one["id"]: one async for one in listed(client, "/v1/messages", "cursor")}
    assert set(driver.accepted) <= messages.keys(), "an accepted message is gone"
    taken = Counter(number_in(one.text) for one in twilio.taken)
    assert [number for number, times in taken.items() if times > 1] == [], "sent twice"
    for one in messages.values():
        if one["status"] == "delivered":
            assert number_in(one["text"]) in taken, f"{one['id']} never reached Twilio"
        else:
            assert (one["status"], one["error"]["code"]) == ("failed", "submit_ambiguous"), one
            assert number_in(one["text"]) not in taken, f"{one['id']} was delivered, in truth"
    texts: dict[str, list[int]] = {}
    for known in twilio.taken:
        texts.setdefault(known.recipient, []).append(number_in(known.text))
    for recipient, numbers in texts.items():
        assert numbers == sorted(numbers), f"out of order at {recipient}: {numbers}"


def number_in(text: str) -> int:
    found = _NUMBERED.match(text)
    assert found is not None, text
    return int(found[1])


async def send(installation: Installation, token: str, number: int, **more: str) -> str:
    body = {"from": NUMBER, "to": ALICE, "text": f"{TEXT}, {number}.", **more}
    async with client_of(installation, token) as client:
        answer = await client.post("/v1/messages", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def read(installation: Installation, token: str, message_id: str) -> Any:
    async with client_of(installation, token) as client:
        return (await client.get(f"/v1/messages/{message_id}")).json()
