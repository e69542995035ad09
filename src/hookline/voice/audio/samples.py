"""Samples as telephones have them: 8 kHz, mono, signed 16 bit, in frames of 20 ms."""

from array import array
from operator import add
from typing import TYPE_CHECKING

RATE_HZ = 8_000
FRAME_MS = 20
FRAME_S = FRAME_MS / 1_000
FRAME_SAMPLES = RATE_HZ * FRAME_MS // 1_000
LOUDEST = 32_767

if TYPE_CHECKING:
    Samples = array[int]
else:  # Python 3.11 knows no array[int]
    Samples = array
"""Of the type code `h`."""
SILENT_FRAME: Samples = array("h", bytes(2 * FRAME_SAMPLES))


def samples_in(milliseconds: float) -> int:
    """How many samples that long a sound has."""
    return round(milliseconds * RATE_HZ / 1_000)


def silence(milliseconds: float) -> Samples:
    return array("h", bytes(2 * samples_in(milliseconds)))


def mix(one: Samples, other: Samples) -> Samples:
    """Both at once, as long as the longer; what is too loud is clipped."""
    common = min(len(one), len(other))
    longer = one if len(one) > common else other
    try:
        mixed = array("h", map(add, one, other))
    except OverflowError:
        pairs = zip(one, other, strict=False)
        mixed = array("h", [max(-LOUDEST - 1, min(LOUDEST, a + b)) for a, b in pairs])
    return mixed + longer[common:]


def mix_frames(frames: list[Samples]) -> Samples:
    """Frames of the same moment at once; silence where there is none."""
    if not frames:
        return SILENT_FRAME
    mixed = frames[0]
    for frame in frames[1:]:
        mixed = mix(mixed, frame)
    return mixed


def interleave(left: Samples, right: Samples) -> Samples:
    """Two channels of the same length as a WAV file has them."""
    both = array("h", bytes(4 * len(left)))
    both[0::2] = left
    both[1::2] = right
    return both
