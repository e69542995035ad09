"""WAV files of 8 kHz and 16 bit: tones to play, and recordings put together.

Asterisk writes the lengths into a file's head when the recording ends: one that was cut off has
wrong ones. So lengths are taken from the file, and every kept recording gets a head of our own.
"""

import math
import struct
from array import array
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

RATE = 8_000
_WIDTH = 2
_LEVEL = 0.25
_FADE_S = 0.005
_CHUNK_SAMPLES = 64 * 1_024
_HEAD_BYTES_MAX = 4_096
_HEAD = struct.Struct("<4sI4s4sIHHIIHH4sI")


def write_tone(path: Path, hertz: int, milliseconds: int) -> None:
    """A sine with soft edges, or silence for 0 Hz."""
    count = RATE * milliseconds // 1_000
    fade = max(1, int(RATE * _FADE_S))
    step = 2 * math.pi * hertz / RATE
    samples = array(
        "h",
        (
            int(32_767 * _LEVEL * min(1.0, n / fade, (count - n) / fade) * math.sin(step * n))
            for n in range(count)
        ),
    )
    with path.open("wb") as file:
        file.write(_head(1, count * _WIDTH))
        file.write(samples.tobytes())


def join(sources: Sequence[Path], skip: Sequence[float], target: Path) -> int:
    """Each mono source becomes a channel of the target; shorter ones end in silence.

    `skip`: seconds of silence before each. Returns the samples of the longest. Raises OSError,
    ValueError when a source is no such WAV.
    """
    with ExitStack() as files:
        inputs = [files.enter_context(path.open("rb")) for path in sources]
        for file in inputs:
            _seek_samples(file)
        output = files.enter_context(target.open("wb"))
        output.write(_head(len(inputs), 0))
        gaps = [bytes(_WIDTH * round(RATE * seconds)) for seconds in skip]
        written = 0
        while count := _copy(inputs, gaps, output):
            written += count
        output.seek(0)
        output.write(_head(len(inputs), written * _WIDTH * len(inputs)))
    return written


def _copy(inputs: Sequence[BinaryIO], gaps: list[bytes], output: BinaryIO) -> int:
    """One chunk of every channel. Returns its samples."""
    chunks: list[array[int]] = []
    for number, file in enumerate(inputs):
        gap, gaps[number] = gaps[number], b""
        data = gap + file.read(_CHUNK_SAMPLES * _WIDTH)
        chunks.append(array("h", data[: len(data) // _WIDTH * _WIDTH]))
    count = max(len(chunk) for chunk in chunks)
    mixed = array("h", bytes(count * _WIDTH * len(chunks)))
    for number, chunk in enumerate(chunks):
        chunk.extend([0] * (count - len(chunk)))
        mixed[number :: len(chunks)] = chunk
    output.write(mixed.tobytes())
    return count


def _seek_samples(file: BinaryIO) -> None:
    """Move to the first sample: behind the head of the chunk `data`."""
    head = file.read(_HEAD_BYTES_MAX)
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        raise ValueError("it is no WAV file")
    at = 12
    while at + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, at)
        if name == b"data":
            file.seek(at + 8)
            return
        if name == b"fmt " and struct.unpack_from("<HHI", head, at + 8) != (1, 1, RATE):
            raise ValueError("it is no WAV of 8 kHz, mono")
        at += 8 + size + size % 2
    raise ValueError("it has no samples")


def _head(channels: int, data_bytes: int) -> bytes:
    frame = channels * _WIDTH
    return _HEAD.pack(
        b"RIFF", 36 + data_bytes, b"WAVE", b"fmt ", 16, 1, channels, RATE, RATE * frame, frame,
        8 * _WIDTH, b"data", data_bytes,
    )  # fmt: skip
