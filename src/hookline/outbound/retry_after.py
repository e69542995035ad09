"""The header Retry-After of an answer (RFC 9110 §10.2.3)."""

from datetime import UTC
from email.utils import parsedate_to_datetime

from hookline.clock import SECOND_MS, from_datetime

RETRY_AFTER_MAX_S = 24 * 3_600.0


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
