"""Calls of the running program over a real Asterisk, to and from telephones that others wrote."""

import asyncio
from pathlib import Path

import pytest

from tests.services.phones import calling_phone, sip_phone, soft_phone
from tests.system.pbx import HUM, LOUD, OTHER_HUM, OURS, Pbx, loudness, pick_up
from tests.system.receiver import Receiver

BRIEF = 1


# --- a call with actions ----------------------------------------------------------------------------


async def test_a_call_says_gathers_and_records(
    pbx: Pbx, hums: dict[int, Path], receiver: Receiver
) -> None:
    prompt = {"say": {"text": "Please press four and two, and then say who you are."}}
    record = {"record": {"max_seconds": BRIEF, "beep": False}}
    gather = {"gather": {"digits": 2, "prompt": prompt, "then": {"42": [record]}}}
    async with soft_phone() as phone:
        call_id = await pbx.place(phone.uri, actions=[gather], status_url=f"{receiver.url}/status")
        await pick_up(phone, hums[HUM])
        await pbx.until(call_id, "in_progress")
        await phone.tell("digits 42")
        call = await pbx.ended(call_id)
    assert (call["status"], call["hangup_by"], call["reason"]) == (
        "completed", "system", "actions_ended",
    )  # fmt: skip
    (heard,) = await pbx.recording(call_id)
    assert loudness(heard, HUM) > LOUD > loudness(heard, OTHER_HUM)
    events = await pbx.events(call_id)
    kinds = [one["type"] for one in events]
    assert [one for one in kinds if one.startswith("call.")] == [
        "call.dialing", "call.ringing", "call.answered", "call.dtmf", "call.dtmf", "call.completed",
    ]  # fmt: skip
    assert {"recording.started", "recording.completed"} < set(kinds)
    told = {one.json["id"] for one in await receiver.take(len(events), "/status")}
    assert told == {one["id"] for one in events}


# --- nobody to talk to ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "code", "status", "reason", "by"),
    [
        ("refuse", 486, "busy", "busy", "callee"),
        ("ring_refuse", 603, "declined", "declined", "callee"),
        ("refuse", 404, "failed", "not_found", "network"),
        ("refuse", 503, "failed", "congestion", "network"),
        ("refuse", 480, "failed", "unavailable", "network"),
    ],
)
async def test_a_refusal_is_told_as_it_was(
    pbx: Pbx, scenario: str, code: int, status: str, reason: str, by: str
) -> None:
    async with sip_phone(pbx.asterisk, scenario, code=code) as phone:
        call_id = await pbx.place(phone.uri)
        call = await pbx.ended(call_id)
    assert (call["status"], call["reason"], call["sip_code"], call["hangup_by"]) == (
        status, reason, code, by,
    )  # fmt: skip
    assert (await pbx.events(call_id))[-1]["type"] == f"call.{status}"


async def test_a_number_that_nobody_answers_rings_until_the_time_is_up(pbx: Pbx) -> None:
    async with sip_phone(pbx.asterisk, "ring", port=pbx.asterisk.trunk_port) as phone:
        call_id = await pbx.place("+447700900123", ring_timeout_seconds=BRIEF)
        call = await pbx.ended(call_id)
        assert await phone.succeeded()
    assert (call["status"], call["reason"], call["hangup_by"]) == (
        "no_answer", "no_answer", "timer",
    )  # fmt: skip
    kinds = [one["type"] for one in await pbx.events(call_id)]
    assert kinds == ["call.dialing", "call.ringing", "call.no_answer"]


# --- hung up ----------------------------------------------------------------------------------------


async def test_a_call_is_hung_up_while_it_rings(pbx: Pbx) -> None:
    async with sip_phone(pbx.asterisk, "ring") as phone:
        call_id = await pbx.place(phone.uri)
        await pbx.until(call_id, "ringing")
        await pbx.hang_up(call_id)
        call = await pbx.ended(call_id)
        assert await phone.succeeded()
    assert (call["status"], call["hangup_by"]) == ("canceled", "api")


async def test_a_call_is_hung_up_while_they_talk(pbx: Pbx) -> None:
    async with sip_phone(pbx.asterisk, "answer") as phone:
        call_id = await pbx.place(phone.uri, record="mono")
        await pbx.until(call_id, "in_progress")
        await pbx.hang_up(call_id)
        call = await pbx.ended(call_id)
        assert await phone.succeeded()
    assert (call["status"], call["hangup_by"]) == ("completed", "api")


async def test_the_phone_hangs_up_first(pbx: Pbx) -> None:
    async with sip_phone(pbx.asterisk, "hang_up") as phone:
        call_id = await pbx.place(phone.uri)
        call = await pbx.ended(call_id)
        assert await phone.succeeded()
    assert (call["status"], call["hangup_by"]) == ("completed", "callee")


# --- click to call ----------------------------------------------------------------------------------


async def test_click_to_call_records_both_sides(pbx: Pbx, hums: dict[int, Path]) -> None:
    async with soft_phone() as agent, soft_phone() as other:
        call_id = await pbx.place(other.uri, agent=agent.uri, record="dual")
        await pick_up(agent, hums[HUM])
        assert (await pbx.call(call_id))["status"] == "dialing"
        await pick_up(other, hums[OTHER_HUM])
        await pbx.until(call_id, "in_progress")
        await asyncio.sleep(BRIEF)  # of sound
        await agent.tell("hangup")
        call = await pbx.ended(call_id)
        await other.wait_for("ended")
    assert (call["status"], call["hangup_by"]) == ("completed", "agent")
    left, right = await pbx.recording(call_id)
    assert loudness(left, HUM) > LOUD > loudness(left, OTHER_HUM)
    assert loudness(right, OTHER_HUM) > LOUD > loudness(right, HUM)


@pytest.mark.parametrize(
    ("scenario", "code", "reason"), [("refuse", 486, "agent_busy"), ("ring", 0, "agent_no_answer")]
)
async def test_without_its_agent_a_click_to_call_fails(
    pbx: Pbx, scenario: str, code: int, reason: str
) -> None:
    async with sip_phone(pbx.asterisk, scenario, code=code) as agent:
        call_id = await pbx.place("+447700900123", agent=agent.uri, ring_timeout_seconds=BRIEF)
        call = await pbx.ended(call_id)
    assert (call["status"], call["reason"]) == ("failed", reason)
    assert [one["status"] for one in call["legs"] if one["role"] == "to"] == ["canceled"]


# --- calls that come in -----------------------------------------------------------------------------


async def test_a_caller_hears_actions(pbx: Pbx) -> None:
    actions = [{"say": {"text": "Hello."}}, {"hangup": {}}]
    await pbx.answer_with(actions=actions)
    async with calling_phone(pbx.asterisk, "call_in") as phone:
        call_id = await pbx.incoming()
        call = await pbx.ended(call_id)
        assert await phone.succeeded()
    assert (call["status"], call["reason"]) == ("completed", "hangup_action")
    assert (call["from"], call["to"], call["direction"]) == ("+442079460000", OURS, "inbound")
    kinds = [one["type"] for one in await pbx.events(call_id)]
    assert kinds == ["call.incoming", "call.answered", "call.completed"]


async def test_a_caller_reaches_an_agent(pbx: Pbx, hums: dict[int, Path]) -> None:
    async with soft_phone() as agent, soft_phone() as caller:
        await pbx.answer_with(agent=agent.uri, record="mono")
        await caller.tell(f"call sip:{OURS}@127.0.0.1:{pbx.asterisk.sip_port}")
        await pick_up(agent, hums[HUM])
        await caller.wait_for("answered")
        await caller.tell(f"play {hums[OTHER_HUM]}")
        call_id = await pbx.incoming()
        await asyncio.sleep(BRIEF)  # of sound
        await caller.tell("hangup")
        call = await pbx.ended(call_id)
        await agent.wait_for("ended")
    assert (call["status"], call["hangup_by"]) == ("completed", "caller")
    (heard,) = await pbx.recording(call_id)
    assert loudness(heard, HUM) > LOUD
    assert loudness(heard, OTHER_HUM) > LOUD


async def test_a_caller_hears_that_the_agent_is_busy(pbx: Pbx) -> None:
    async with sip_phone(pbx.asterisk, "refuse", code=486) as agent:
        await pbx.answer_with(agent=agent.uri)
        async with calling_phone(pbx.asterisk, "call_in_refused", 486) as caller:
            call = await pbx.ended(await pbx.incoming())
            assert await caller.succeeded()
    assert (call["status"], call["reason"]) == ("busy", "agent_busy")


async def test_a_caller_gives_up_while_the_agent_rings(pbx: Pbx) -> None:
    async with sip_phone(pbx.asterisk, "ring") as agent:
        await pbx.answer_with(agent=agent.uri)
        async with calling_phone(pbx.asterisk, "call_in_give_up") as caller:
            call = await pbx.ended(await pbx.incoming())
            assert await caller.succeeded()
        assert await agent.succeeded()
    assert (call["status"], call["hangup_by"]) == ("canceled", "caller")
