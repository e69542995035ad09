"""Erasures as pages show them."""

from dataclasses import dataclass

from hookline.console.views.status import Badge, badge
from hookline.erasure.model import Erasure, ErasureStatus
from hookline.numbers.e164 import redact


@dataclass(frozen=True, slots=True)
class ErasureView:
    """One erasure. Whom it is about, nobody reads here."""

    id: str
    number: str
    status: Badge
    is_running: bool
    counts: str
    asked_by: str
    created_at: int
    finished_at: int | None


def erasure_view(one: Erasure) -> ErasureView:
    is_running = one.status is ErasureStatus.RUNNING
    return ErasureView(
        id=one.id,
        number=redact(one.number),
        status=badge(one.status.value),
        is_running=is_running,
        counts=one.in_words or ("" if is_running else "Nothing was there"),
        asked_by=one.asked_by,
        created_at=one.created_at,
        finished_at=one.finished_at,
    )
