"""Text to speech: by espeak-ng where it is installed, and by what fails like it."""

import asyncio
import stat
from pathlib import Path

import pytest

from hookline.settings import Settings
from hookline.voice.audio.wav import read_format, read_samples
from hookline.voice.errors import SpeechFailed, SpeechMissing, SpeechTooLong, VoiceMissing
from hookline.voice.speech import (
    EspeakSpeech,
    SpeechLimits,
    languages_in,
    open_speech,
    voice_name,
)
from hookline.voice.speech_cache import SpeechCache
from tests.services.programs import ESPEAK

needs_espeak = pytest.mark.skipif(ESPEAK.find() is None, reason=ESPEAK.missing)
KNOWN = frozenset({"en-us", "en-gb", "de", "pt-br", "cmn"})


def speech_in(folder: Path, *, program: str = "espeak-ng", timeout_s: float = 10.0) -> EspeakSpeech:
    cache = SpeechCache(folder / "speech", bytes_max=2**20)
    limits = SpeechLimits(timeout_s=timeout_s, text_max=500, processes_max=2)
    return EspeakSpeech(cache, limits, language="en-US", program=program)


def script(folder: Path, text: str) -> str:
    path = folder / "speaks"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@needs_espeak
async def test_a_text_becomes_telephone_audio(tmp_path: Path) -> None:
    speech = speech_in(tmp_path)
    path = await speech.say("You are being connected to Acme.")
    found = read_format(path)
    assert (found.rate_hz, found.channels) == (8_000, 1)
    assert 1_000 < found.duration_ms < 4_000
    assert max(read_samples(path)) > 3_000
    assert speech.text_of(path) == "You are being connected to Acme."


@needs_espeak
async def test_the_same_words_are_spoken_once(tmp_path: Path) -> None:
    speech = speech_in(tmp_path)
    paths = await asyncio.gather(*(speech.say("Hello", language="de") for _ in range(5)))
    assert len(set(paths)) == 1
    assert len(list((tmp_path / "speech").iterdir())) == 2
    assert await speech.say("Hello", language="en-GB") != paths[0]


@needs_espeak
async def test_a_text_is_never_an_option(tmp_path: Path) -> None:
    path = await speech_in(tmp_path).say("--help [[boom]] <b>")
    assert read_format(path).duration_ms > 300


@needs_espeak
async def test_other_voices_sound_different(tmp_path: Path) -> None:
    speech = speech_in(tmp_path)
    sounds = [read_samples(await speech.say("Hello", voice=voice)) for voice in (None, "female")]
    assert sounds[0] != sounds[1]


@needs_espeak
async def test_a_language_that_nobody_speaks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VoiceMissing, match="'xx'"):
        await speech_in(tmp_path).say("Hello", language="xx")


async def test_a_missing_program_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(SpeechMissing, match="apt install espeak-ng"):
        await speech_in(tmp_path, program="no-such-program").say("Hello")


async def test_a_program_that_fails_is_reported(tmp_path: Path) -> None:
    program = script(tmp_path, "echo out of voices >&2; exit 3")
    with pytest.raises(SpeechFailed, match="status 3: out of voices"):
        await speech_in(tmp_path, program=program).say("Hello")


async def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    program = script(tmp_path, "exec sleep 60")
    with pytest.raises(SpeechFailed, match="too long"):
        await speech_in(tmp_path, program=program, timeout_s=0.2).say("Hello")


async def test_a_program_that_writes_nothing_is_reported(tmp_path: Path) -> None:
    program = script(tmp_path, 'echo "Pty Language"; echo "5 en-us"')
    with pytest.raises(SpeechFailed, match="no sound"):
        await speech_in(tmp_path, program=program).say("Hello")


async def test_a_long_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpeechTooLong, match="500 characters"):
        await speech_in(tmp_path).say("a" * 501)


@pytest.mark.parametrize(
    ("language", "voice", "name"),
    [
        ("en-US", None, "en-us"),
        ("en-GB", "female", "en-gb+f3"),
        ("de-AT", "M2", "de+m2"),
        ("en-AU", None, "en-gb"),
        ("pt", None, "pt-br"),
    ],
)
def test_a_language_finds_its_nearest_voice(language: str, voice: str | None, name: str) -> None:
    assert voice_name(language, voice, KNOWN) == name


@pytest.mark.parametrize(
    ("language", "voice"),
    [("fr", None), ("en-US", "robot"), ("-v", None), ("", None), ("en/..", None)],
)
def test_what_has_no_voice_is_refused(language: str, voice: str | None) -> None:
    with pytest.raises(VoiceMissing):
        voice_name(language, voice, KNOWN)


def test_the_list_of_languages_is_read() -> None:
    listed = (
        "Pty Language       Age/Gender VoiceName          File                 Other Languages\n"
        " 5  af              --/M      Afrikaans          gmw/af               \n"
        " 2  en-US           --/M      English_(America)  gmw/en-US            (en 3)\n"
    )
    assert languages_in(listed) == {"af", "en-us"}


def test_a_full_cache_forgets_the_oldest(tmp_path: Path) -> None:
    cache = SpeechCache(tmp_path, bytes_max=100)
    for name in ("a", "b", "c"):
        cache.keep(name, name, lambda path: path.write_bytes(bytes(40)) and None)
    assert cache.find("c") == tmp_path / "c.wav"
    assert sum(path.stat().st_size for path in tmp_path.glob("*.wav")) <= 100
    assert cache.find("a") is None
    assert cache.text_of(tmp_path / "a.wav") is None


async def test_whoever_waits_may_go_while_it_is_spoken(tmp_path: Path) -> None:
    program = script(tmp_path, 'test "$1" = --voices || exec sleep 60; echo; echo "5 en-us"')
    speech = speech_in(tmp_path, program=program)
    await speech._known_languages()
    waiting = asyncio.create_task(speech.say("Hello"))
    await asyncio.sleep(0)
    assert speech._under_way
    waiting.cancel()
    await speech.close()
    assert waiting.cancelled()
    assert not speech._under_way


def test_the_settings_open_speech_in_the_data_folder(tmp_path: Path) -> None:
    open_speech(Settings(data_dir=tmp_path))
    assert (tmp_path / "speech").is_dir()
