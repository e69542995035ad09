"""From a text or a URL to a WAV file that an engine can play: 8 kHz, mono, 16 bit, on this disk."""

import asyncio
import os
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from hookline import __version__
from hookline.errors import Invalid
from hookline.numbers.call_actions import Play, Say
from hookline.outbound.http_client import HttpClient
from hookline.settings import Settings
from hookline.voice.audio.resampling import resample
from hookline.voice.audio.samples import RATE_HZ
from hookline.voice.audio.wav import read_format, read_samples, write_wav
from hookline.voice.errors import AudioUnreadable
from hookline.voice.speech import Speech
from hookline.voice.speech_cache import SpeechCache

_RESAMPLED_S_MAX = 60


class MediaUnusable(Invalid):
    """What is to be played cannot be had. Give the URL of a WAV file of 8 kHz, mono and 16 bit."""

    code = "media_unusable"
    title = "The audio cannot be played"


class Media(Protocol):
    """Makes what is to be heard."""

    async def get(self, source: Say | Play) -> Path:
        """Raises HooklineError in its kinds."""
        ...


class MediaShelf:
    """Speaks, and fetches what is to be played; fetched files are kept up to a size."""

    def __init__(
        self, speech: Speech, client: HttpClient, cache: SpeechCache, settings: Settings
    ) -> None:
        self._speech = speech
        self._client = client
        self._cache = cache
        self._timeout_s = settings.media_timeout_s
        self._bytes_max = settings.media_bytes_max
        self._under_way: dict[str, asyncio.Task[Path]] = {}

    async def get(self, source: Say | Play) -> Path:
        if isinstance(source, Say):
            return await self._speech.say(source.text, language=source.language, voice=source.voice)
        return await self._fetch(source.url)

    async def _fetch(self, url: str) -> Path:
        headers = (("User-Agent", f"Hookline/{__version__}"), ("Accept", "audio/wav, audio/x-wav"))
        response = await self._client.request(
            "GET", url, headers, b"", timeout_s=self._timeout_s, kept_max=self._bytes_max
        )
        if response.status != 200:
            raise MediaUnusable(f"The server answered {response.status}.")
        if response.truncated:
            raise MediaUnusable(f"The file is larger than {self._bytes_max} bytes.")
        return await self._convert_once(response.body)

    async def _convert_once(self, body: bytes) -> Path:
        """The same file for several calls at once is converted once."""
        key = sha256(body).hexdigest()
        known = self._cache.find(key)
        if known is not None:
            return known
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(self._keep, key, body))
            self._under_way[key] = task
            task.add_done_callback(partial(self._converted, key))
        return await asyncio.shield(task)

    def _converted(self, key: str, task: asyncio.Task[Path]) -> None:
        self._under_way.pop(key, None)
        if not task.cancelled():
            task.exception()  # seen, also when nobody waits any more

    def _keep(self, key: str, body: bytes) -> Path:
        raw = self._cache.folder / f"{key}.{os.getpid()}.raw"
        try:
            raw.write_bytes(body)
            return self._cache.keep(key, "", lambda path: _convert(raw, path))
        except AudioUnreadable as error:
            raise MediaUnusable(f"The file cannot be played: {error.why}.") from error
        finally:
            raw.unlink(missing_ok=True)


def _convert(raw: Path, path: Path) -> None:
    shape = read_format(raw)
    if shape.rate_hz != RATE_HZ and shape.duration_ms > _RESAMPLED_S_MAX * 1_000:
        raise MediaUnusable(
            f"Files of another rate than 8 kHz are played up to {_RESAMPLED_S_MAX} seconds."
        )
    samples = read_samples(raw)
    if shape.channels > 1:
        samples = samples[:: shape.channels]
    write_wav(path, samples if shape.rate_hz == RATE_HZ else resample(samples, shape.rate_hz))
