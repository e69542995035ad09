"""Where recordings are kept, behind a port: this node's disk today, an object store one day.

Duration, size, digest and shape are measured from the file, never taken from an engine's word: an
engine counts whole seconds, and what was paused is not in the file.
"""

from itertools import pairwise
from pathlib import Path
from typing import Protocol

from hookline.calls.steps import FileFacts
from hookline.ids import is_id
from hookline.voice.audio.wav import WavFormat, part_of, read_format, read_samples, sha256_of
from hookline.voice.errors import AudioUnreadable

_PEAKS = 200
_LOUDEST = 32_768


class RecordingFiles(Protocol):
    """The store of recordings. Its calls block: they belong into a thread."""

    def path(self, recording_id: str) -> Path:
        """Where an engine is to write it; the folder exists."""
        ...

    def find(self, recording_id: str) -> Path | None:
        """The finished file, if it is there."""
        ...

    def list_ids(self) -> list[str]:
        """Of every recording that something is there of."""
        ...

    def measure(self, recording_id: str) -> FileFacts | None:
        """What the finished file says; None when there is none that can be read."""
        ...

    def remove(self, recording_id: str) -> None:
        """Harmless when there is none."""
        ...


class LocalRecordings:
    """Recordings in a folder, each named by its id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, recording_id: str) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._named(recording_id)

    def find(self, recording_id: str) -> Path | None:
        path = self._named(recording_id)
        return path if path.is_file() else None

    def list_ids(self) -> list[str]:
        names = (path.name.partition(".")[0] for path in self._folder.glob("rec_*"))
        return sorted({name for name in names if is_id("rec", name)})

    def measure(self, recording_id: str) -> FileFacts | None:
        path = self._named(recording_id)
        try:
            shape = read_format(path)
            return FileFacts(
                duration_ms=shape.duration_ms,
                channels=shape.channels,
                bytes=path.stat().st_size,
                sha256=sha256_of(path),
                peaks=_peaks(path, shape),
            )
        except (AudioUnreadable, OSError):
            return None

    def remove(self, recording_id: str) -> None:
        path = self._named(recording_id)
        path.unlink(missing_ok=True)
        part_of(path).unlink(missing_ok=True)

    def _named(self, recording_id: str) -> Path:
        if not is_id("rec", recording_id):
            raise ValueError(f"{recording_id!r} is no id of a recording")
        return self._folder / f"{recording_id}.wav"


def _peaks(path: Path, shape: WavFormat) -> tuple[tuple[int, ...], ...]:
    """A row a channel of the loudest sample of each stretch, 0 to 100; a stretch is held at a time."""
    stretches = min(_PEAKS, shape.frames)
    bounds = [shape.frames * number // stretches for number in range(stretches + 1) if stretches]
    rows: list[list[int]] = [[] for _ in range(shape.channels)]
    for start, stop in pairwise(bounds):
        samples = read_samples(path, start, stop - start)
        for channel, row in enumerate(rows):
            side = samples[channel :: shape.channels]
            loudest = max(max(side, default=0), -min(side, default=0))
            row.append(round(loudest * 100 / _LOUDEST))
    return tuple(map(tuple, rows))
