"""What an attempt means for its delivery and its endpoint. Pure."""

from collections.abc import Callable
from http import HTTPStatus

import msgspec

from hookline.clock import SECOND_MS, UnixMs
from hookline.webhooks.model import (
    TRANSITIONS,
    Attempt,
    Delivery,
    DeliveryStatus,
    DisabledReason,
    Happening,
    Instruction,
)
from hookline.webhooks.retry import GONE, THROTTLING, Schedule, delay_ms

_PENDING = DeliveryStatus.PENDING


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of the delivery, and of the endpoint that it went to."""

    status: DeliveryStatus
    retry_at: UnixMs | None = None
    pause_until: UnixMs | None = None
    """The whole endpoint waits until then, as its Retry-After asks."""
    disables: DisabledReason | None = None
    """It wants nothing any more."""
    is_strained: bool = False
    """It timed out, is unreachable or throttles: fewer attempts at once."""
    is_trouble: bool = False
    """It could not do its work, whatever was sent: this counts for the breaker."""


def judge(
    delivery: Delivery,
    attempt: Attempt,
    schedule: Schedule,
    *,
    now: UnixMs,
    random: Callable[[], float],
) -> Verdict:
    """Decide by the public contract: 2xx is success, 410 disables, the rest is tried again."""
    disables = _disables(attempt)
    if attempt.is_success:
        return Verdict(TRANSITIONS[_PENDING, Happening.SUCCEEDED], disables=disables)
    pause_until = None
    if attempt.retry_after_s is not None:
        pause_until = UnixMs(now + round(attempt.retry_after_s * SECOND_MS))
    is_strained = (attempt.status is None and not attempt.is_ours) or attempt.status in THROTTLING
    is_trouble = is_strained or (attempt.status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR
    wait_ms = delay_ms(delivery.round + 1, schedule, random)
    gives_up = disables or attempt.instruction or attempt.is_final or delivery.is_test
    if wait_ms is None or gives_up:
        return Verdict(
            TRANSITIONS[_PENDING, Happening.EXHAUSTED],
            pause_until=pause_until,
            disables=disables,
            is_strained=is_strained,
            is_trouble=is_trouble,
        )
    return Verdict(
        TRANSITIONS[_PENDING, Happening.WILL_RETRY],
        UnixMs(max(now + wait_ms, pause_until or 0)),
        pause_until,
        is_strained=is_strained,
        is_trouble=is_trouble,
    )


def _disables(attempt: Attempt) -> DisabledReason | None:
    if attempt.status == GONE:
        return DisabledReason.GONE
    if attempt.instruction is Instruction.DISABLE:
        return DisabledReason.BY_RECEIVER
    return None
