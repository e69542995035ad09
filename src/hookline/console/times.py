"""Instants as people read them. The page's script keeps the relative ones true."""

from hookline.clock import DAY_MS, HOUR_MS, MINUTE_MS, to_datetime

_JUST_NOW_MS = 10_000
_RELATIVE_MS = 30 * DAY_MS


def ago(instant: int, now: int) -> str:
    """`just now`, `5 min ago`, `in 2 h`, `3 Mar 2026`."""
    distance = abs(now - instant)
    if distance < _JUST_NOW_MS:
        return "just now"
    if distance >= _RELATIVE_MS:
        moment = to_datetime(instant)
        return f"{moment.day} {moment:%b %Y}"
    amount = _amount(distance)
    return f"{amount} ago" if instant <= now else f"in {amount}"


def due(instant: int, now: int) -> str:
    """`now`, also when it is overdue; `in 2 h`."""
    return ago(instant, now) if instant - now >= _JUST_NOW_MS else "now"


def _amount(distance_ms: int) -> str:
    if distance_ms < MINUTE_MS:
        return f"{distance_ms // 1_000} sec"
    if distance_ms < HOUR_MS:
        return f"{distance_ms // MINUTE_MS} min"
    if distance_ms < DAY_MS:
        return f"{distance_ms // HOUR_MS} h"
    days = distance_ms // DAY_MS
    return "1 day" if days == 1 else f"{days} days"


def utc(instant: int) -> str:
    """`2026-03-01 09:30:00 UTC`."""
    return f"{to_datetime(instant):%Y-%m-%d %H:%M:%S} UTC"


def clock_time(instant: int) -> str:
    """`09:30:00.123`, for timelines, in UTC."""
    return f"{to_datetime(instant):%H:%M:%S}.{instant % 1_000:03d}"


def day(instant: int) -> str:
    """`3 Mar 2026`."""
    moment = to_datetime(instant)
    return f"{moment.day} {moment:%b %Y}"
