"""The shape of a recording as one SVG path. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

_PITCH = 4
_BAR = 2.4
_HEIGHT = 64
_LEAST = 2.0
_LOUDEST = 100


@dataclass(frozen=True, slots=True)
class Waveform:
    """A drawing in units of its own; the page stretches it to its width."""

    width: int
    height: int
    path: str


def waveform(peaks: Sequence[int]) -> Waveform:
    """A bar for each peak of 0 to 100, loudest as high as the drawing; silence is a dot."""
    top = max(max(peaks, default=0), 1)
    scale = _LOUDEST / max(top, _LOUDEST // 4)  # quiet recordings show their shape, noise stays low
    bars = [_bar(place, min(peak * scale, _LOUDEST)) for place, peak in enumerate(peaks)]
    return Waveform(max(len(peaks), 1) * _PITCH, _HEIGHT, "".join(bars))


def _bar(place: int, peak: float) -> str:
    height = max(peak / _LOUDEST * _HEIGHT, _LEAST)
    left, top = place * _PITCH, (_HEIGHT - height) / 2
    return f"M{left} {top:.1f}h{_BAR}v{height:.1f}h-{_BAR}z"
