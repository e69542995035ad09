"""Click to call: the agent first, then the other side, and one side's end is the other's."""

import pytest

from hookline.voice.port import Cause, LegId, Tone
from tests.calls.played import NUMBER, TO, PlayedEngine
from tests.calls.room import AGENT, Room


async def reach_agent(room: Room, engine: PlayedEngine, **changes: object) -> tuple[str, LegId]:
    """The agent has picked up and heard who is called."""
    call_id, agent = await room.place_answered(agent=AGENT, **changes)
    engine.played(await engine.telling("play"))
    return call_id, agent


async def connect(room: Room, engine: PlayedEngine, **changes: object) -> tuple[str, LegId, LegId]:
    call_id, agent = await reach_agent(room, engine, **changes)
    other = (await engine.telling("dial", 2)).leg_id
    engine.ring(other)
    engine.pick_up(other)
    await engine.telling("bridge")
    return call_id, agent, other


async def test_the_agent_hears_who_is_called_before_anybody_rings(
    room: Room, engine: PlayedEngine
) -> None:
    call_id, agent = await room.place_answered(agent=AGENT)
    first = engine.all_told("dial")[0]
    assert (first.to, first.sender, first.context) == (AGENT, NUMBER, f"To call {TO}")
    playback = await engine.telling("play")
    assert str(playback[2][0]) == "Calling 4 4 7 7 0 0 9 0 0 1 2 3."
    assert len(engine.all_told("dial")) == 1
    engine.played(playback)
    second = await engine.telling("dial", 2)
    assert (second.to, second.sender) == (TO, NUMBER)
    ringback = await engine.telling("play", 2)
    assert (ringback[0], ringback[2][0]) == (agent, Tone(425, 1_000))
    assert (await room.get(call_id)).status == "dialing"


async def test_of_a_sip_uri_the_agent_hears_the_user(room: Room, engine: PlayedEngine) -> None:
    await room.place_answered(agent=AGENT, to="sip:reception@10.0.0.7:5060")
    assert str((await engine.telling("play"))[2][0]) == "Calling reception."


async def test_both_are_joined_and_the_call_follows_the_other_side(
    room: Room, engine: PlayedEngine
) -> None:
    call_id, agent, other = await connect(room, engine)
    assert engine.all_told("bridge") == [(agent, other)]
    assert engine.all_told("stop_playing") == [engine.all_told("play")[1][1]]
    await room.until_status("in_progress", call_id)
    told = [
        (event["type"], event["data"]["leg"]["role"], event["data"]["status"])
        for event in await room.events(call_id)
    ]
    assert told == [
        ("call.dialing", "agent", "dialing"),
        ("call.answered", "agent", "dialing"),
        ("call.dialing", "to", "dialing"),
        ("call.ringing", "to", "ringing"),
        ("call.answered", "to", "in_progress"),
    ]


@pytest.mark.parametrize(("who", "by"), [("agent", "agent"), ("other", "callee")])
async def test_when_one_side_hangs_up_so_does_the_other(
    room: Room, engine: PlayedEngine, who: str, by: str
) -> None:
    call_id, agent, other = await connect(room, engine)
    first, second = (agent, other) if who == "agent" else (other, agent)
    engine.end(first)
    assert (await engine.telling("hang_up"))[0] == second
    engine.end(second, by="us")
    call = await room.until_status("completed", call_id)
    assert (call.hangup_by, call.reason) == (by, "hangup")
    await room.check_history(call_id)


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (Cause.BUSY, "agent_busy"),
        (Cause.DECLINED, "agent_busy"),
        (Cause.NO_ANSWER, "agent_no_answer"),
        (Cause.UNAVAILABLE, "agent_unreachable"),
        (Cause.CONGESTION, "agent_unreachable"),
    ],
)
async def test_an_agent_who_is_not_to_be_had_fails_the_call(
    room: Room, engine: PlayedEngine, cause: Cause, reason: str
) -> None:
    call_id = await room.place(agent=AGENT)
    engine.end((await engine.telling("dial")).leg_id, cause)
    call = await room.until_status("failed", call_id)
    assert call.reason == reason
    legs = await room.legs(call_id)
    assert legs["to"].status == "canceled"
    await room.check_history(call_id)


async def test_an_agent_who_leaves_while_it_rings_cancels_the_call(
    room: Room, engine: PlayedEngine
) -> None:
    call_id, agent = await reach_agent(room, engine)
    other = (await engine.telling("dial", 2)).leg_id
    engine.end(agent)
    assert (await engine.telling("hang_up"))[0] == other
    engine.end(other, by="us")
    call = await room.until_status("canceled", call_id)
    assert (call.hangup_by, call.reason) == ("agent", "agent_hung_up")
    await room.check_history(call_id)


async def test_a_busy_other_side_ends_the_call_as_busy(room: Room, engine: PlayedEngine) -> None:
    call_id, agent = await reach_agent(room, engine)
    engine.end((await engine.telling("dial", 2)).leg_id, Cause.BUSY, sip_code=486)
    assert (await engine.telling("hang_up"))[0] == agent
    engine.end(agent, by="us")
    call = await room.until_status("busy", call_id)
    assert (call.hangup_by, call.sip_code) == ("callee", 486)
    await room.check_history(call_id)


async def test_both_sides_are_recorded_each_on_its_channel(
    room: Room, engine: PlayedEngine
) -> None:
    call_id, agent, other = await connect(room, engine, record="dual")
    record = await engine.telling("record")
    assert (record.legs, record.layout) == ((agent, other), "dual")
    engine.end(other)
    engine.end(agent, by="us")
    engine.recorded(record.recording_id)
    event = await room.until_type("recording.completed", record.recording_id)
    assert event["data"]["channels"] == 2
    assert event["data"]["call_id"] == call_id
