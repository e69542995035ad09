"""The sandbox's engine beyond the port: its bound, its end, and what it costs."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hookline.telemetry.link_state import LinkPhase
from hookline.voice.audio.goertzel import has_tone
from hookline.voice.audio.wav import read_samples
from hookline.voice.port import Cause, LegId, Record, RecordingId
from tests.voice.sandbox_world import SandboxWorld
from tests.voice.world import connect, dial


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SandboxWorld]:
    made = SandboxWorld(tmp_path, legs_max=300)
    yield made
    await made.engine.close()


async def test_hundreds_of_legs_at_once(world: SandboxWorld) -> None:
    legs = [dial(world, f"+4477009{number:05}") for number in range(300)]
    for leg_id in legs:
        await world.heard.answered(leg_id)
    assert not world.engine.is_up
    assert world.engine.state().in_flight == 300
    for leg_id in legs:
        world.engine.hang_up(leg_id)
    for leg_id in legs:
        await world.heard.ended(leg_id)
    assert world.engine.is_up


async def test_a_leg_too_many_is_refused(world: SandboxWorld) -> None:
    for number in range(300):
        dial(world, f"+4477009{number:05}")
    ended = await world.heard.ended(dial(world, "+447700999999"))
    assert (ended.cause, ended.sip_code) == (Cause.CONGESTION, 503)
    assert ended.detail


async def test_legs_of_a_closed_engine_are_lost_and_their_recordings_kept(
    world: SandboxWorld,
) -> None:
    leg_id, phone = await connect(world)
    path = world.folder / "kept.wav"
    world.engine.record(Record(RecordingId("rec"), (leg_id,), "mono", path))
    await phone.speak(440, 300)
    await world.engine.close()
    assert world.heard.ends_of(leg_id)[0].cause is Cause.LOST
    assert (await world.heard.recorded(RecordingId("rec"))).is_kept
    assert has_tone(read_samples(path), 440)
    assert (world.engine.is_up, world.engine.state().phase) == (False, LinkPhase.CLOSED)


async def test_a_closed_engine_dials_nobody(world: SandboxWorld) -> None:
    await world.engine.close()
    leg_id = dial(world, "+447700900123")
    await asyncio.sleep(0)
    assert world.heard.of(leg_id) == []


async def test_nothing_moves_while_nothing_is_recorded(world: SandboxWorld) -> None:
    leg_id, _ = await connect(world)
    record = Record(RecordingId("rec"), (leg_id,), "mono", world.folder / "r.wav")
    assert world.engine._recorder._timer is None
    world.engine.record(record)
    assert world.engine._recorder._timer is not None
    world.engine.stop_recording(RecordingId("rec"))
    await world.heard.recorded(RecordingId("rec"))
    await asyncio.sleep(0.15)  # one tick is still due
    assert world.engine._recorder._timer is None


async def test_a_recording_begins_with_a_beep(world: SandboxWorld) -> None:
    leg_id, _ = await connect(world)
    path = world.folder / "beep.wav"
    world.engine.record(Record(RecordingId("rec"), (leg_id,), "dual", path, 0.4, beep=True))
    await world.heard.recorded(RecordingId("rec"))
    samples = read_samples(path)
    assert (has_tone(samples[0::2], 1_000), has_tone(samples[1::2], 1_000)) == (False, True)


async def test_a_leg_that_is_not_there_cannot_be_recorded(world: SandboxWorld) -> None:
    path = world.folder / "never.wav"
    world.engine.record(Record(RecordingId("rec"), (LegId("never"),), "mono", path))
    assert not (await world.heard.recorded(RecordingId("rec"))).is_kept
    assert not path.exists()


async def test_a_recording_without_sound_is_not_kept(world: SandboxWorld) -> None:
    leg_id, _ = await connect(world)
    path = world.folder / "empty.wav"
    world.engine.record(Record(RecordingId("rec"), (leg_id,), "mono", path))
    world.engine.stop_recording(RecordingId("rec"))
    ended = await world.heard.recorded(RecordingId("rec"))
    assert (ended.is_kept, bool(ended.detail)) == (False, True)
    assert list(world.folder.iterdir()) == []
