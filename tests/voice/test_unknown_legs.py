"""Commands about what is not there, and legs that an engine has lost, on every engine."""

from pathlib import Path

from hookline.voice.port import (
    BridgeId,
    Cause,
    Engine,
    LegId,
    PlaybackId,
    Record,
    RecordingEnded,
    RecordingId,
    Tone,
)
from tests.voice.world import World, connect, new_id


async def test_commands_about_what_is_not_there_do_nothing(world: World) -> None:
    leg_id, phone = await connect(world)
    before = len(world.heard.happenings)
    _command(world.engine, LegId(new_id("leg")), world.folder)
    await phone.press("1")
    await world.heard.until(lambda: world.heard.digits_of(leg_id) == "1")
    reported = world.heard.happenings[before:]
    recordings = [item for item in reported if isinstance(item, RecordingEnded)]
    assert all(not item.is_kept for item in recordings)
    assert len(reported) - len(recordings) == 1


def _command(engine: Engine, leg_id: LegId, folder: Path) -> None:
    engine.answer(leg_id)
    engine.hang_up(leg_id)
    engine.play(leg_id, PlaybackId(new_id("play")), [Tone(440, 100)])
    engine.stop_playing(PlaybackId(new_id("play")))
    engine.send_digits(leg_id, "1")
    engine.bridge(BridgeId(new_id("bridge")), [leg_id])
    engine.unbridge(BridgeId(new_id("bridge")))
    recording_id = RecordingId(new_id("rec"))
    engine.record(Record(recording_id, (leg_id,), "mono", folder / "never.wav"))
    engine.pause_recording(recording_id)
    engine.resume_recording(recording_id)
    engine.stop_recording(recording_id)


async def test_a_leg_that_is_not_there_is_lost(world: World) -> None:
    leg_id = LegId(new_id("leg"))
    world.engine.reconcile([leg_id])
    assert (await world.heard.ended(leg_id)).cause is Cause.LOST


async def test_a_leg_that_is_there_and_known_goes_on(world: World) -> None:
    leg_id, phone = await connect(world)
    world.engine.reconcile([leg_id])
    await phone.press("1")
    await world.heard.until(lambda: world.heard.digits_of(leg_id) == "1")
    assert not world.heard.ends_of(leg_id)


async def test_a_leg_that_is_there_and_not_known_is_hung_up(world: World) -> None:
    _, phone = await connect(world)
    world.engine.reconcile([])
    await phone.is_over()


async def test_a_leg_ends_once_though_the_engine_is_opened_anew(world: World) -> None:
    leg_id, _ = await connect(world)
    await world.reopen()
    world.engine.reconcile([] if world.heard.ends_of(leg_id) else [leg_id])
    world.engine.hang_up(leg_id)
    await world.heard.ended(leg_id)
    assert len(world.heard.ends_of(leg_id)) == 1
