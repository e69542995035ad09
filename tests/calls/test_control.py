"""What is asked of a live call: hang up, say, send digits, record; and how long a call may last."""

import pytest

from hookline.calls.errors import CallNotLive, NotRecording, RecordingUnderWay
from hookline.errors import NotFound
from hookline.voice.port import Cause
from tests.calls.played import TO, PlayedEngine
from tests.calls.room import Room, another_node

STAY = [{"pause": {"seconds": 300}}]


async def test_hanging_up_a_ringing_call_cancels_it(room: Room, engine: PlayedEngine) -> None:
    call_id = await room.place()
    leg_id = (await engine.telling("dial")).leg_id
    engine.ring(leg_id)
    await room.hang_up(call_id)
    assert (await engine.telling("hang_up"))[0] == leg_id
    engine.end(leg_id, by="us")
    call = await room.until_status("canceled", call_id)
    assert (call.hangup_by, call.reason) == ("api", "hangup")
    await room.check_history(call_id)


async def test_hanging_up_a_call_in_progress_completes_it(room: Room, engine: PlayedEngine) -> None:
    call_id, leg_id = await room.place_answered(actions=STAY)
    await room.until_status("in_progress", call_id)
    await room.hang_up(call_id)
    await engine.telling("hang_up")
    engine.end(leg_id, by="us")
    call = await room.until_status("completed", call_id)
    assert call.hangup_by == "api"
    await room.check_history(call_id)


async def test_who_picks_up_while_we_hang_up_ends_as_completed(
    room: Room, engine: PlayedEngine
) -> None:
    call_id = await room.place(actions=STAY)
    leg_id = (await engine.telling("dial")).leg_id
    await room.hang_up(call_id)
    await engine.telling("hang_up")
    engine.pick_up(leg_id)
    engine.end(leg_id, by="us")
    await room.until_status("completed", call_id)
    await room.check_history(call_id)


async def test_a_busy_line_that_was_given_up_is_canceled(room: Room, engine: PlayedEngine) -> None:
    call_id = await room.place()
    leg_id = (await engine.telling("dial")).leg_id
    await room.hang_up(call_id)
    await engine.telling("hang_up")
    engine.end(leg_id, Cause.BUSY)
    await room.until_status("canceled", call_id)
    assert (await room.legs(call_id))["to"].status == "busy"
    await room.check_history(call_id)


async def test_an_ended_call_cannot_be_hung_up(room: Room, engine: PlayedEngine) -> None:
    call_id = await room.place()
    engine.end((await engine.telling("dial")).leg_id, Cause.BUSY)
    await room.until_status("busy", call_id)
    with pytest.raises(CallNotLive):
        await room.hang_up(call_id)
    with pytest.raises(NotFound):
        await room.hang_up("call_00000000000000000000000000")


async def test_another_node_hangs_up_a_call_that_runs_here(
    room: Room, engine: PlayedEngine
) -> None:
    call_id, leg_id = await room.place_answered(actions=STAY)
    await room.until_status("in_progress", call_id)
    async with another_node(room) as other:
        await other.hang_up(call_id)
    await room.conductor.obey()
    assert (await engine.telling("hang_up"))[0] == leg_id


async def test_a_call_that_no_node_has_is_canceled_at_once(room: Room) -> None:
    await room.engines.remove(room.carrier_id)
    call_id = await room.place()
    call = await room.hang_up(call_id)
    assert (call.status, call.hangup_by) == ("canceled", "api")
    assert await room.types(call_id) == ["call.canceled"]
    await room.check_history(call_id)


async def test_something_is_said_beside_the_actions(room: Room, engine: PlayedEngine) -> None:
    call_id, leg_id = await room.place_answered(actions=STAY)
    await room.until_status("in_progress", call_id)
    await room.act(call_id, say={"text": "By the way"})
    playback = await engine.telling("play")
    assert (playback[0], str(playback[2][0])) == (leg_id, "By the way")
    engine.played(playback)
    await room.act(call_id, send_digits="1w2")
    assert await engine.telling("send_digits") == (leg_id, "1w2")


async def test_digits_are_sent_after_the_answer(room: Room, engine: PlayedEngine) -> None:
    _, leg_id = await room.place_answered(actions=STAY, send_digits="ww42#")
    assert await engine.telling("send_digits") == (leg_id, "ww42#")


async def test_nothing_can_be_done_on_a_call_that_rings(room: Room, engine: PlayedEngine) -> None:
    call_id = await room.place()
    await engine.telling("dial")
    with pytest.raises(CallNotLive):
        await room.act(call_id, send_digits="1")


async def test_recording_is_started_paused_resumed_and_stopped(
    room: Room, engine: PlayedEngine
) -> None:
    call_id, leg_id = await room.place_answered(actions=STAY)
    await room.until_status("in_progress", call_id)
    with pytest.raises(NotRecording):
        await room.act(call_id, record="pause")
    await room.act(call_id, record="start")
    record = await engine.telling("record")
    assert (record.legs, record.layout) == ((leg_id,), "mono")
    with pytest.raises(RecordingUnderWay):
        await room.act(call_id, record="start")
    for command in ("pause", "resume", "stop"):
        await room.act(call_id, record=command)
        assert await engine.telling(command) == record.recording_id
    engine.recorded(record.recording_id)
    event = await room.until_type("recording.completed", record.recording_id)
    assert event["data"]["duration_ms"] == 1_000


async def test_the_longest_duration_ends_a_call(room: Room, engine: PlayedEngine) -> None:
    call_id, leg_id = await room.place_answered(actions=STAY, max_duration_seconds=1)
    await engine.telling("hang_up")
    engine.end(leg_id, by="us")
    call = await room.until_status("completed", call_id)
    assert (call.hangup_by, call.reason) == ("timer", "max_duration")
    assert call.recipient == TO
