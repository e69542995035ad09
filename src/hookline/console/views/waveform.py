"""The shape of a recording as one SVG path. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

_PITCH = 4
_BAR = 2.4
_HEIGHT = 64
_GAP = 4
"""Between two channels."""
_LEAST = 2.0
_LOUDEST = 100


@dataclass(frozen=True, slots=True)
class Waveform:
    """A drawing in units of its own; the page stretches it to its width."""

    width: int
    height: int
    path: str


def waveform(rows: Sequence[Sequence[int]]) -> Waveform:
    """A row a channel, one above the other; in it a bar for each peak of 0 to 100.

    The loudest may be as high as its row; silence is a dot.
    """
    top = max((max(row, default=0) for row in rows), default=0)
    scale = _LOUDEST / max(top, _LOUDEST // 4)  # quiet recordings show their shape, noise stays low
    room = _HEIGHT / max(len(rows), 1)
    height = room if len(rows) < 2 else room - _GAP
    bars = [
        _bar(place, min(peak * scale, _LOUDEST) / _LOUDEST * height, (number + 0.5) * room)
        for number, row in enumerate(rows)
        for place, peak in enumerate(row)
    ]
    longest = max(map(len, rows), default=0)
    return Waveform(max(longest, 1) * _PITCH, _HEIGHT, "".join(bars))


def _bar(place: int, height: float, middle: float) -> str:
    height = max(height, _LEAST)
    return f"M{place * _PITCH} {middle - height / 2:.1f}h{_BAR}v{height:.1f}h-{_BAR}z"
