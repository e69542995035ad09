"""Recordings made by a real Asterisk, with sound."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from hookline.voice.audio.tones import tone
from hookline.voice.audio.wav import write_wav
from hookline.voice.port import (
    BridgeId,
    Layout,
    LegId,
    PlaybackEnded,
    PlaybackId,
    Record,
    RecordingEnded,
    RecordingId,
    Tone,
)
from tests.services.asterisk import running_asterisk
from tests.services.phones import SoftPhone, sip_phone, soft_phone
from tests.voice.asterisk.rig import WAIT_S, Rig, loudness, opened, samples
from tests.voice.asterisk.test_sound import talking

LOUD, SILENT = 1_000, 50
RECORDING = RecordingId("rec_1")
LIVE = f"hookline~{RECORDING}.0"
"""Its name on Asterisk while it is made."""
THEIRS, OTHERS, OURS = 440, 850, 1_300


async def saying(phone: SoftPhone, folder: Path, hertz: int) -> None:
    """The phone says a tone for long."""
    file = folder / f"{hertz}.wav"
    write_wav(file, tone(hertz, 20_000))
    await phone.tell(f"play {file}")


def record(
    rig: Rig, folder: Path, legs: Sequence[LegId], layout: Layout = "mono", *, max_s: float = 60.0,
    beep: bool = False,
) -> Path:  # fmt: skip
    path = folder / "kept.wav"
    rig.engine.record(Record(RECORDING, tuple(legs), layout, path, max_s, beep))
    return path


async def kept(rig: Rig, path: Path) -> list[Sequence[int]]:
    """The channels of what was recorded."""
    ended = await rig.heard.wait_for(RecordingEnded)
    assert (ended.is_kept, ended.detail) == (True, None)
    assert not list(path.parent.glob("*.part"))
    await rig.until(lambda: rig.asterisk.get("recordings/stored") == [])
    return await asyncio.to_thread(samples, path)


async def test_leg_and_what_it_hears_are_in_one_channel(rig: Rig, tmp_path: Path) -> None:
    async with soft_phone() as phone:
        leg_id = await talking(rig, phone)
        await saying(phone, tmp_path, THEIRS)
        path = record(rig, tmp_path, [leg_id])
        rig.engine.play(leg_id, PlaybackId("playback_1"), [Tone(OURS, 1_500)])
        await rig.heard.wait_for(PlaybackEnded)
        rig.engine.stop_recording(RECORDING)
        [sound] = await kept(rig, path)
        assert 1.2 < len(sound) / 8_000 < 3
        assert loudness(sound, THEIRS) > LOUD < loudness(sound, OURS)
        assert "Ended" not in rig.heard.of_leg(leg_id)


async def test_one_leg_in_two_channels(rig: Rig, tmp_path: Path) -> None:
    async with soft_phone() as phone:
        leg_id = await talking(rig, phone)
        await saying(phone, tmp_path, THEIRS)
        path = record(rig, tmp_path, [leg_id], "dual")
        rig.engine.play(leg_id, PlaybackId("playback_1"), [Tone(OURS, 1_500)])
        await rig.heard.wait_for(PlaybackEnded)
        rig.engine.stop_recording(RECORDING)
        left, right = await kept(rig, path)
        assert loudness(left, THEIRS) > LOUD < loudness(right, OURS)
        assert loudness(left, OURS) < SILENT > loudness(right, THEIRS)


async def test_two_legs_in_two_channels(rig: Rig, tmp_path: Path) -> None:
    async with soft_phone() as first, soft_phone() as second:
        legs = [await talking(rig, first), await talking(rig, second)]
        await saying(first, tmp_path, THEIRS)
        await saying(second, tmp_path, OTHERS)
        rig.engine.bridge(BridgeId("bridge_1"), legs)
        path = record(rig, tmp_path, legs, "dual")
        await asyncio.sleep(2)
        rig.engine.stop_recording(RECORDING)
        left, right = await kept(rig, path)
        assert loudness(left, THEIRS) > LOUD < loudness(right, OTHERS)
        assert loudness(left, OTHERS) < SILENT > loudness(right, THEIRS)


async def test_two_legs_mixed(rig: Rig, tmp_path: Path) -> None:
    async with soft_phone() as first, soft_phone() as second:
        legs = [await talking(rig, first), await talking(rig, second)]
        await saying(first, tmp_path, THEIRS)
        await saying(second, tmp_path, OTHERS)
        rig.engine.bridge(BridgeId("bridge_1"), legs)
        path = record(rig, tmp_path, legs)
        await asyncio.sleep(2)
        rig.engine.hang_up(legs[0])  # which ends the recording
        [sound] = await kept(rig, path)
        assert loudness(sound, THEIRS) > LOUD < loudness(sound, OTHERS)


async def test_pause_leaves_sound_out(rig: Rig, tmp_path: Path) -> None:
    async with soft_phone() as phone:
        leg_id = await talking(rig, phone)
        path = record(rig, tmp_path, [leg_id])
        await saying(phone, tmp_path, THEIRS)
        await asyncio.sleep(1)
        rig.engine.pause_recording(RECORDING)
        await until_paused(rig)
        rig.engine.play(leg_id, PlaybackId("playback_1"), [Tone(OURS, 1_500), Tone(0, 200)])
        await rig.heard.wait_for(PlaybackEnded)
        rig.engine.resume_recording(RECORDING)
        await asyncio.sleep(1)
        rig.engine.stop_recording(RECORDING)
        [sound] = await kept(rig, path)
        assert 1.5 < len(sound) / 8_000 < 2.9
        assert loudness(sound, THEIRS) > LOUD
        assert loudness(sound, OURS) < SILENT * 2


async def until_paused(rig: Rig) -> None:
    """What is played is another request, which may overtake."""
    async with asyncio.timeout(WAIT_S):
        while await asyncio.to_thread(rig.asterisk.recording_state, LIVE) != "paused":  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_recording_ends_by_itself(rig: Rig, tmp_path: Path) -> None:
    async with soft_phone() as phone:
        path = record(rig, tmp_path, [await talking(rig, phone)], max_s=1.0, beep=True)
        [sound] = await kept(rig, path)
        assert 0.8 < len(sound) / 8_000 < 1.3


@pytest.mark.parametrize("layout", ["mono", "dual"])
async def test_end_of_the_leg_ends_the_recording(rig: Rig, tmp_path: Path, layout: Layout) -> None:
    async with soft_phone() as phone:
        leg_id = await talking(rig, phone)
        await saying(phone, tmp_path, THEIRS)
        path = record(rig, tmp_path, [leg_id], layout)
        await asyncio.sleep(1)
        await phone.tell("hangup")
        await rig.ended(leg_id)
        assert loudness((await kept(rig, path))[0], THEIRS) > LOUD


async def test_recording_of_no_leg_fails(rig: Rig, tmp_path: Path) -> None:
    record(rig, tmp_path, [LegId("leg_gone")])
    ended = await rig.heard.wait_for(RecordingEnded)
    assert not ended.is_kept


async def test_missing_folder_says_what_to_do(asterisk_root: Path, tmp_path: Path) -> None:
    with running_asterisk(with_spool=False) as asterisk:
        async with (
            opened(asterisk, tmp_path) as rig,
            sip_phone(asterisk, "answer") as phone,
        ):
            leg_id = await rig.answered(phone.uri)
            record(rig, tmp_path, [leg_id])
            ended = await rig.heard.wait_for(RecordingEnded)
            assert not ended.is_kept
            assert "/var/spool/asterisk/recording" in (ended.detail or "")
            assert "Ended" not in rig.heard.of_leg(leg_id)
