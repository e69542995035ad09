"""Recordings of both sides put together, also what Asterisk's death has cut off."""

from pathlib import Path

import pytest

from hookline.voice.asterisk.joining import join
from hookline.voice.audio.goertzel import has_tone
from hookline.voice.audio.tones import tone
from hookline.voice.audio.wav import read_format, read_samples, write_wav
from hookline.voice.errors import AudioUnreadable

_SIZE_AT = 40


def said(folder: Path, hertz: int, milliseconds: int) -> Path:
    path = folder / f"{hertz}.wav"
    write_wav(path, tone(hertz, milliseconds))
    return path


def test_each_side_has_its_channel_and_its_delay(tmp_path: Path) -> None:
    sides = [said(tmp_path, 440, 20_000), said(tmp_path, 880, 500)]
    target = tmp_path / "whole.wav"
    assert join(sides, [0, 250], target)
    found = read_format(target)
    assert (found.channels, found.duration_ms) == (2, 20_000)
    right = read_samples(target)[1::2]
    assert not any(right[:1_999])
    assert not any(right[6_001:])
    assert has_tone(right[2_000:6_000], 880)
    assert not list(tmp_path.glob("*.part"))


def test_sound_behind_a_head_that_says_nothing_counts(tmp_path: Path) -> None:
    path = said(tmp_path, 440, 500)
    data = bytearray(path.read_bytes())
    data[_SIZE_AT : _SIZE_AT + 4] = bytes(4)
    path.write_bytes(data + b"x")
    assert join([path], [0], tmp_path / "whole.wav")
    assert read_format(tmp_path / "whole.wav").duration_ms == 500


def test_no_sound_makes_no_file(tmp_path: Path) -> None:
    assert not join([said(tmp_path, 440, 0)], [0], tmp_path / "whole.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["440.wav"]


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.wav"
    path.write_bytes(b"no sound")
    with pytest.raises(AudioUnreadable):
        join([path], [0], tmp_path / "whole.wav")
