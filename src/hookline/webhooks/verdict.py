"""What an attempt means for its delivery and its endpoint. Pure."""

from collections.abc import Callable

import msgspec

from hookline.clock import SECOND_MS, UnixMs
from hookline.webhooks.model import TRANSITIONS, Attempt, Delivery, DeliveryStatus, Happening
from hookline.webhooks.retry import GONE, delay_ms

_PENDING = DeliveryStatus.PENDING


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of the delivery, and of the endpoint that it went to."""

    status: DeliveryStatus
    retry_at: UnixMs | None = None
    pause_until: UnixMs | None = None
    """The whole endpoint waits until then, as its Retry-After asks."""
    is_gone: bool = False
    """It answered 410: it wants nothing any more."""
    is_strained: bool = False
    """It timed out, is unreachable or throttles: fewer attempts at once."""


_DELIVERED = Verdict(TRANSITIONS[_PENDING, Happening.SUCCEEDED])


def judge(
    delivery: Delivery, attempt: Attempt, *, now: UnixMs, random: Callable[[], float]
) -> Verdict:
    """Decide by the public contract: 2xx is success, 410 disables, the rest is tried again."""
    if attempt.is_success:
        return _DELIVERED
    if attempt.status == GONE:
        return Verdict(TRANSITIONS[_PENDING, Happening.EXHAUSTED], is_gone=True)
    pause_until = None
    if attempt.retry_after_s is not None:
        pause_until = UnixMs(now + round(attempt.retry_after_s * SECOND_MS))
    is_strained = attempt.status is None or attempt.retry_after_s is not None
    wait_ms = None if delivery.is_test else delay_ms(attempt.number, random)
    if wait_ms is None:
        status = TRANSITIONS[_PENDING, Happening.EXHAUSTED]
        return Verdict(status, pause_until=pause_until, is_strained=is_strained)
    return Verdict(
        TRANSITIONS[_PENDING, Happening.WILL_RETRY],
        UnixMs(max(now + wait_ms, pause_until or 0)),
        pause_until,
        is_strained=is_strained,
    )
