"""What robots say: a sentence where there is speech, and a tone that tells one from another."""

import asyncio
from zlib import crc32

from hookline.telemetry.logs import get_logger
from hookline.voice.audio.samples import Samples
from hookline.voice.audio.tones import tone
from hookline.voice.audio.wav import read_samples
from hookline.voice.errors import AudioUnreadable, SpeechFailed, SpeechMissing, VoiceMissing
from hookline.voice.sandbox.sound import HeldSound, Sound
from hookline.voice.speech import Speech

log = get_logger(__name__)

_SENTENCES_MAX = 16
_HUM_MS = 1_500
_MURMUR_MS = 300
_LEVEL = 0.05
_PITCHES_HZ = tuple(range(300, 600, 20))


class Murmurs:
    """Speaks each sentence once, ahead of the first answer that needs it."""

    def __init__(self, speech: Speech | None) -> None:
        self._speech = speech
        self._sentences: dict[str, Samples | None] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def prepare(self, sentence: str) -> None:
        """Have it spoken before it is needed; harmless when it was."""
        if self._speech is None or sentence in self._sentences:
            return
        if len(self._sentences) < _SENTENCES_MAX:
            self._sentences[sentence] = None
            task = asyncio.create_task(self._speak(self._speech, sentence))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def of(self, number: str, sentence: str) -> tuple[Sound, Sound]:
        """The sentence, or a hum while there is none; and what comes after it again and again."""
        pitch_hz = _PITCHES_HZ[crc32(number.encode()) % len(_PITCHES_HZ)]
        spoken = self._sentences.get(sentence)
        if spoken is None:
            spoken = tone(pitch_hz, _HUM_MS, level=_LEVEL)
        return HeldSound(spoken), HeldSound(tone(pitch_hz, _MURMUR_MS, level=_LEVEL))

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _speak(self, speech: Speech, sentence: str) -> None:
        try:
            self._sentences[sentence] = read_samples(await speech.say(sentence))
        except (SpeechMissing, SpeechFailed, VoiceMissing, AudioUnreadable) as error:
            log.warning("sandbox_hums", reason=error.detail)
