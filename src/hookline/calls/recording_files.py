"""Where recordings are kept, behind a port: this node's disk today, an object store one day.

Duration, size, digest and shape are measured from the file, never taken from an engine's word: an
engine counts whole seconds, and what was paused is not in the file.
"""

from pathlib import Path
from typing import Protocol

from hookline.calls.steps import FileFacts
from hookline.ids import is_id
from hookline.voice.audio.wav import part_of, read_format, sha256_of
from hookline.voice.audio.waveform import peaks_of_file
from hookline.voice.errors import AudioUnreadable


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
                peaks=peaks_of_file(path),
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
