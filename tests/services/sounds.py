"""WAV files as customers have them: of any rate, with one channel or two."""

import io
import wave
from array import array
from math import pi, sin


def wav_of(
    hertz: int, *, rate_hz: int = 8_000, channels: int = 1, seconds: float = 1.0, width: int = 2
) -> bytes:
    """A tone on the first channel; another one is silent."""
    turn, loudest = 2 * pi * hertz / rate_hz, 8_000
    frames = array("h")
    for number in range(int(seconds * rate_hz)):
        frames.append(int(loudest * sin(turn * number)))
        frames.extend([0] * (channels - 1))
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate_hz)
        writer.writeframes(frames.tobytes() if width == 2 else bytes(len(frames) * width))
    return file.getvalue()
