"""How loud a recording is over its time, as a player draws it."""

from itertools import pairwise
from pathlib import Path

from hookline.voice.audio.wav import read_format

PEAKS = 200
_WIDTH = 2
_MAGNITUDE_MAX = 127
_MAGNITUDES = bytes(min(upper, 255 - upper) for upper in range(256))
"""How far from silence a sample is whose upper byte, with its sign, is this."""


def peaks_of_file(path: Path, *, count: int = PEAKS) -> tuple[tuple[int, ...], ...]:
    """A row a channel: the loudest sample of each of `count` stretches of a WAV file, 0 to 100.

    A sound of fewer samples has one for each of them. A stretch at a time is held in memory, but a long
    file takes a while: use a thread. Raises AudioUnreadable, OSError.
    """
    found = read_format(path)
    stretches = min(count, found.frames)
    bounds = [found.frames * number // stretches for number in range(stretches + 1) if stretches]
    rows: list[list[int]] = [[] for _ in range(found.channels)]
    with path.open("rb") as file:
        file.seek(found.data_at)
        for start, end in pairwise(bounds):
            data = file.read((end - start) * found.channels * _WIDTH)
            for channel, row in enumerate(rows):
                row.append(peak_of(data, channel, found.channels))
    return tuple(map(tuple, rows))


def peak_of(data: bytes, channel: int = 0, channels: int = 1) -> int:
    """The loudest of one channel's little-endian samples, as a file has them.

    The upper byte is as fine as the scale, and bytes are compared twice as fast as numbers.
    """
    upper = data[_WIDTH * channel + 1 :: _WIDTH * channels]
    return round(max(upper.translate(_MAGNITUDES), default=0) * 100 / _MAGNITUDE_MAX)
