"""Calls that come in: an agent rings, actions run, an answer URL is asked, a message is taken."""

from typing import Any

import msgspec
import pytest

from hookline.compat import v3
from hookline.events.model import EventType
from hookline.numbers import store as number_sql
from hookline.numbers.call_actions import action_list
from hookline.numbers.inbound_voice import InboundVoice
from hookline.numbers.registration import set_inbound_voice
from hookline.storage.transaction import Transaction
from hookline.voice.port import Cause, LegId
from tests.calls.played import NUMBER, TO, PlayedEngine
from tests.calls.room import AGENT, Json, Room


async def configure(room: Room, **inbound_voice: Any) -> None:
    """What becomes of calls for NUMBER."""
    wanted = InboundVoice.model_validate(inbound_voice)

    async def put(tx: Transaction) -> None:
        (row,) = await tx.execute(number_sql.by_number(room.account_id, NUMBER))
        await set_inbound_voice(tx, room.store, room.live, row.id, wanted)

    await room.store.commit(put)


async def come_in(room: Room, engine: PlayedEngine) -> tuple[str, LegId, Json]:
    """A call is there; its id, the caller's leg, and what was told of it."""
    caller = engine.come_in(name="Mara")
    event = await room.until_type("call.incoming")
    return event["data"]["id"], caller, event


async def test_a_trunk_may_leave_the_plus_out(room: Room, engine: PlayedEngine) -> None:
    engine.come_in(recipient=NUMBER.removeprefix("+"))
    event = await room.until_type("call.incoming")
    assert event["data"]["to"] == NUMBER


async def test_an_incoming_call_is_told_of_also_in_the_v3_form(
    room: Room, engine: PlayedEngine
) -> None:
    _, _, event = await come_in(room, engine)
    data = event["data"]
    assert (data["direction"], data["status"], data["from"]) == ("inbound", "ringing", TO)
    body = v3.build(EventType.CALL_INCOMING, msgspec.json.encode(event))
    assert msgspec.json.decode(body or b"") == {
        "caller_id_name": "Mara",
        "caller_id_number": TO,
        "destination_number": NUMBER,
    }


async def test_without_configuration_the_caller_is_turned_away(
    room: Room, engine: PlayedEngine
) -> None:
    call_id, caller, _ = await come_in(room, engine)
    assert await engine.telling("hang_up") == (caller, Cause.UNAVAILABLE)
    engine.end(caller, by="us")
    call = await room.until_status("failed", call_id)
    assert call.reason == "not_configured"
    await room.check_history(call_id)


async def test_a_number_that_nobody_has_is_not_found(room: Room, engine: PlayedEngine) -> None:
    caller = engine.come_in(recipient="+12025550999")
    assert await engine.telling("hang_up") == (caller, Cause.NOT_FOUND)


async def test_actions_run_once_the_caller_is_answered(room: Room, engine: PlayedEngine) -> None:
    await configure(room, actions=[{"say": {"text": "Welcome"}}])
    call_id, caller, _ = await come_in(room, engine)
    assert await engine.telling("answer") == caller
    engine.pick_up(caller)
    playback = await engine.telling("play")
    assert (playback[0], str(playback[2][0])) == (caller, "Welcome")
    engine.end(caller)
    call = await room.until_status("completed", call_id)
    assert call.hangup_by == "caller"
    await room.check_history(call_id)


async def test_an_answer_url_is_asked(room: Room, engine: PlayedEngine) -> None:
    await configure(room, answer_url="https://example.com/in")
    room.answers.actions = [action_list.validate_python([{"say": {"text": "Asked"}}])]
    _, caller, _ = await come_in(room, engine)
    await engine.telling("answer")
    engine.pick_up(caller)
    assert str((await engine.telling("play"))[2][0]) == "Asked"


async def test_an_agent_rings_and_is_joined_with_the_caller(
    room: Room, engine: PlayedEngine
) -> None:
    await configure(room, agent=AGENT, record="dual")
    call_id, caller, _ = await come_in(room, engine)
    dial = await engine.telling("dial")
    assert (dial.to, dial.sender, dial.sender_name) == (AGENT, TO, "Mara")
    engine.pick_up(dial.leg_id)
    assert await engine.telling("answer") == caller
    engine.pick_up(caller)
    assert await engine.telling("bridge") == (caller, dial.leg_id)
    assert (await engine.telling("record")).layout == "dual"
    engine.end(dial.leg_id)
    await engine.telling("hang_up")
    engine.end(caller, by="us")
    call = await room.until_status("completed", call_id)
    assert call.hangup_by == "agent"


@pytest.mark.parametrize(
    ("cause", "status", "refusal", "reason"),
    [
        (Cause.BUSY, "busy", Cause.BUSY, "agent_busy"),
        (Cause.NO_ANSWER, "no_answer", Cause.NO_ANSWER, "agent_no_answer"),
        (Cause.DECLINED, "declined", Cause.DECLINED, "agent_busy"),
        (Cause.UNAVAILABLE, "failed", Cause.UNAVAILABLE, "agent_unreachable"),
    ],
)
async def test_an_agent_who_is_not_to_be_had(
    room: Room, engine: PlayedEngine, cause: Cause, status: str, refusal: Cause, reason: str
) -> None:
    await configure(room, agent=AGENT)
    call_id, caller, _ = await come_in(room, engine)
    engine.end((await engine.telling("dial")).leg_id, cause)
    assert await engine.telling("hang_up") == (caller, refusal)
    engine.end(caller, by="us")
    call = await room.until_status(status, call_id)
    assert call.reason == reason
    await room.check_history(call_id)


async def test_voicemail_takes_a_message(room: Room, engine: PlayedEngine) -> None:
    await configure(room, agent=AGENT, voicemail=True)
    call_id, caller, _ = await come_in(room, engine)
    engine.end((await engine.telling("dial")).leg_id, Cause.NO_ANSWER, "us")
    await engine.telling("answer")
    engine.pick_up(caller)
    engine.played(await engine.telling("play"))
    record = await engine.telling("record")
    assert (record.legs, record.beep, record.max_s) == ((caller,), True, 180)
    engine.end(caller)
    engine.recorded(record.recording_id)
    call = await room.until_status("completed", call_id)
    event = await room.until_type("recording.completed", record.recording_id)
    assert (call.hangup_by, event["data"]["call_id"]) == ("caller", call_id)


async def test_a_caller_who_gives_up_takes_the_agent_along(
    room: Room, engine: PlayedEngine
) -> None:
    await configure(room, agent=AGENT)
    call_id, caller, _ = await come_in(room, engine)
    agent = (await engine.telling("dial")).leg_id
    engine.end(caller)
    assert (await engine.telling("hang_up"))[0] == agent
    engine.end(agent, by="us")
    call = await room.until_status("canceled", call_id)
    assert call.hangup_by == "caller"
    await room.check_history(call_id)


async def test_a_caller_who_is_gone_before_the_commit_is_not_forgotten(
    room: Room, engine: PlayedEngine
) -> None:
    await configure(room, actions=[{"say": {"text": "Welcome"}}])
    caller = engine.come_in()
    engine.end(caller)
    event = await room.until_type("call.canceled")
    await room.check_history(event["data"]["id"])
