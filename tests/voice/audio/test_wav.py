"""WAV files: there whole or not at all, and measured as they are."""

import signal
import subprocess
import sys
import wave
from array import array
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hookline.voice.audio.tones import tone
from hookline.voice.audio.wav import (
    WavWriter,
    part_of,
    read_format,
    read_samples,
    sha256_of,
    write_wav,
)
from hookline.voice.errors import AudioUnreadable

SAMPLES = st.lists(st.integers(-32_768, 32_767), max_size=500).map(lambda items: array("h", items))


def test_a_file_is_what_other_programs_read(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    sound = tone(440, 250)
    write_wav(path, sound)
    with wave.open(str(path)) as read:
        assert read.getparams()[:4] == (1, 2, 8_000, 2_000)
        assert read.readframes(2_000) == sound.tobytes()
    assert read_format(path).duration_ms == 250
    assert sha256_of(path) == sha256(path.read_bytes()).hexdigest()


@settings(max_examples=50, deadline=None)
@given(parts=st.lists(SAMPLES, max_size=5), start=st.integers(0, 600), count=st.integers(0, 600))
def test_what_is_written_in_parts_is_read_in_parts(
    tmp_path_factory: pytest.TempPathFactory, parts: list["array[int]"], start: int, count: int
) -> None:
    path = tmp_path_factory.mktemp("wav") / "parts.wav"
    whole = array("h")
    with WavWriter(path) as writer:
        for part in parts:
            writer.write(part)
            whole += part
        writer.finish()
    assert read_samples(path) == whole
    assert read_samples(path, start, count) == whole[start : start + count]


def test_a_killed_writer_leaves_no_file_of_the_name(tmp_path: Path) -> None:
    path = tmp_path / "killed.wav"
    writer = WavWriter(path)
    writer.write(tone(440, 10_000))
    assert not path.exists()
    assert part_of(path).stat().st_size > 100_000
    assert read_format(part_of(path)).frames == 0
    writer.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_cut_off_is_as_long_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    write_wav(path, tone(440, 1_000))
    path.write_bytes(path.read_bytes()[:-8_000])
    assert read_format(path).duration_ms == 500
    assert len(read_samples(path)) == 4_000


def test_chunks_that_are_not_known_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "chunks.wav"
    write_wav(path, tone(440, 100))
    data = path.read_bytes()
    path.write_bytes(data[:36] + b"LIST\x03\x00\x00\x00abc\x00" + data[36:])
    assert read_format(path).duration_ms == 100
    assert read_samples(path) == tone(440, 100)


@pytest.mark.parametrize(
    "data",
    [b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b"ID3" + bytes(50), b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0"],
)
def test_what_is_no_wav_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(data)
    with pytest.raises(AudioUnreadable, match=r"broken\.wav"):
        read_format(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioUnreadable, match="No such file"):
        read_samples(tmp_path / "missing.wav")


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_octets_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.wav"
    path.write_bytes(b"RIFF\0\0\0\0WAVE" + data)
    with suppress(AudioUnreadable):
        assert len(read_samples(path)) <= len(data)


def test_a_recorder_killed_at_work_leaves_what_nobody_takes_for_whole(tmp_path: Path) -> None:
    path = tmp_path / "killed.wav"
    program = f"""
import os, signal
from pathlib import Path
from hookline.voice.audio.tones import tone
from hookline.voice.audio.wav import WavWriter
writer = WavWriter(Path({str(path)!r}))
writer.write(tone(440, 10_000))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=20)
    assert done.returncode == -signal.SIGKILL
    assert not path.exists()
    assert read_format(part_of(path)).frames == 0
