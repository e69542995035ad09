"""Placing a call: what is accepted, and what a call of actions tells from its start to its end."""

from typing import Any

import pytest

from hookline.calls.errors import NoVoiceCarrier, UnknownCaller
from hookline.calls.resource import timeline
from hookline.errors import Invalid
from hookline.numbers.e164 import InvalidNumber
from hookline.numbers.registration import Registration, add_number
from hookline.storage.transaction import Transaction
from hookline.voice.port import Cause
from tests.calls.played import NUMBER, TO, PlayedEngine
from tests.calls.room import Room


async def test_a_call_says_its_text_and_ends(room: Room, engine: PlayedEngine) -> None:
    call_id, leg_id = await room.place_answered(actions=[{"say": {"text": "Hello"}}])
    playback = await engine.telling("play")
    assert [str(path) for path in playback[2]] == ["Hello"]
    engine.played(playback)
    assert (await engine.telling("hang_up"))[0] == leg_id
    engine.end(leg_id, by="us")
    call = await room.until_status("completed", call_id)
    assert (call.hangup_by, call.reason) == ("system", "actions_ended")
    await room.check_history(call_id)


async def test_its_events_tell_the_whole_story(room: Room, engine: PlayedEngine) -> None:
    call_id = await room.place(metadata={"order": "1"})
    leg_id = (await engine.telling("dial")).leg_id
    engine.ring(leg_id)
    engine.pick_up(leg_id)
    engine.end(leg_id)
    await room.until_status("completed", call_id)
    told = await room.events(call_id)
    kinds = ["call.dialing", "call.ringing", "call.answered", "call.completed"]
    assert [event["type"] for event in told] == kinds
    assert [event["sequence"] for event in told] == [1, 2, 3, 4]
    assert {event["data"]["metadata"]["order"] for event in told} == {"1"}
    assert told[0]["data"]["leg"]["role"] == "to"
    assert told[-1]["data"]["hangup_by"] == "callee"


async def test_what_rings_was_committed_before(room: Room, engine: PlayedEngine) -> None:
    call_id = await room.place()
    dial = await engine.telling("dial")
    assert (await room.get(call_id)).status == "dialing"
    assert (dial.to, dial.sender, dial.ring_timeout_s) == (TO, NUMBER, 45)


@pytest.mark.parametrize(
    ("cause", "by", "status", "hangup_by", "reason"),
    [
        (Cause.BUSY, "them", "busy", "callee", "busy"),
        (Cause.DECLINED, "them", "declined", "callee", "declined"),
        (Cause.NO_ANSWER, "us", "no_answer", "timer", "no_answer"),
        (Cause.NO_ANSWER, "network", "no_answer", "network", "no_answer"),
        (Cause.NOT_FOUND, "network", "failed", "network", "not_found"),
        (Cause.UNAVAILABLE, "network", "failed", "network", "unavailable"),
        (Cause.CONGESTION, "network", "failed", "network", "congestion"),
        (Cause.UNREACHABLE, "network", "failed", "network", "unreachable"),
        (Cause.LOST, None, "failed", "system", "engine_lost"),
    ],
)
async def test_how_it_ends_that_is_not_answered(
    room: Room,
    engine: PlayedEngine,
    cause: Cause,
    by: Any,
    status: str,
    hangup_by: str,
    reason: str,
) -> None:
    call_id = await room.place()
    leg_id = (await engine.telling("dial")).leg_id
    engine.ring(leg_id)
    engine.end(leg_id, cause, by, sip_code=480)
    call = await room.until_status(status, call_id)
    assert (call.hangup_by, call.reason, call.sip_code) == (hangup_by, reason, 480)
    await room.check_history(call_id)


async def test_what_can_be_done_about_its_end_is_in_the_timeline(
    room: Room, engine: PlayedEngine
) -> None:
    call_id = await room.place()
    leg_id = (await engine.telling("dial")).leg_id
    engine.end(leg_id, Cause.UNREACHABLE, "network", sip_code=407, detail="Check the password.")
    call = await room.until_status("failed", call_id)
    notes = [one.detail for one in timeline(call) if one.status == "note"]
    assert notes == ["unreachable: Check the password."]
    await room.check_history(call_id)


async def test_a_call_lost_in_progress_has_failed(room: Room, engine: PlayedEngine) -> None:
    call_id, leg_id = await room.place_answered()
    engine.end(leg_id, Cause.LOST, None)
    call = await room.until_status("failed", call_id)
    assert call.reason == "engine_lost"
    await room.check_history(call_id)


async def test_a_test_call_goes_by_the_sandbox(room: Room) -> None:
    call_id = await room.place(by=room.test)
    assert (await room.get(call_id)).carrier_id == "sandbox"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"from": "+12025550999"}, UnknownCaller),
        ({"from": "12"}, InvalidNumber),
        ({"answer_url": "http://127.0.0.1/x"}, Invalid),
        ({"actions": [{"play": {"url": "http://10.0.0.1/x.wav"}}]}, Invalid),
        ({"status_url": "ftp://example.com"}, Invalid),
    ],
)
async def test_what_cannot_be_placed(
    room: Room, body: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await room.place(**body)


async def test_a_number_without_voice_carrier_makes_no_calls(room: Room) -> None:
    async def add(tx: Transaction) -> None:
        wanted = Registration("+12025550191", "sandbox")
        await add_number(tx, room.store, room.live, wanted)

    await room.store.commit(add)
    with pytest.raises(NoVoiceCarrier):
        await room.place(**{"from": "+12025550191"})
