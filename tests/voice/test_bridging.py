"""Legs that hear each other, and are recorded, on every engine."""

import asyncio

from hookline.voice.audio.goertzel import has_tone
from hookline.voice.audio.wav import read_format, read_samples
from hookline.voice.port import BridgeId, Layout, LegId, PlaybackId, Record, RecordingId, Tone
from tests.voice.world import Phone, World, connect, new_id


def record(
    world: World, legs: tuple[LegId, ...], layout: Layout = "mono", *, max_s: float = 60.0
) -> Record:
    recording_id = RecordingId(new_id("rec"))
    made = Record(recording_id, legs, layout, world.folder / f"{recording_id}.wav", max_s)
    world.engine.record(made)
    return made


async def bridge(world: World) -> tuple[BridgeId, tuple[LegId, LegId], tuple[Phone, Phone]]:
    first, one = await connect(world)
    second, other = await connect(world)
    bridge_id = BridgeId(new_id("bridge"))
    world.engine.bridge(bridge_id, [first, second])
    return bridge_id, (first, second), (one, other)


async def talk(one: Phone, other: Phone) -> None:
    """440 Hz from one, 880 Hz from the other."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(one.speak(440, 600))
        tasks.create_task(other.speak(880, 600))


async def test_both_sides_of_a_bridge_are_in_a_mono_recording(world: World) -> None:
    _, legs, phones = await bridge(world)
    recording = record(world, legs)
    await talk(*phones)
    world.engine.stop_recording(recording.recording_id)
    assert (await world.heard.recorded(recording.recording_id)).is_kept
    samples = read_samples(recording.path)
    assert read_format(recording.path).channels == 1
    assert has_tone(samples, 440)
    assert has_tone(samples, 880)


async def test_each_side_has_its_channel_in_a_dual_recording(world: World) -> None:
    _, legs, phones = await bridge(world)
    recording = record(world, legs, "dual")
    await talk(*phones)
    world.engine.stop_recording(recording.recording_id)
    await world.heard.recorded(recording.recording_id)
    samples = read_samples(recording.path)
    left, right = samples[0::2], samples[1::2]
    assert (has_tone(left, 440), has_tone(left, 880)) == (True, False)
    assert (has_tone(right, 440), has_tone(right, 880)) == (False, True)


async def test_a_leg_and_what_it_hears_are_in_its_recording(world: World) -> None:
    leg_id, phone = await connect(world)
    recording = record(world, (leg_id,), "dual")
    world.engine.play(leg_id, PlaybackId(new_id("play")), [Tone(880, 600)])
    await phone.speak(440, 600)
    world.engine.stop_recording(recording.recording_id)
    await world.heard.recorded(recording.recording_id)
    samples = read_samples(recording.path)
    left, right = samples[0::2], samples[1::2]
    assert (has_tone(left, 440), has_tone(left, 880)) == (True, False)
    assert (has_tone(right, 440), has_tone(right, 880)) == (False, True)


async def test_what_is_said_during_a_pause_is_left_out(world: World) -> None:
    leg_id, phone = await connect(world)
    recording = record(world, (leg_id,))
    await phone.speak(440, 400)
    world.engine.pause_recording(recording.recording_id)
    await phone.speak(660, 400)
    world.engine.resume_recording(recording.recording_id)
    await phone.speak(880, 400)
    world.engine.stop_recording(recording.recording_id)
    await world.heard.recorded(recording.recording_id)
    samples = read_samples(recording.path)
    assert [has_tone(samples, hertz) for hertz in (440, 660, 880)] == [True, False, True]


async def test_a_recording_ends_with_its_leg(world: World) -> None:
    leg_id, phone = await connect(world)
    recording = record(world, (leg_id,))
    await phone.speak(440, 400)
    await phone.hang_up()
    assert (await world.heard.recorded(recording.recording_id)).is_kept
    assert has_tone(read_samples(recording.path), 440)


async def test_a_recording_ends_with_the_last_of_its_legs(world: World) -> None:
    _, legs, phones = await bridge(world)
    recording = record(world, legs, "dual")
    await talk(*phones)
    await phones[0].hang_up()
    await phones[1].hang_up()
    assert (await world.heard.recorded(recording.recording_id)).is_kept
    assert 300 <= read_format(recording.path).duration_ms <= 2_000


async def test_a_recording_ends_when_its_time_is_up(world: World) -> None:
    leg_id, _ = await connect(world)
    recording = record(world, (leg_id,), max_s=1.0)
    assert (await world.heard.recorded(recording.recording_id)).is_kept
    assert 800 <= read_format(recording.path).duration_ms <= 1_200


async def test_a_recording_that_cannot_be_written_is_reported(world: World) -> None:
    leg_id, _ = await connect(world)
    recording_id = RecordingId(new_id("rec"))
    nowhere = world.folder / "missing" / "recording.wav"
    world.engine.record(Record(recording_id, (leg_id,), "mono", nowhere))
    world.engine.stop_recording(recording_id)
    ended = await world.heard.recorded(recording_id)
    assert (ended.is_kept, bool(ended.detail)) == (False, True)


async def test_one_leg_that_ends_does_not_end_the_other(world: World) -> None:
    _, (first, second), (one, other) = await bridge(world)
    await one.hang_up()
    await world.heard.ended(first)
    await other.press("5")
    await world.heard.until(lambda: world.heard.digits_of(second) == "5")
    assert not world.heard.ends_of(second)


async def test_a_dissolved_bridge_leaves_its_legs(world: World) -> None:
    bridge_id, (first, second), (one, _) = await bridge(world)
    world.engine.unbridge(bridge_id)
    await one.press("5")
    await world.heard.until(lambda: world.heard.digits_of(first) == "5")
    assert not world.heard.ends_of(second)
