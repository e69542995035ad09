"""What is said and heard on a real Asterisk: digits, playbacks and bridges, with a telephone on pjsua2."""

import asyncio
from pathlib import Path

from hookline.voice.audio.tones import tone
from hookline.voice.audio.wav import write_wav
from hookline.voice.port import (
    Answered,
    BridgeId,
    Digit,
    LegId,
    PlaybackEnded,
    PlaybackId,
    Tone,
)
from tests.services.phones import SoftPhone, soft_phone
from tests.voice.asterisk.rig import Rig, loudness, samples

LOUD, QUIET = 2_000, 300
PLAYBACK = PlaybackId("playback_1")


async def talking(rig: Rig, phone: SoftPhone) -> LegId:
    """A leg that the phone has answered."""
    leg_id = rig.dial(phone.uri)
    await phone.wait_for("incoming")
    await phone.tell("answer")
    await phone.wait_for("answered")
    await rig.heard.wait_for(Answered, lambda one: one.leg_id == leg_id)
    return leg_id


async def test_digits_are_heard(rig: Rig) -> None:
    async with soft_phone() as phone:
        leg_id = await talking(rig, phone)
        await phone.tell("digits 12#")
        await rig.heard.wait_for(Digit, lambda one: one.digit == "#")
        digits = [(one.leg_id, one.digit) for one in rig.heard.of(Digit)]
        assert digits == [(leg_id, "1"), (leg_id, "2"), (leg_id, "#")]
        assert all(one.duration_ms > 0 for one in rig.heard.of(Digit))


async def test_digits_are_sent_with_a_pause(rig: Rig) -> None:
    async with soft_phone() as phone:
        leg_id = await talking(rig, phone)
        rig.engine.send_digits(leg_id, "4w2*")
        await phone.wait_for("digit", 3)
        assert phone.digits() == "42*"


async def test_file_and_tones_are_played_in_order(rig: Rig, tmp_path: Path) -> None:
    file, heard = tmp_path / "said.wav", tmp_path / "heard.wav"
    write_wav(file, tone(440, 600))
    async with soft_phone() as phone:
        leg_id = await talking(rig, phone)
        await phone.tell(f"record {heard}")
        rig.engine.play(leg_id, PLAYBACK, [file, Tone(0, 200), Tone(1_000, 600)])
        ended = await rig.heard.wait_for(PlaybackEnded)
        assert (ended.playback_id, ended.leg_id, ended.is_played) == (PLAYBACK, leg_id, True)
        rig.engine.hang_up(leg_id)
        await phone.wait_for("ended")
        await phone.tell("quit")
        await phone.process.wait()
    sound = (await asyncio.to_thread(samples, heard))[0]
    first, second = sound[: len(sound) // 2], sound[len(sound) // 2 :]
    assert loudness(sound, 440) > QUIET < loudness(sound, 1_000)
    assert loudness(first, 440) > loudness(second, 440)


async def test_playbacks_of_a_leg_follow_each_other(rig: Rig) -> None:
    async with soft_phone() as phone:
        leg_id = await talking(rig, phone)
        for number in range(3):
            rig.engine.play(leg_id, PlaybackId(f"playback_{number}"), [Tone(700, 150)])
        await rig.heard.wait_for(PlaybackEnded, lambda one: one.playback_id == "playback_2")
        ended = [one.playback_id for one in rig.heard.of(PlaybackEnded)]
        assert ended == ["playback_0", "playback_1", "playback_2"]


async def test_playback_is_stopped_by_a_digit(rig: Rig) -> None:
    """Barge-in."""
    async with soft_phone() as phone:
        leg_id = await talking(rig, phone)
        rig.engine.play(leg_id, PLAYBACK, [Tone(440, 30_000)])
        await phone.tell("digits 5")
        await rig.heard.wait_for(Digit)
        rig.engine.stop_playing(PLAYBACK)
        ended = await rig.heard.wait_for(PlaybackEnded)
        assert ended.is_played
        rig.engine.stop_playing(PLAYBACK)  # is not there any more


async def test_missing_file_is_told(rig: Rig, tmp_path: Path) -> None:
    async with soft_phone() as phone:
        leg_id = await talking(rig, phone)
        rig.engine.play(leg_id, PLAYBACK, [tmp_path / "nothing.wav"])
        ended = await rig.heard.wait_for(PlaybackEnded)
        assert not ended.is_played
        assert "nothing.wav" in (ended.detail or "")


async def test_unreadable_file_is_told(rig: Rig, tmp_path: Path) -> None:
    file = rig.asterisk.media / "odd.wav"
    file.write_bytes(b"no sound")
    async with soft_phone() as phone:
        leg_id = await talking(rig, phone)
        rig.engine.play(leg_id, PLAYBACK, [file])
        ended = await rig.heard.wait_for(PlaybackEnded)
        assert not ended.is_played
        assert "media_dir" in (ended.detail or "")


async def test_playback_ends_before_its_leg(rig: Rig) -> None:
    async with soft_phone() as phone:
        leg_id = await talking(rig, phone)
        rig.engine.play(leg_id, PLAYBACK, [Tone(440, 30_000)])
        await phone.tell("hangup")
        await rig.ended(leg_id)
        assert rig.heard.of_leg(leg_id)[-2:] == ["PlaybackEnded", "Ended"]


async def test_legs_on_a_bridge_hear_each_other(rig: Rig, tmp_path: Path) -> None:
    said, heard = tmp_path / "tone.wav", tmp_path / "heard.wav"
    write_wav(said, tone(850, 5_000))
    async with soft_phone() as first, soft_phone() as second:
        legs = [await talking(rig, first), await talking(rig, second)]
        rig.engine.bridge(BridgeId("bridge_1"), legs)
        await second.tell(f"record {heard}")
        await first.tell(f"play {said}")
        await asyncio.sleep(1.5)
        await first.tell("digits 7")
        digit = await rig.heard.wait_for(Digit)
        assert digit.leg_id == legs[0]
        rig.engine.hang_up(legs[0])
        await rig.ended(legs[0])
        assert "Ended" not in rig.heard.of_leg(legs[1])
        rig.engine.unbridge(BridgeId("bridge_1"))
        rig.engine.play(legs[1], PLAYBACK, [Tone(440, 100)])
        assert (await rig.heard.wait_for(PlaybackEnded)).is_played
        await second.tell("quit")
        await second.process.wait()
    assert loudness((await asyncio.to_thread(samples, heard))[0], 850) > LOUD
