"""What is to be played is fetched over HTTP, and becomes what an engine can play or a clear refusal."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hookline.calls.media import MediaShelf, MediaUnusable
from hookline.errors import HooklineError
from hookline.numbers.call_actions import Play
from hookline.settings import Settings
from hookline.voice.audio.goertzel import level_of
from hookline.voice.audio.wav import read_format, read_samples
from hookline.voice.speech import open_speech
from hookline.voice.speech_cache import SpeechCache
from tests.outbound.servers import Server, answering, client, serve
from tests.services.sounds import wav_of

HUM = 700
BYTES_MAX = 100_000


@asynccontextmanager
async def shelf(folder: Path, *answers: bytes) -> AsyncIterator[tuple[MediaShelf, Server]]:
    """One that fetches from a server with these answers."""
    settings = Settings(data_dir=folder, media_bytes_max=BYTES_MAX)
    cache = SpeechCache(folder / "media", bytes_max=settings.media_cache_bytes_max)
    async with (
        serve(answering(*answers)) as server,
        client(read_max=settings.media_bytes_max) as http,
    ):
        yield MediaShelf(open_speech(settings), http, cache, settings), server


async def got(folder: Path, answer: bytes) -> Path:
    async with shelf(folder, answer) as (media, server):
        return await media.get(Play(url=server.url("/hello.wav")))


def found(body: bytes, status: str = "200 OK") -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(body), body)


@pytest.mark.parametrize(
    ("rate_hz", "channels"), [(8_000, 1), (8_000, 2), (16_000, 1), (22_050, 1), (44_100, 2)]
)
async def test_any_wav_becomes_telephone_audio(tmp_path: Path, rate_hz: int, channels: int) -> None:
    path = await got(tmp_path, found(wav_of(HUM, rate_hz=rate_hz, channels=channels, seconds=0.25)))
    shape, samples = read_format(path), read_samples(path)
    assert (shape.rate_hz, shape.channels, shape.duration_ms) == (8_000, 1, 250)
    assert level_of(samples, HUM) > 0.1 > level_of(samples, 2 * HUM)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (found(b"", "404 Not Found"), "The server answered 404."),
        (found(b"", "302 Found"), "The server answered 302."),
        (found(wav_of(HUM, seconds=7)), f"The file is larger than {BYTES_MAX} bytes."),
        (found(b"<html>Hello</html>"), "The file cannot be played: it is no WAV file."),
        (found(b""), "The file cannot be played: it is no WAV file."),
        (
            found(wav_of(HUM, width=1)),
            "The file cannot be played: it is not PCM of 16 bit with one or two channels.",
        ),
        (found(wav_of(HUM)[:30]), "The file cannot be played: its header is cut off."),
        (
            found(wav_of(HUM, rate_hz=400, seconds=61)),
            "Files of another rate than 8 kHz are played up to 60 seconds.",
        ),
    ],
)
async def test_what_cannot_be_played_is_explained(tmp_path: Path, answer: bytes, why: str) -> None:
    with pytest.raises(MediaUnusable) as caught:
        await got(tmp_path, answer)
    assert caught.value.detail == why
    assert list((tmp_path / "media").glob("*.*")) == []


async def test_a_server_that_is_not_there_is_explained(tmp_path: Path) -> None:
    async with shelf(tmp_path, b"") as (media, server):
        url = server.url()
    async with shelf(tmp_path, b"") as (media, _):
        with pytest.raises(HooklineError, match="connect"):
            await media.get(Play(url=url))


async def test_many_calls_play_the_same_file_at_once(tmp_path: Path) -> None:
    body = wav_of(HUM, rate_hz=16_000)
    async with shelf(tmp_path, found(body)) as (media, server):
        paths = await asyncio.gather(*(media.get(Play(url=server.url())) for _ in range(20)))
    (path,) = set(paths)
    assert read_format(path).duration_ms == 1_000
    assert {one.suffix for one in path.parent.iterdir()} == {".wav", ".txt"}


async def test_a_changed_file_is_played_as_it_is_now(tmp_path: Path) -> None:
    async with shelf(tmp_path, found(wav_of(HUM)), found(wav_of(2 * HUM))) as (media, server):
        first, second = [await media.get(Play(url=server.url())) for _ in range(2)]
    assert first != second
    assert level_of(read_samples(second), 2 * HUM) > 0.1
