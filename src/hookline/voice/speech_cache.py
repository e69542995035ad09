"""Keeps what was spoken, each sound under a digest with its text beside it, up to a size.

What was not asked for the longest goes first. Several processes may share the folder: a file is
there completely or not at all, and one that another process removed is simply spoken again.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path

_SOUND, _TEXT = ".wav", ".txt"


class SpeechCache:
    """A folder of sounds. `keep` may be called in a thread."""

    def __init__(self, folder: Path, *, bytes_max: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._bytes_max = bytes_max
        self._bytes: int | None = None
        self._lock = threading.Lock()

    def find(self, key: str) -> Path | None:
        """The sound, which counts as asked for now."""
        path = self.folder / f"{key}{_SOUND}"
        try:
            os.utime(path)
        except FileNotFoundError:
            return None
        return path

    def text_of(self, path: Path) -> str | None:
        if path.parent != self.folder:
            return None
        try:
            return path.with_suffix(_TEXT).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def keep(self, key: str, text: str, write: Callable[[Path], None]) -> Path:
        """`write` makes the sound's file; others go when there is no room."""
        path = self.folder / f"{key}{_SOUND}"
        new = self.folder / f"{key}.{os.getpid()}.new"
        write(new)
        path.with_suffix(_TEXT).write_text(text, encoding="utf-8", errors="replace")
        new.replace(path)
        with self._lock:
            if self._bytes is None:
                self._bytes = sum(size for _, size, _ in self._sounds())
            else:
                self._bytes += path.stat().st_size
            if self._bytes > self._bytes_max:
                self._make_room(path)
        return path

    def _make_room(self, kept: Path) -> None:
        """Down to nine tenths, so that not every sound has to look for room."""
        sounds = sorted(self._sounds())
        total = sum(size for _, size, _ in sounds)
        for _, size, path in sounds:
            if total <= self._bytes_max * 9 // 10:
                break
            if path != kept:
                path.unlink(missing_ok=True)
                path.with_suffix(_TEXT).unlink(missing_ok=True)
                total -= size
        self._bytes = total

    def _sounds(self) -> list[tuple[float, int, Path]]:
        found = []
        for path in self.folder.glob(f"*{_SOUND}"):
            try:
                status = path.stat()
            except FileNotFoundError:  # another process made room
                continue
            found.append((status.st_mtime, status.st_size, path))
        return found
