"""Where Asterisk finds what it is to play: files of this node, and tones that are made here."""

import asyncio
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from hookline.voice.asterisk.errors import MediaUnreadable
from hookline.voice.asterisk.settings import AsteriskSettings
from hookline.voice.audio.tones import tone as tone_of
from hookline.voice.audio.wav import write_wav
from hookline.voice.port import Media, Tone

_TONE_MS_MAX = 600_000
_READABLE = 0o644
_BYTES_MAX = 256 * 2**20
_OURS = re.compile(r"([0-9a-f]{32}|tone-\d+-\d+)\.wav")


class MediaFolder:
    """The folder that Asterisk reads too."""

    def __init__(
        self, settings: AsteriskSettings, data_dir: Path, *, bytes_max: int = _BYTES_MAX
    ) -> None:
        """`data_dir`: for tones, where Asterisk reads this node's own files. `bytes_max`: of ours."""
        self._bytes_max = bytes_max
        self._is_shared = bool(settings.media_dir)
        self._here = Path(settings.media_dir) if self._is_shared else data_dir / "tones"
        self._there = PurePosixPath(settings.media_dir_there or self._here.resolve())

    async def uris(self, media: Sequence[Media]) -> list[str]:
        """As ARI has them. Raises MediaUnreadable."""
        return await asyncio.to_thread(lambda: [self._uri(one) for one in media])

    def _uri(self, media: Media) -> str:
        try:
            if isinstance(media, Tone):
                return self._tone(media)
            return self._file(media)
        except OSError as error:
            raise MediaUnreadable(
                f"It cannot be put where Asterisk reads it: {error.strerror} ({error.filename}). "
                "Check media_dir and its rights."
            ) from error

    def _file(self, path: Path) -> str:
        if not path.is_file():
            raise MediaUnreadable(f"The file {path.name} is not there.")
        path = path.resolve()
        if not self._is_shared:
            return _sound(PurePosixPath(path))
        here = self._here.resolve()
        if path.is_relative_to(here):
            return _sound(self._there / path.relative_to(here))
        status = path.stat()
        facts = f"{path} {status.st_size} {status.st_mtime_ns}"
        name = f"{hashlib.sha256(facts.encode()).hexdigest()[:32]}.wav"
        return self._kept(name, lambda target: _copy(path, target))

    def _tone(self, tone: Tone) -> str:
        milliseconds = min(tone.milliseconds, _TONE_MS_MAX)
        name = f"tone-{tone.hertz}-{milliseconds}.wav"
        return self._kept(name, lambda target: write_wav(target, tone_of(tone.hertz, milliseconds)))

    def _kept(self, name: str, make: Callable[[Path], None]) -> str:
        """A file of the folder, made when it is not there yet; it counts as asked for now."""
        target = self._here / name
        try:
            os.utime(target)
        except FileNotFoundError:
            self._make(target, make)
        return _sound(self._there / name)

    def _make(self, target: Path, make: Callable[[Path], None]) -> None:
        """Nobody sees a half of it."""
        self._here.mkdir(parents=True, exist_ok=True)
        half = target.with_suffix(f".{os.urandom(4).hex()}.part")
        try:
            make(half)
            half.chmod(_READABLE)
            half.replace(target)
        finally:
            half.unlink(missing_ok=True)
        self._make_room(target)

    def _make_room(self, kept: Path) -> None:
        """What was not asked for the longest goes; what others have put there stays."""
        found = [path for path in self._here.glob("*.wav") if _OURS.fullmatch(path.name)]
        facts = sorted((status.st_mtime, status.st_size, path) for path, status in _there(found))
        total = sum(size for _, size, _ in facts)
        for _, size, path in facts:
            if total <= self._bytes_max:
                break
            if path != kept:
                path.unlink(missing_ok=True)
                total -= size


def _there(paths: Sequence[Path]) -> Iterator[tuple[Path, os.stat_result]]:
    """Those that no other node has removed meanwhile."""
    for path in paths:
        with suppress(FileNotFoundError):
            yield path, path.stat()


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def _sound(path: PurePosixPath) -> str:
    """Asterisk adds the extension itself, by the best format that it finds."""
    return f"sound:{path.with_suffix('')}"
