"""How much of a frequency is in a sound (Goertzel), and which keys are pressed in it."""

from collections.abc import Iterator
from itertools import groupby
from math import cos, pi, sqrt

from hookline.voice.audio.samples import LOUDEST, RATE_HZ, Samples
from hookline.voice.audio.tones import COLUMNS_HZ, KEYPAD, ROWS_HZ

_WINDOW = 205
"""Samples, as is usual for keys: 39 Hz wide, shorter than the shortest key."""
_LEAST = 0.02
_DOMINANT = 4.0


def level_of(samples: Samples, hertz: float) -> float:
    """The amplitude of the frequency in the whole of it; 1.0 is the loudest there is."""
    if not samples:
        return 0.0
    factor = 2 * cos(2 * pi * hertz / RATE_HZ)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + factor * last - before
    power = last * last + before * before - factor * last * before
    return 2 * sqrt(max(0.0, power)) / (len(samples) * LOUDEST)


def has_tone(samples: Samples, hertz: float, *, least: float = 0.02) -> bool:
    """Whether the frequency is there for a tenth of a second, anywhere."""
    window = RATE_HZ // 10
    starts = range(0, max(1, len(samples) - window + 1), window // 2)
    return any(level_of(samples[start : start + window], hertz) >= least for start in starts)


def digits_in(samples: Samples) -> str:
    """The keys that are heard, in order."""
    heard = groupby(_key_of(window) for window in _windows(samples))
    runs = ((key, len(list(run))) for key, run in heard)
    return "".join(key for key, length in runs if key and length > 1)


def _windows(samples: Samples) -> Iterator[Samples]:
    for start in range(0, len(samples) - _WINDOW + 1, _WINDOW // 2):
        yield samples[start : start + _WINDOW]


def _key_of(window: Samples) -> str:
    row = _strongest([level_of(window, hertz) for hertz in ROWS_HZ])
    column = _strongest([level_of(window, hertz) for hertz in COLUMNS_HZ])
    return "" if row is None or column is None else KEYPAD[row][column]


def _strongest(levels: list[float]) -> int | None:
    """The one that stands out, if one does."""
    loudest = max(levels)
    others = sorted(levels)[:-1]
    if loudest < _LEAST or loudest < _DOMINANT * others[-1]:
        return None
    return levels.index(loudest)
