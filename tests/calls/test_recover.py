"""Calls of a node that is gone: what was dialled has failed, exactly once; what was queued goes on."""

import asyncio
from typing import Any

import pytest

from hookline.clock import HOUR_MS, ManualClock
from hookline.storage.store import Store
from hookline.voice.port import Cause, Lost
from tests.calls.played import PlayedEngine
from tests.calls.room import Room, another_node

STAY = [{"pause": {"seconds": 300}}]


def later(store: Store) -> ManualClock:
    """By it every lease of the first node has run out."""
    return ManualClock(store.now() + HOUR_MS)


async def test_a_call_in_progress_has_failed_with_its_legs_and_recordings(
    room: Room, engine: PlayedEngine
) -> None:
    call_id, _ = await room.place_answered(actions=STAY, record="mono")
    record = await engine.telling("record")
    async with another_node(room, clock=later(room.store)) as heir:
        assert await heir.recover() == 1
        assert await heir.recover() == 0
    call = await room.get(call_id)
    assert (call.status, call.hangup_by, call.reason) == ("failed", "system", "node_lost")
    assert (await room.types(record.recording_id))[-1] == "recording.failed"
    await room.check_history(call_id)


async def test_the_old_node_can_add_nothing(room: Room, engine: PlayedEngine) -> None:
    call_id, leg_id = await room.place_answered(actions=STAY)
    await room.until_status("in_progress", call_id)
    async with another_node(room, clock=later(room.store)) as heir:
        await heir.recover()
    engine.press(leg_id, "1")
    assert (await engine.telling("hang_up"))[0] == leg_id
    assert (await room.types(call_id)).count("call.failed") == 1
    assert "call.dtmf" not in await room.types(call_id)


async def test_a_queued_call_is_taken_by_another_node(room: Room) -> None:
    async with another_node(room) as other:
        call_id = await other.place()
    await room.conductor.claim()
    assert (await room.engine.telling("dial")).to
    assert (await room.get(call_id)).owner == room.leases.node


async def test_a_call_that_no_engine_takes_in_time_has_failed(room: Room) -> None:
    async with another_node(room, clock=later(room.store)) as other:
        await room.engines.remove(room.carrier_id)
        call_id = await room.place()
        await other.conductor.claim()
        call = await other.until_status("failed", call_id)
    assert call.reason == "carrier_unavailable"
    await room.check_history(call_id)


async def test_a_call_that_nothing_runs_any_more_has_failed(
    room: Room, engine: PlayedEngine, clock: ManualClock
) -> None:
    call_id, _ = await room.place_answered(actions=STAY)
    await room.until_status("in_progress", call_id)
    runner = room.conductor._running.pop(call_id)
    await room.conductor.end_forsaken()
    assert (await room.get(call_id)).status == "in_progress"
    clock.advance(seconds=60)
    await room.conductor.end_forsaken()
    call = await room.get(call_id)
    assert (call.status, call.reason) == ("failed", "internal_error")
    room.conductor._running[call_id] = runner  # so that the room can forget it


async def test_a_call_that_breaks_has_failed_and_leaves_nobody_on_the_line(
    room: Room, engine: PlayedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError("as nobody foresaw")

    monkeypatch.setattr(engine, "send_digits", break_down)
    call_id, leg_id = await room.place_answered(actions=STAY)
    await room.until_status("in_progress", call_id)
    await room.act(call_id, send_digits="1")
    assert (await engine.telling("hang_up"))[0] == leg_id
    call = await room.until_status("failed", call_id)
    assert (call.hangup_by, call.reason) == ("system", "internal_error")
    await room.check_history(call_id)


async def test_a_closed_engine_ends_its_calls(room: Room) -> None:
    call_id, _ = await room.place_answered(actions=STAY)
    await room.until_status("in_progress", call_id)
    await room.engines.remove(room.carrier_id)
    call = await room.until_status("failed", call_id)
    assert call.reason == "engine_lost"


async def test_an_engine_that_lost_track_is_asked_for_the_legs_that_run(
    room: Room, engine: PlayedEngine
) -> None:
    _, leg_id = await room.place_answered(actions=STAY)
    await room.until_type("call.answered")
    engine.happened(Lost(room.store.now(), "The connection was lost."))
    assert engine.reconciled[-1] == {leg_id}


async def test_a_leg_about_to_be_dialled_is_not_asked_for(room: Room, engine: PlayedEngine) -> None:
    fan_out = room.fan_out.fan_out

    async def lose_track(*arguments: Any) -> Any:
        """After the first move is decided, before the engine is told."""
        engine.happened(Lost(room.store.now(), "The connection was lost."))
        return await fan_out(*arguments)

    room.fan_out.fan_out = lose_track  # type: ignore[method-assign]  # a fake of ours
    await room.place()
    await engine.telling("dial")
    assert engine.reconciled[-1] == set()


async def test_a_lost_leg_is_hung_up_should_it_live_on(room: Room, engine: PlayedEngine) -> None:
    call_id, leg_id = await room.place_answered(actions=STAY)
    engine.end(leg_id, Cause.LOST, "network")
    await room.until_status("failed", call_id)
    assert (await engine.telling("hang_up"))[0] == leg_id


async def test_a_call_waits_for_an_engine_whose_link_is_down(
    room: Room, engine: PlayedEngine
) -> None:
    engine.is_up = False
    call_id = await room.place()
    await room.conductor.claim()
    assert (await room.get(call_id)).status == "queued"
    engine.is_up = True
    engine.happened(Lost(room.store.now(), "The connection is there again."))
    await engine.telling("dial")


async def test_a_clean_stop_hangs_up_what_runs(room: Room, engine: PlayedEngine) -> None:
    call_id, leg_id = await room.place_answered(actions=STAY)
    await room.until_status("in_progress", call_id)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(room.conductor.stop())
        await engine.telling("hang_up")
        engine.end(leg_id, by="us")
    call = await room.until_status("completed", call_id)
    assert (call.hangup_by, call.reason) == ("system", "server_stopping")
