"""Puts what Asterisk recorded of each side together into one file.

Asterisk writes the lengths into a file's head when the recording ends: one that was cut off by its
death says that it is empty. So whatever is behind the head counts.
"""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from hookline.voice.audio.samples import RATE_HZ, Samples, samples_in
from hookline.voice.audio.wav import WavWriter, read_format
from hookline.voice.errors import AudioUnreadable

_WIDTH = 2
_CHUNK_BYTES = 128 * 1_024


def join(sources: Sequence[Path], delays_ms: Sequence[float], target: Path) -> bool:
    """Each mono source becomes a channel of the target; a shorter one ends in silence.

    `delays_ms`: how much silence comes before each. False when there is no sound at all, and so no
    file. Raises OSError, AudioUnreadable.
    """
    with ExitStack() as files:
        inputs = [files.enter_context(path.open("rb")) for path in sources]
        for path, file in zip(sources, inputs, strict=True):
            _seek_sound(path, file)
        gaps = [bytes(_WIDTH * samples_in(delay)) for delay in delays_ms]
        writer = files.enter_context(WavWriter(target, channels=len(sources)))
        while _copy(inputs, gaps, writer):
            continue
        if writer.frames:
            writer.finish()
        return bool(writer.frames)


def _copy(inputs: Sequence[BinaryIO], gaps: list[bytes], writer: WavWriter) -> bool:
    """One chunk of every channel; False at the end of all."""
    chunks = []
    for number, file in enumerate(inputs):
        gap, gaps[number] = gaps[number], b""
        data = file.read(_CHUNK_BYTES)
        chunks.append(_samples(gap + data))
    count = max(len(chunk) for chunk in chunks)
    if len(chunks) == 1:
        writer.write(chunks[0])
        return count > 0
    mixed = Samples("h", bytes(_WIDTH * count * len(chunks)))
    for number, chunk in enumerate(chunks):
        chunk.extend([0] * (count - len(chunk)))
        mixed[number :: len(chunks)] = chunk
    writer.write(mixed)
    return count > 0


def _samples(data: bytes) -> Samples:
    samples = Samples("h", data[: len(data) // _WIDTH * _WIDTH])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _seek_sound(path: Path, file: BinaryIO) -> None:
    found = read_format(path)
    if (found.rate_hz, found.channels) != (RATE_HZ, 1):
        raise AudioUnreadable(path, "it is not 8 kHz, mono")
    file.seek(found.data_at)
