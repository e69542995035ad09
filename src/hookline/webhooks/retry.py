"""When a failed delivery is tried again. Pure; the schedules are the public contract (API.md)."""

from collections.abc import Callable, Iterable

from hookline.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from hookline.events.model import EventType

Schedule = tuple[int, ...]
"""The wait before each attempt in milliseconds, counted from the end of the one before."""

SCHEDULE_MS: Schedule = (
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
CALL_SCHEDULE_MS: Schedule = (0, 500, 2 * SECOND_MS, 10 * SECOND_MS, MINUTE_MS, 10 * MINUTE_MS)
CALL_EXPIRY_MS = 15 * MINUTE_MS
_OF_LIVE_CALLS = frozenset(
    [
        EventType.CALL_DIALING,
        EventType.CALL_RINGING,
        EventType.CALL_ANSWERED,
        EventType.CALL_INCOMING,
        EventType.CALL_DTMF,
    ]
)
"""Who hears of these acts on a call that goes on: much later they only mislead."""

JITTER = 0.2
THROTTLING = frozenset({429, 503})
GONE = 410

FAILING_MAX_MS = 5 * DAY_MS
"""An endpoint that nothing has got through to for so long is disabled."""
WARN_AT_PERCENT = (50, 70, 90)
"""Of that time; its owners are told."""


def schedule_of(seconds: Iterable[int]) -> Schedule:
    """The schedule whose retries wait so many seconds."""
    return (0, *(second * SECOND_MS for second in seconds))


def retry_seconds(schedule: Schedule) -> list[int]:
    """The same, the other way."""
    return [wait_ms // SECOND_MS for wait_ms in schedule[1:]]


def schedule_for(event_type: str, own: Schedule | None) -> Schedule:
    """The endpoint's own schedule, else the one for this type of event."""
    if own is not None:
        return own
    return CALL_SCHEDULE_MS if event_type in _OF_LIVE_CALLS else SCHEDULE_MS


def delay_ms(rounds: int, schedule: Schedule, random: Callable[[], float]) -> int | None:
    """The wait once so many rounds have failed, ±20 %; None when there are no more.

    `random` gives numbers from 0 to 1, so that receivers are not hit by all at once.
    """
    if rounds >= len(schedule):
        return None
    return round(schedule[rounds] * (1 - JITTER + 2 * JITTER * random()))


def is_expired(event_type: str, created_at: int, now: int) -> bool:
    """Whether the event is about a moment of a call that has long passed."""
    return event_type in _OF_LIVE_CALLS and now - created_at > CALL_EXPIRY_MS


def percent_due(failing_since: int, now: int) -> int:
    """How far an endpoint is on its way to being disabled: the highest of the warnings, or 100."""
    percent = (now - failing_since) * 100 // FAILING_MAX_MS
    if percent >= 100:
        return 100
    return max((stage for stage in WARN_AT_PERCENT if stage <= percent), default=0)
