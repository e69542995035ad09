"""WAV files of 8 kHz and 16 bit: read in part, measured, and written while the sound comes in.

A file that is being written has another name and a header that says that it is empty; it takes its
name when it is complete. A file without its name is never whole, whatever killed the writer.
"""

import os
import struct
import sys
from array import array
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO, Self

from hookline.voice.audio.samples import RATE_HZ, Samples
from hookline.voice.errors import AudioUnreadable

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_PCM = 1
_WIDTH = 2
_BUFFER_BYTES = 32_768
_CHUNKS_MAX = 64
_DATA_BYTES_MAX = 2**32 - 1 - _HEADER.size


@dataclass(frozen=True, slots=True)
class WavFormat:
    """What is in a file, and where."""

    rate_hz: int
    channels: int
    frames: int
    """Samples of each channel."""
    data_at: int

    @property
    def duration_ms(self) -> int:
        return round(self.frames * 1_000 / self.rate_hz)


def part_of(path: Path) -> Path:
    """Where the file of this name is while it is written."""
    return path.with_name(f"{path.name}.part")


def read_format(path: Path) -> WavFormat:
    """What the file's header says, as far as the file is that long; AudioUnreadable if no WAV."""
    try:
        with path.open("rb") as file:
            return _parse(file, path)
    except OSError as error:
        raise AudioUnreadable(path, error.strerror or "it cannot be read") from error


def read_samples(path: Path, start: int = 0, count: int | None = None) -> Samples:
    """Samples from one on, of all channels in turn; fewer at the end of the file."""
    try:
        with path.open("rb") as file:
            found = _parse(file, path)
            step = found.channels * _WIDTH
            left = max(0, found.frames - start)
            file.seek(found.data_at + start * step)
            data = file.read(step * (left if count is None else min(count, left)))
    except OSError as error:
        raise AudioUnreadable(path, error.strerror or "it cannot be read") from error
    return _from_bytes(data)


def write_wav(path: Path, samples: Samples, *, channels: int = 1) -> None:
    """The whole file at once; it is there completely or not at all."""
    with WavWriter(path, channels=channels) as writer:
        writer.write(samples)
        writer.finish()


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


class WavWriter:
    """Writes a file as its sound comes in. `finish` gives it its name; else `discard` it."""

    def __init__(self, path: Path, *, channels: int = 1, rate_hz: int = RATE_HZ) -> None:
        self._path = path
        self._channels = channels
        self._rate_hz = rate_hz
        self._bytes = 0
        self._waiting = bytearray()
        self._file = part_of(path).open("wb")
        self._file.write(self._header())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    @property
    def frames(self) -> int:
        return self._bytes // (_WIDTH * self._channels)

    @property
    def duration_s(self) -> float:
        return self.frames / self._rate_hz

    def write(self, samples: Samples) -> None:
        """More sound, the channels in turn. A file larger than WAV allows is an OSError."""
        data = _to_bytes(samples)
        self._bytes += len(data)
        if self._bytes > _DATA_BYTES_MAX:
            raise OSError("A WAV file cannot be larger than 4 GiB.")
        self._waiting += data
        if len(self._waiting) >= _BUFFER_BYTES:
            self._flush()

    def finish(self) -> None:
        """Everything is on the disk, then under its name."""
        self._flush()
        self._file.seek(0)
        self._file.write(self._header())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        part_of(self._path).replace(self._path)

    def discard(self) -> None:
        """Forget it. Harmless after `finish`."""
        if not self._file.closed:
            self._file.close()
            part_of(self._path).unlink(missing_ok=True)

    def _flush(self) -> None:
        self._file.write(self._waiting)
        self._waiting.clear()

    def _header(self) -> bytes:
        step = _WIDTH * self._channels
        size = self._bytes
        return _HEADER.pack(
            *(b"RIFF", _HEADER.size - 8 + size, b"WAVE", b"fmt ", 16, _PCM, self._channels),
            *(self._rate_hz, self._rate_hz * step, step, _WIDTH * 8, b"data", size),
        )


def _parse(file: BinaryIO, path: Path) -> WavFormat:
    start = file.read(12)
    if len(start) < 12 or start[:4] != b"RIFF" or start[8:] != b"WAVE":
        raise AudioUnreadable(path, "it is no WAV file")
    shape: tuple[int, int] | None = None
    for _ in range(_CHUNKS_MAX):
        head = file.read(8)
        if len(head) < 8:
            break
        name, size = struct.unpack("<4sI", head)
        if name == b"fmt ":
            shape = _parse_shape(file.read(16), path)
            file.seek(size + size % 2 - 16, os.SEEK_CUR)
        elif name == b"data" and shape:
            at = file.tell()
            there = min(size, os.fstat(file.fileno()).st_size - at)
            return WavFormat(shape[0], shape[1], there // (_WIDTH * shape[1]), at)
        else:
            file.seek(size + size % 2, os.SEEK_CUR)
    raise AudioUnreadable(path, "its header is cut off")


def _parse_shape(chunk: bytes, path: Path) -> tuple[int, int]:
    if len(chunk) < 16:
        raise AudioUnreadable(path, "its header is cut off")
    coding, channels, rate_hz, _, _, bits = struct.unpack("<HHIIHH", chunk)
    if coding != _PCM or bits != _WIDTH * 8 or channels not in {1, 2} or not rate_hz:
        raise AudioUnreadable(path, "it is not PCM of 16 bit with one or two channels")
    return rate_hz, channels


def _to_bytes(samples: Samples) -> bytes:
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    return samples.tobytes()


def _from_bytes(data: bytes) -> Samples:
    samples: Samples = array("h")
    samples.frombytes(data[: len(data) - len(data) % _WIDTH])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples
