"""The shape of a recording, as a player draws it."""

from itertools import pairwise

from hookline.voice.audio.samples import Samples

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
