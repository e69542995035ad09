"""The shape of a recording, as a player draws it."""

from itertools import pairwise
from pathlib import Path

from hookline.voice.audio.samples import Samples
from hookline.voice.audio.wav import read_format, read_samples

PEAKS = 200


def peaks_of(samples: Samples, *, channels: int = 1, count: int = PEAKS) -> list[tuple[int, int]]:
    """The least and the greatest sample of each of `count` stretches, of all channels together.

    A sound of fewer samples has a pair for each of them.
    """
    frames = len(samples) // channels
    stretches = min(count, frames)
    if not stretches:
        return []
    bounds = [frames * number // stretches * channels for number in range(stretches + 1)]
    parts = (samples[start:end] for start, end in pairwise(bounds))
    return [(min(part), max(part)) for part in parts]


def peaks_of_file(path: Path, *, count: int = PEAKS) -> list[tuple[int, int]]:
    """The same of a WAV file, which is read in stretches. Long files take seconds: use a thread."""
    frames = read_format(path).frames
    stretches = min(count, frames)
    bounds = [frames * number // stretches for number in range(stretches + 1)] if frames else []
    parts = (read_samples(path, start, end - start) for start, end in pairwise(bounds))
    return [(min(part), max(part)) for part in parts]
