"""Text to speech: the port, and the voice of espeak-ng.

espeak-ng is a program of its own under the GPL and is only ever run, never linked. What was said once
is kept on the disk, with its text beside it, until newer sounds need the room.
"""

import asyncio
import os
import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from hookline.settings import Settings
from hookline.voice.audio.resampling import resample
from hookline.voice.audio.wav import read_format, read_samples, write_wav
from hookline.voice.errors import (
    AudioUnreadable,
    SpeechFailed,
    SpeechMissing,
    SpeechTooLong,
    VoiceMissing,
)
from hookline.voice.speech_cache import SpeechCache

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)
_VARIANTS = {"female": "f3", "male": "m3"} | {
    name: name for name in ("f1", "f2", "f3", "f4", "m1", "m2", "m3", "m4", "m5", "m6", "m7")
}
VOICES = tuple(_VARIANTS)
"""What `voice` may be; each speaks every language."""
_ERROR_KEPT = 300


class Speech(Protocol):
    """What says a text."""

    async def say(
        self, text: str, *, language: str | None = None, voice: str | None = None
    ) -> Path:
        """A WAV file of 8 kHz and mono that says it. `language` is a BCP 47 tag such as en-GB.

        Raises SpeechMissing, VoiceMissing, SpeechTooLong, SpeechFailed.
        """
        ...

    def text_of(self, path: Path) -> str | None:
        """What a file of `say` says; None for other files."""
        ...


@dataclass(frozen=True, slots=True)
class SpeechLimits:
    """From the settings."""

    timeout_s: float
    text_max: int
    """Characters."""
    processes_max: int


class EspeakSpeech:
    """Speaks by espeak-ng; the same words twice at once are spoken once."""

    def __init__(
        self, cache: SpeechCache, limits: SpeechLimits, *, language: str, program: str = "espeak-ng"
    ) -> None:
        """`language` is spoken where none is asked for."""
        self._cache = cache
        self._limits = limits
        self._language = language
        self._program = program
        self._turns = asyncio.Semaphore(limits.processes_max)
        self._languages: frozenset[str] | None = None
        self._under_way: dict[str, asyncio.Task[Path]] = {}

    async def say(
        self, text: str, *, language: str | None = None, voice: str | None = None
    ) -> Path:
        if len(text) > self._limits.text_max:
            raise SpeechTooLong(self._limits.text_max)
        name = await self.find_voice(language, voice)
        key = sha256(f"{name}\0{text}".encode(errors="replace")).hexdigest()
        known = self._cache.find(key)
        if known is not None:
            return known
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(self._make(key, name, text))
            task.add_done_callback(partial(self._made, key))
        return await asyncio.shield(task)

    async def find_voice(self, language: str | None = None, voice: str | None = None) -> str:
        """What espeak-ng calls it. Raises SpeechMissing, VoiceMissing, SpeechFailed."""
        return voice_name(language or self._language, voice, await self._known_languages())

    def text_of(self, path: Path) -> str | None:
        return self._cache.text_of(path)

    async def close(self) -> None:
        """End what is being spoken; whoever waits for it is cancelled."""
        tasks = tuple(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _made(self, key: str, task: asyncio.Task[Path]) -> None:
        self._under_way.pop(key, None)
        if not task.cancelled():
            task.exception()  # seen, also when nobody waits any more

    async def _known_languages(self) -> frozenset[str]:
        if self._languages is None:
            listed = await self._run("--voices")
            self._languages = languages_in(listed.decode(errors="replace"))
        return self._languages

    async def _make(self, key: str, name: str, text: str) -> Path:
        raw = self._cache.folder / f"{key}.{os.getpid()}.raw"
        try:
            spoken = text.replace("[[", "[ [")  # else read as phonemes
            await self._run("-v", name, "-b", "1", "--stdin", "-w", str(raw), said=spoken)
            return await asyncio.to_thread(self._keep, key, text, raw)
        except (OSError, AudioUnreadable) as error:
            raise SpeechFailed(f"What was spoken could not be kept: {error}") from error
        finally:
            raw.unlink(missing_ok=True)

    def _keep(self, key: str, text: str, raw: Path) -> Path:
        if not raw.exists():
            raise SpeechFailed("espeak-ng wrote no sound. Is there anything to say in the text?")
        samples = resample(read_samples(raw), read_format(raw).rate_hz)
        return self._cache.keep(key, text, lambda path: write_wav(path, samples))

    async def _run(self, *arguments: str, said: str = "") -> bytes:
        """What it prints. The text goes by standard input, so that it is never an option."""
        program = shutil.which(self._program)
        if program is None:
            raise SpeechMissing
        pipe = asyncio.subprocess.PIPE
        # A program that is told nothing may be gone before its input is closed, which uvloop minds.
        given = said.encode(errors="replace") or None
        source = asyncio.subprocess.DEVNULL if given is None else pipe
        async with self._turns:
            try:
                process = await asyncio.create_subprocess_exec(
                    program, *arguments, stdin=source, stdout=pipe, stderr=pipe
                )
            except OSError as error:
                raise SpeechFailed(f"espeak-ng could not be started: {error}") from error
            try:
                async with asyncio.timeout(self._limits.timeout_s):
                    printed, complaint = await process.communicate(given)
            except TimeoutError as error:
                raise SpeechFailed("espeak-ng took too long. Try a shorter text.") from error
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.communicate()
        if process.returncode:
            why = complaint.decode(errors="replace").strip()[:_ERROR_KEPT]
            raise SpeechFailed(f"espeak-ng failed with status {process.returncode}: {why}")
        return printed


def open_speech(settings: Settings) -> EspeakSpeech:
    """The node's speech, with its sounds in the data folder."""
    cache = SpeechCache(settings.data_dir / "speech", bytes_max=settings.speech_cache_bytes_max)
    limits = SpeechLimits(
        timeout_s=settings.speech_timeout_s,
        text_max=settings.speech_text_max,
        processes_max=settings.speech_processes_max,
    )
    return EspeakSpeech(cache, limits, language=settings.speech_language)


def languages_in(listed: str) -> frozenset[str]:
    """The languages in what `espeak-ng --voices` prints, in lower case."""
    rows = (line.split() for line in listed.splitlines()[1:])
    return frozenset(row[1].lower() for row in rows if len(row) > 1)


def voice_name(language: str, voice: str | None, known: Collection[str]) -> str:
    """What espeak-ng calls the voice; VoiceMissing when it has none for the language.

    A region that it does not know is spoken as the language is spoken elsewhere.
    """
    variant = "" if voice is None else _VARIANTS.get(voice.lower())
    if variant is None:
        raise VoiceMissing(voice or "")
    if not _LANGUAGE.fullmatch(language):
        raise VoiceMissing(language)
    wanted = language.lower()
    main = wanted.split("-", 1)[0]
    elsewhere = sorted(tag for tag in known if tag.startswith(f"{main}-"))
    for tag in (wanted, main, *elsewhere[:1]):
        if tag in known:
            return f"{tag}+{variant}" if variant else tag
    raise VoiceMissing(language)
