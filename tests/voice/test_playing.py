"""What a leg is played, and keys both ways, on every engine."""

from hookline.voice.audio.tones import tone
from hookline.voice.audio.wav import write_wav
from hookline.voice.port import PlaybackEnded, PlaybackId, Tone
from tests.voice.world import World, connect, new_id


def new_playback() -> PlaybackId:
    return PlaybackId(new_id("play"))


async def test_a_tone_is_played_to_its_end(world: World) -> None:
    leg_id, phone = await connect(world)
    playback_id = new_playback()
    world.engine.play(leg_id, playback_id, [Tone(440, 300)])
    await phone.hears_tone(440)
    ended = await world.heard.played(playback_id)
    assert (ended.leg_id, ended.is_played) == (leg_id, True)


async def test_a_file_takes_as_long_as_its_sound(world: World) -> None:
    leg_id, _ = await connect(world)
    path = world.folder / "prompt.wav"
    write_wav(path, tone(440, 400))
    playback_id = new_playback()
    began = await world.heard.answered(leg_id)
    world.engine.play(leg_id, playback_id, [path, Tone(0, 100)])
    ended = await world.heard.played(playback_id)
    assert ended.is_played
    assert ended.at - began.at >= 450


async def test_playbacks_of_a_leg_follow_each_other(world: World) -> None:
    leg_id, _ = await connect(world)
    playbacks = [new_playback() for _ in range(3)]
    for playback_id in playbacks:
        world.engine.play(leg_id, playback_id, [Tone(440, 100)])
    await world.heard.played(playbacks[-1])
    ends = [item for item in world.heard.of(leg_id) if isinstance(item, PlaybackEnded)]
    assert [item.playback_id for item in ends] == playbacks


async def test_a_stopped_playback_ends_at_once_and_the_next_begins(world: World) -> None:
    leg_id, phone = await connect(world)
    long, short = new_playback(), new_playback()
    world.engine.play(leg_id, long, [Tone(440, 60_000)])
    world.engine.play(leg_id, short, [Tone(880, 200)])
    await phone.hears_tone(440)
    world.engine.stop_playing(long)
    await world.heard.played(long)
    await phone.hears_tone(880)
    assert (await world.heard.played(short)).is_played


async def test_a_playback_that_waits_can_be_stopped(world: World) -> None:
    leg_id, phone = await connect(world)
    long, waiting = new_playback(), new_playback()
    world.engine.play(leg_id, long, [Tone(440, 60_000)])
    world.engine.play(leg_id, waiting, [Tone(880, 200)])
    await phone.hears_tone(440)
    world.engine.stop_playing(waiting)
    await world.heard.played(waiting)
    world.engine.stop_playing(long)
    await world.heard.played(long)


async def test_a_file_that_is_not_there_is_reported(world: World) -> None:
    leg_id, _ = await connect(world)
    playback_id = new_playback()
    world.engine.play(leg_id, playback_id, [world.folder / "missing.wav"])
    ended = await world.heard.played(playback_id)
    assert not ended.is_played
    assert ended.detail


async def test_the_leg_can_end_while_something_is_played(world: World) -> None:
    leg_id, phone = await connect(world)
    world.engine.play(leg_id, new_playback(), [Tone(440, 60_000)])
    await phone.hears_tone(440)
    await phone.hang_up()
    assert (await world.heard.ended(leg_id)).by == "them"


async def test_keys_of_the_other_side_are_reported_in_order(world: World) -> None:
    leg_id, phone = await connect(world)
    await phone.press("1209*#")
    await world.heard.until(lambda: len(world.heard.digits_of(leg_id)) == 6)
    assert world.heard.digits_of(leg_id) == "1209*#"


async def test_keys_of_ours_are_heard(world: World) -> None:
    leg_id, phone = await connect(world)
    world.engine.send_digits(leg_id, "12w*#")
    await phone.hears_digits("12*#")
