"""How long something took, as people read it."""

from hookline.clock import SECOND_MS

_MINUTE_S = 60
_HOUR_S = 3_600


def clock_length(milliseconds: int) -> str:
    """`0:07`, `12:30`, `1:02:03`."""
    seconds = round(milliseconds / SECOND_MS)
    minutes, rest = divmod(seconds, _MINUTE_S)
    if seconds < _HOUR_S:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // _MINUTE_S}:{minutes % _MINUTE_S:02d}:{rest:02d}"


def spoken_length(milliseconds: int) -> str:
    """`7 s`, `12 min 30 s`, `1 h 2 min`."""
    seconds = round(milliseconds / SECOND_MS)
    if seconds < _MINUTE_S:
        return f"{seconds} s"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S} min {seconds % _MINUTE_S} s"
    return f"{seconds // _HOUR_S} h {seconds % _HOUR_S // _MINUTE_S} min"


def size_in_words(size_bytes: int) -> str:
    """`640 B`, `12 KB`, `3.4 MB`."""
    if size_bytes < 1_000:
        return f"{size_bytes} B"
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1_000:.0f} KB"
    return f"{size_bytes / 1_000_000:.1f} MB"
