"""What robots say: their sentence once it was spoken, and a hum without speech."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hookline.errors import HooklineError
from hookline.voice.audio.goertzel import has_tone
from hookline.voice.audio.tones import tone
from hookline.voice.audio.wav import write_wav
from hookline.voice.errors import SpeechFailed, SpeechMissing
from hookline.voice.sandbox.murmurs import Murmurs


@dataclass
class FakeSpeech:
    """Says everything at 2,000 Hz, or fails."""

    folder: Path
    failure: HooklineError | None = None
    said: list[str] = field(default_factory=list)

    async def say(
        self, text: str, *, language: str | None = None, voice: str | None = None
    ) -> Path:
        self.said.append(text)
        if self.failure:
            raise self.failure
        write_wav(self.folder / "said.wav", tone(2_000, 500))
        return self.folder / "said.wav"

    def text_of(self, path: Path) -> str | None:
        return None


async def test_a_sentence_is_spoken_once_and_ahead(tmp_path: Path) -> None:
    speech = FakeSpeech(tmp_path)
    murmurs = Murmurs(speech)
    for _ in range(3):
        murmurs.prepare("Hello")
    await asyncio.gather(*murmurs._tasks)
    sentence, _ = murmurs.of("+447700900123", "Hello")
    assert speech.said == ["Hello"]
    assert has_tone(sentence.read(0, sentence.length), 2_000)


@pytest.mark.parametrize("failure", [SpeechMissing(), SpeechFailed("It took too long.")])
async def test_without_speech_it_hums(tmp_path: Path, failure: HooklineError) -> None:
    murmurs = Murmurs(FakeSpeech(tmp_path, failure))
    murmurs.prepare("Hello")
    await asyncio.gather(*murmurs._tasks)
    sentence, murmur = murmurs.of("+447700900123", "Hello")
    assert max(sentence.read(0, 8_000)) == max(murmur.read(0, 8_000)) > 1_000


async def test_two_robots_do_not_sound_the_same() -> None:
    murmurs = Murmurs(None)
    sounds = [murmurs.of(number, "Hello")[0] for number in ("+447700900123", "+447700900124")]
    assert sounds[0].read(0, 800) != sounds[1].read(0, 800)
