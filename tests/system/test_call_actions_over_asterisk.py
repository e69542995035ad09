"""What a call does over a real Asterisk: as its answer URL says, with files that it fetches, with others."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.services.phones import sip_phone, soft_phone
from tests.services.sounds import wav_of
from tests.system.pbx import HUM, LOUD, OTHER_HUM, Pbx, loudness, pick_up
from tests.system.receiver import Receiver, Reply

BRIEF = 1
END = {"hangup": {}}

Json = Any  # Any: JSON


def actions(*wanted: Json) -> Reply:
    return Reply(json.dumps({"actions": wanted}).encode())


def notes(call: Json) -> list[str]:
    return [one["detail"] for one in call["timeline"] if one["status"] == "note"]


def legs(call: Json) -> list[tuple[str, str]]:
    return [(one["role"], one["status"]) for one in call["legs"]]


# --- the answer URL ---------------------------------------------------------------------------------


async def test_an_answer_url_is_asked_again_after_a_gather(pbx: Pbx, receiver: Receiver) -> None:
    prompt = {"say": {"text": "Please press four and two."}}
    gather = {"gather": {"digits": 2, "prompt": prompt}}
    receiver.replies["/answer"] = [actions(gather), actions({"say": {"text": "Thank you."}}, END)]
    async with soft_phone() as phone:
        call_id = await pbx.place(phone.uri, answer_url=f"{receiver.url}/answer")
        await pick_up(phone)
        await receiver.take(1, "/answer")
        await pbx.until(call_id, "in_progress")
        await phone.tell("digits 42")
        call = await pbx.ended(call_id)
    assert (call["status"], call["reason"]) == ("completed", "hangup_action")
    secret = (await pbx.get("/v1/account/signing_secret"))["secret"]
    asked = [Webhook(secret).verify(one.body, one.headers) for one in receiver.at("/answer")]
    assert [(one["event"], one["digits"]) for one in asked] == [
        ("answered", None), ("gathered", "42"),
    ]  # fmt: skip
    assert {one["call"]["id"] for one in asked} == {call_id}


async def test_callers_hear_that_an_answer_url_failed(pbx: Pbx, receiver: Receiver) -> None:
    receiver.replies["/answer"] = [Reply(status="500 Internal Server Error")]
    async with soft_phone() as phone:
        call_id = await pbx.place(phone.uri, answer_url=f"{receiver.url}/answer", record="dual")
        await pick_up(phone)
        call = await pbx.ended(call_id)
    assert (call["status"], call["reason"]) == ("completed", "answer_url_failed")
    assert notes(call) == ["answer_url_failed: It answered 500."]
    said, heard = await pbx.recording(call_id)
    assert max(heard) > LOUD > max(said)
    ends = [one for one in await pbx.events(call_id) if one["type"] == "call.completed"]
    assert ends[0]["data"]["reason"] == "answer_url_failed"


async def test_a_caller_is_answered_from_afar(pbx: Pbx, receiver: Receiver) -> None:
    receiver.replies["/answer"] = [actions({"say": {"text": "Hello."}}, END)]
    await pbx.answer_with(answer_url=f"{receiver.url}/answer")
    async with soft_phone() as caller:
        await pbx.dialled_by(caller)
        call = await pbx.ended(await pbx.incoming())
        await caller.wait_for("ended")
    (asked,) = receiver.at("/answer")
    assert (asked.json["event"], asked.json["call"]["direction"]) == ("answered", "inbound")
    assert (call["status"], call["reason"]) == ("completed", "hangup_action")


# --- play -------------------------------------------------------------------------------------------


async def test_a_file_of_another_rate_is_heard(pbx: Pbx, receiver: Receiver) -> None:
    receiver.replies["/hum.wav"] = [Reply(wav_of(HUM, rate_hz=44_100, channels=2))]
    play = {"play": {"url": f"{receiver.url}/hum.wav"}}
    async with soft_phone() as phone:
        call_id = await pbx.place(phone.uri, actions=[play, END], record="dual")
        await pick_up(phone)
        call = await pbx.ended(call_id)
    assert (call["reason"], notes(call)) == ("hangup_action", [])
    _, heard = await pbx.recording(call_id)
    assert loudness(heard, HUM) > LOUD > loudness(heard, OTHER_HUM)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(status="404 Not Found"), "The server answered 404."),
        (Reply(b"<html>Hello</html>"), "The file cannot be played: it is no WAV file."),
        (Reply(bytes(11 * 2**20)), "The file is larger than 10485760 bytes."),
    ],
    ids=["missing", "no sound", "too large"],
)
async def test_it_goes_on_without_a_file_that_cannot_be_had(
    pbx: Pbx, receiver: Receiver, reply: Reply, why: str
) -> None:
    receiver.replies["/hum.wav"] = [reply]
    play = {"play": {"url": f"{receiver.url}/hum.wav"}}
    async with sip_phone(pbx.asterisk, "answer") as phone:
        call = await pbx.ended(await pbx.place(phone.uri, actions=[play, END]))
        assert await phone.succeeded()
    assert (call["status"], call["reason"]) == ("completed", "hangup_action")
    assert notes(call) == [f"media_failed: {why}"]


async def test_what_asterisk_may_not_read_is_explained(pbx: Pbx) -> None:
    pbx.asterisk.media.chmod(0o700)
    try:
        async with sip_phone(pbx.asterisk, "answer") as phone:
            say = {"say": {"text": "Nobody hears this."}}
            call = await pbx.ended(await pbx.place(phone.uri, actions=[say, END]))
            assert await phone.succeeded()
    finally:
        pbx.asterisk.media.chmod(0o750)
    assert call["reason"] == "hangup_action"
    (note,) = notes(call)
    assert note.startswith("media_failed: Asterisk could not play it. It must see the file")


# --- dial -------------------------------------------------------------------------------------------


async def test_dial_connects_two_and_goes_on(pbx: Pbx, hums: dict[int, Path]) -> None:
    async with soft_phone() as main, soft_phone() as other:
        dial = {"dial": {"to": other.uri, "record": "dual"}}
        call_id = await pbx.place(main.uri, actions=[dial, {"say": {"text": "They left."}}, END])
        await pick_up(main, hums[HUM])
        await pick_up(other, hums[OTHER_HUM])
        await _recorded_for_a_moment(pbx, call_id)
        await other.tell("hangup")
        call = await pbx.ended(call_id)
        await main.wait_for("ended")
    assert (call["status"], call["reason"]) == ("completed", "hangup_action")
    assert legs(call) == [("to", "completed"), ("dial", "completed")]
    assert [one["hangup_by"] for one in call["legs"]] == ["system", "callee"]
    left, right = await pbx.recording(call_id)
    assert loudness(left, HUM) > LOUD > loudness(left, OTHER_HUM)
    assert loudness(right, OTHER_HUM) > LOUD > loudness(right, HUM)


async def test_the_one_who_was_dialled_leaves_with_the_main_leg(
    pbx: Pbx, hums: dict[int, Path]
) -> None:
    async with soft_phone() as main, soft_phone() as other:
        dial = {"dial": {"to": other.uri, "record": "mono"}}
        call_id = await pbx.place(main.uri, actions=[dial, END])
        await pick_up(main, hums[HUM])
        await pick_up(other, hums[OTHER_HUM])
        await _recorded_for_a_moment(pbx, call_id)
        await main.tell("hangup")
        call = await pbx.ended(call_id)
        await other.wait_for("ended")
    assert (call["status"], call["hangup_by"]) == ("completed", "callee")
    assert legs(call) == [("to", "completed"), ("dial", "completed")]
    (heard,) = await pbx.recording(call_id)
    assert loudness(heard, HUM) > LOUD
    assert loudness(heard, OTHER_HUM) > LOUD


async def _recorded_for_a_moment(pbx: Pbx, call_id: str) -> None:
    await pbx.until_recording(call_id)
    await asyncio.sleep(BRIEF)  # of sound


@pytest.mark.parametrize(
    ("scenario", "code", "status"), [("ring", 0, "no_answer"), ("refuse", 486, "busy")]
)
async def test_it_goes_on_when_nobody_takes_what_was_dialled(
    pbx: Pbx, scenario: str, code: int, status: str
) -> None:
    async with (
        sip_phone(pbx.asterisk, "answer") as main,
        sip_phone(pbx.asterisk, scenario, code=code) as other,
    ):
        dial = {"dial": {"to": other.uri, "timeout_seconds": BRIEF}}
        call = await pbx.ended(await pbx.place(main.uri, actions=[dial, END]))
        assert await main.succeeded()
        assert await other.succeeded()
    assert (call["status"], call["reason"]) == ("completed", "hangup_action")
    assert legs(call) == [("to", "completed"), ("dial", status)]
    kinds = [one["type"] for one in await pbx.events(call["id"])]
    assert kinds[-1] == "call.completed"
    assert kinds.count("call.dialing") == 2
