"""From the rate that speech is made at to that of telephones, by a low-pass filter (windowed sinc)."""

from array import array
from functools import lru_cache
from math import cos, gcd, pi, sin
from operator import mul
from time import sleep

from hookline.voice.audio.samples import LOUDEST, RATE_HZ, Samples

_TAPS = 48
_CUTOFF = 0.43
"""Of the lower rate: 3,440 Hz of 8,000, so that next to nothing above 4,000 folds back."""
_BREATH = 256
"""Samples, in well under a millisecond."""


def resample(samples: Samples, from_hz: int, to_hz: int = RATE_HZ) -> Samples:
    """As long as before, at another rate."""
    if from_hz == to_hz or not samples:
        return samples[:]
    phases, step, turns = _filters(from_hz, to_hz)
    padded = array("h", bytes(_TAPS)) + samples + array("h", bytes(2 * _TAPS))
    resampled: Samples = array("h")
    for number in range(len(samples) * to_hz // from_hz):
        if number % _BREATH == 0:
            sleep(0)  # in a thread, the event loop waits for the interpreter's lock no longer
        start, phase = divmod(number * step, turns)
        value = round(sum(map(mul, phases[phase], padded[start : start + _TAPS])))
        resampled.append(max(-LOUDEST - 1, min(LOUDEST, value)))
    return resampled


@lru_cache(maxsize=4)
def _filters(from_hz: int, to_hz: int) -> tuple[list[list[float]], int, int]:
    """A filter for each place that a new sample can have between two old ones (polyphase)."""
    common = gcd(from_hz, to_hz)
    turns, step = to_hz // common, from_hz // common
    cutoff = _CUTOFF * min(1.0, to_hz / from_hz)
    return [_filter(phase / turns, cutoff) for phase in range(turns)], step, turns


def _filter(offset: float, cutoff: float) -> list[float]:
    weights = []
    for tap in range(_TAPS):
        at = tap - _TAPS / 2 - offset
        angle = 2 * pi * cutoff * at
        sinc = 2 * cutoff * (sin(angle) / angle if angle else 1.0)
        turn = 2 * pi * (at + _TAPS / 2) / _TAPS
        weights.append(sinc * (0.54 - 0.46 * cos(turn)))
    total = sum(weights)
    return [weight / total for weight in weights]
