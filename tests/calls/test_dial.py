"""Dialling somebody else from within a call, and going on when they have left."""

from hookline.calls.steps import TimerRang
from hookline.voice.port import Cause, LegId
from tests.calls.played import NUMBER, PlayedEngine
from tests.calls.room import AGENT, Room

ACTIONS = [
    {"dial": {"to": AGENT, "timeout_seconds": 20, "record": "mono"}},
    {"say": {"text": "They have left"}},
]


async def dial_other(room: Room, engine: PlayedEngine) -> tuple[str, LegId, LegId]:
    call_id, main = await room.place_answered(actions=ACTIONS)
    dial = await engine.telling("dial", 2)
    assert (dial.to, dial.sender, dial.ring_timeout_s) == (AGENT, NUMBER, 20)
    return call_id, main, dial.leg_id


async def test_the_two_are_joined_and_recorded(room: Room, engine: PlayedEngine) -> None:
    _, main, other = await dial_other(room, engine)
    engine.pick_up(other)
    assert await engine.telling("bridge") == (main, other)
    assert (await engine.telling("record")).legs == (main, other)


async def test_it_goes_on_when_the_other_side_leaves(room: Room, engine: PlayedEngine) -> None:
    call_id, main, other = await dial_other(room, engine)
    engine.pick_up(other)
    await engine.telling("bridge")
    engine.end(other)
    await engine.telling("unbridge")
    playback = await engine.telling("play", 2)
    assert (playback[0], str(playback[2][0])) == (main, "They have left")
    assert (await room.get(call_id)).status == "in_progress"


async def test_the_recording_ends_with_the_connection(room: Room, engine: PlayedEngine) -> None:
    call_id, main = await room.place_answered(actions=[ACTIONS[0], ACTIONS[0]])
    for number in (1, 2):
        other = (await engine.telling("dial", 1 + number)).leg_id
        engine.pick_up(other)
        record = await engine.telling("record", number)
        assert record.legs == (main, other)
        engine.end(other)
        assert await engine.telling("stop", number) == record.recording_id
    assert len(room.desk.runs[call_id].live.recordings) == 2


async def test_a_call_that_is_recorded_stays_so(room: Room, engine: PlayedEngine) -> None:
    await room.place_answered(record="mono", actions=ACTIONS)
    other = (await engine.telling("dial", 2)).leg_id
    engine.pick_up(other)
    await engine.telling("bridge")
    engine.end(other)
    await engine.telling("play", 2)
    assert len(engine.all_told("record")) == 1
    assert not engine.all_told("stop")


async def test_it_goes_on_when_nobody_answers(room: Room, engine: PlayedEngine) -> None:
    call_id, _, other = await dial_other(room, engine)
    engine.end(other, Cause.NO_ANSWER, "us")
    playback = await engine.telling("play", 2)
    assert str(playback[2][0]) == "They have left"
    assert (await room.legs(call_id))["dial"].status == "no_answer"


async def test_who_leaves_first_takes_the_other_along(room: Room, engine: PlayedEngine) -> None:
    call_id, main, other = await dial_other(room, engine)
    engine.pick_up(other)
    await engine.telling("bridge")
    engine.end(main)
    assert (await engine.telling("hang_up"))[0] == other
    engine.end(other, by="us")
    call = await room.until_status("completed", call_id)
    assert call.hangup_by == "callee"
    await room.check_history(call_id)


async def test_a_leg_that_the_engine_forgets_does_not_hold_the_call(
    room: Room, engine: PlayedEngine
) -> None:
    call_id, main, other = await dial_other(room, engine)
    engine.end(main)
    await engine.telling("hang_up")
    run = room.desk.runs[call_id]
    run._timers[f"gone:{other}"].cancel()
    run.put(TimerRang(f"gone:{other}"))
    await room.until_status("completed", call_id)
    legs = await room.legs(call_id)
    assert (legs["dial"].status, legs["dial"].reason) == ("failed", "engine_lost")
    await room.check_history(call_id)
