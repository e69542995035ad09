"""When a failed delivery is tried again. Pure; the schedule is the public contract (API.md)."""

from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

from hookline.clock import HOUR_MS, MINUTE_MS, SECOND_MS, from_datetime

SCHEDULE_MS = (
    0,
    5 * SECOND_MS,
    30 * SECOND_MS,
    2 * MINUTE_MS,
    10 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    5 * HOUR_MS,
    10 * HOUR_MS,
    14 * HOUR_MS,
    20 * HOUR_MS,
    24 * HOUR_MS,
)
"""The wait before each attempt, counted from the end of the one before."""

ATTEMPTS_MAX = len(SCHEDULE_MS)
JITTER = 0.2
RETRY_AFTER_MAX_S = 24 * 3_600.0
THROTTLING = frozenset({429, 503})
GONE = 410


def delay_ms(attempts: int, random: Callable[[], float]) -> int | None:
    """The wait after this many failed attempts, ±20 %; None when there are no more.

    `random` gives numbers from 0 to 1, so that receivers are not hit by all at once.
    """
    if attempts >= ATTEMPTS_MAX:
        return None
    return round(SCHEDULE_MS[attempts] * (1 - JITTER + 2 * JITTER * random()))


def parse_retry_after(value: str, now_ms: int) -> float | None:
    """Seconds to wait, at most a day; None when it is neither seconds nor an HTTP date (RFC 9110)."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), RETRY_AFTER_MAX_S)
    try:
        moment = parsedate_to_datetime(text)
        at_ms = from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError, TypeError):
        return None
    return min(max(0.0, (at_ms - now_ms) / SECOND_MS), RETRY_AFTER_MAX_S)
