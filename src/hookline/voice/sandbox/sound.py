"""What is to be heard on a leg at any time, asked only by who records it.

A track remembers what began when; it keeps no sound moving, so that a leg that nobody records costs
nothing. Times are the event loop's, in seconds.
"""

from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hookline.voice.audio.samples import FRAME_SAMPLES, RATE_HZ, Samples, mix_frames, samples_in
from hookline.voice.audio.tones import tone_from
from hookline.voice.audio.wav import read_format, read_samples
from hookline.voice.errors import AudioUnreadable
from hookline.voice.port import Media, Tone

_KEPT_S = 2.0
"""How long what is over can still be asked for."""
_CHUNK_SAMPLES = RATE_HZ


class Sound(Protocol):
    """Something that can be played."""

    @property
    def length(self) -> int:
        """In samples."""
        ...

    def read(self, start: int, count: int) -> Samples:
        """Those samples; fewer at the end."""
        ...


class HeldSound:
    """Samples in memory."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    @property
    def length(self) -> int:
        return len(self._samples)

    def read(self, start: int, count: int) -> Samples:
        return self._samples[start : start + count]


class ToneSound:
    """A tone of any length."""

    def __init__(self, tone: Tone) -> None:
        self._hertz = (tone.hertz,)
        self.length = samples_in(tone.milliseconds)

    def read(self, start: int, count: int) -> Samples:
        return tone_from(self._hertz, start, min(count, self.length - start))


class FileSound:
    """A WAV file, read a second at a time. AudioUnreadable when it cannot be played."""

    def __init__(self, path: Path) -> None:
        found = read_format(path)
        if found.rate_hz != RATE_HZ or found.channels != 1:
            raise AudioUnreadable(path, "it is not 8 kHz and mono")
        self.length = found.frames
        self._path = path
        self._chunk_at = 0
        self._chunk: Samples = array("h")

    def read(self, start: int, count: int) -> Samples:
        if not self._chunk_at <= start <= self._chunk_at + len(self._chunk) - count:
            self._chunk_at = start
            self._chunk = self._load(start)
        first = start - self._chunk_at
        return self._chunk[first : first + count]

    def _load(self, start: int) -> Samples:
        try:
            return read_samples(self._path, start, _CHUNK_SAMPLES)
        except AudioUnreadable:  # it was removed while it was played
            return array("h")


def sound_of(media: Media) -> Sound:
    """AudioUnreadable when the file cannot be played."""
    return ToneSound(media) if isinstance(media, Tone) else FileSound(media)


@dataclass(slots=True)
class _Passage:
    start_s: float
    end_s: float
    sound: Sound
    every: int
    """Samples after which it begins again; 0: never."""


class Track:
    """One direction of a leg."""

    __slots__ = ("_passages",)

    def __init__(self) -> None:
        self._passages: list[_Passage] = []

    def put(self, now_s: float, sound: Sound, *, start_s: float, every_s: float = 0.0) -> float:
        """It begins at `start_s`, beside what is there; returns when it is over."""
        self._passages = [known for known in self._passages if known.end_s > now_s - _KEPT_S]
        end_s = float("inf") if every_s else start_s + sound.length / RATE_HZ
        self._passages.append(_Passage(start_s, end_s, sound, round(every_s * RATE_HZ)))
        return end_s

    def cut(self, at_s: float, sound: Sound | None = None) -> None:
        """From then on this, or everything, is not heard any more."""
        for passage in self._passages:
            if sound is None or passage.sound is sound:
                passage.end_s = min(passage.end_s, at_s)

    def frame_at(self, at_s: float) -> Samples | None:
        """20 ms from then on; None where it is silent."""
        frames = [
            frame
            for passage in self._passages
            if passage.start_s <= at_s < passage.end_s and (frame := _read(passage, at_s))
        ]
        return mix_frames(frames) if frames else None


def _read(passage: _Passage, at_s: float) -> Samples:
    start = round((at_s - passage.start_s) * RATE_HZ)
    if passage.every:
        start %= passage.every
    if start >= passage.sound.length:
        return array("h")
    frame = passage.sound.read(start, FRAME_SAMPLES)
    return frame + array("h", bytes(2 * (FRAME_SAMPLES - len(frame))))
