"""Tones: plain ones, and the pairs of frequencies that digits are (ITU-T Q.23)."""

from array import array
from collections.abc import Sequence
from functools import lru_cache
from math import pi, sin

from hookline.voice.audio.samples import LOUDEST, RATE_HZ, Samples, samples_in, silence

DIGIT_MS = 100
DIGIT_PAUSE_MS = 100
ROWS_HZ = (697, 770, 852, 941)
COLUMNS_HZ = (1209, 1336, 1477, 1633)
KEYPAD = ("123A", "456B", "789C", "*0#D")
DIGIT_HZ = {
    digit: (ROWS_HZ[row], COLUMNS_HZ[column])
    for row, keys in enumerate(KEYPAD)
    for column, digit in enumerate(keys)
}
LEVEL = 0.25
"""Of the loudest, so that a few voices at once are not clipped."""
_PERIOD = RATE_HZ
"""A whole number of hertz repeats after a second at the latest."""


def tone(hertz: Sequence[int] | int, milliseconds: float, *, level: float = LEVEL) -> Samples:
    """Frequencies at once, each at this level; 0 Hz is silence."""
    wanted = (hertz,) if isinstance(hertz, int) else tuple(hertz)
    return tone_from(wanted, 0, samples_in(milliseconds), level=level)


def tone_from(hertz: tuple[int, ...], start: int, count: int, *, level: float = LEVEL) -> Samples:
    """That many samples of an endless tone, from the sample `start` on."""
    period = _period(hertz, level)
    first = start % _PERIOD
    if first + count <= _PERIOD:
        return period[first : first + count]
    times = (first + count) // _PERIOD + 1
    return (period * times)[first : first + count]


def digit_tone(digit: str, milliseconds: float = DIGIT_MS) -> Samples:
    """What a key sounds like."""
    return tone(DIGIT_HZ[digit], milliseconds)


def digit_tones(digits: str) -> Samples:
    """Keys pressed one after the other, with pauses between; `w` is half a second of silence."""
    sound: Samples = array("h")
    for digit in digits:
        if digit == "w":
            sound += silence(500)
        else:
            sound += digit_tone(digit) + silence(DIGIT_PAUSE_MS)
    return sound


@lru_cache(maxsize=64)
def _period(hertz: tuple[int, ...], level: float) -> Samples:
    loudness = level * LOUDEST
    turns = [2 * pi * frequency / RATE_HZ for frequency in hertz]
    return array(
        "h", [int(loudness * sum(sin(turn * n) for turn in turns)) for n in range(_PERIOD)]
    )
