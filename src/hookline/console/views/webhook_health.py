"""How webhooks do, and how far a replay is, as pages show it."""

from dataclasses import dataclass

from hookline.clock import SECOND_MS
from hookline.console.views.durations import spoken_length
from hookline.console.views.status import Badge
from hookline.webhooks.replay import Replay, ReplayStatus, Selection
from hookline.webhooks.stats import Counts, Stats

SELECTIONS = {
    Selection.FAILED: ("Failed", "What was given up after its last attempt."),
    Selection.MISSING: ("Missing", "What happened while the webhook was paused, or not there yet."),
    Selection.ALL: ("Everything", "Both, and what was delivered: your receiver sees it again."),
}
_STATES = {
    ReplayStatus.QUEUED: Badge("Starting", "info"),
    ReplayStatus.RUNNING: Badge("Replaying", "info"),
    ReplayStatus.COMPLETED: Badge("Replayed", "ok"),
    ReplayStatus.CANCELED: Badge("Canceled", "warn"),
    ReplayStatus.FAILED: Badge("Stopped", "bad"),
}
_ERRORS = {
    "webhook_disabled": "The webhook was paused meanwhile.",
    "webhook_deleted": "The webhook was deleted meanwhile.",
}
_FULL = 100
_WATCHED_MS = 10 * SECOND_MS


@dataclass(frozen=True, slots=True)
class Bar:
    """What became of the newest deliveries of the last 24 hours."""

    delivered: int
    failed: int
    pending: int
    percent: str
    """Of those that are over; empty when none is."""
    tone: str

    @property
    def total(self) -> int:
        return self.delivered + self.failed + self.pending


@dataclass(frozen=True, slots=True)
class HealthView:
    """How one webhook does."""

    bar: Bar
    p50: str
    p95: str
    backlog: str
    oldest: str
    last_success_at: int | None
    last_failure_at: int | None
    last_failure: str
    last_failure_id: str


@dataclass(frozen=True, slots=True)
class ReplayView:
    """One replay."""

    id: str
    status: Badge
    is_open: bool
    is_watched: bool
    """Goes on, or what it made due is under way."""
    selection: str
    since: int
    until: int
    done: int
    total: int | None
    percent: int
    rate: str
    error: str
    asked_by: str
    created_at: int
    finished_at: int | None


def bar_of(counts: Counts) -> Bar:
    rate = counts.success_rate
    percent = "" if rate is None else f"{_rounded(rate)} %"
    tone = "" if rate is None else "ok" if rate >= 0.99 else "warn" if rate >= 0.8 else "bad"
    return Bar(counts.delivered, counts.failed, counts.pending, percent, tone)


def health_view(stats: Stats) -> HealthView:
    failure = stats.last_failure
    more = "" if stats.is_backlog_exact else " or more"
    return HealthView(
        bar=bar_of(stats.counts),
        p50="" if stats.p50_ms is None else f"{stats.p50_ms} ms",
        p95="" if stats.p95_ms is None else f"{stats.p95_ms} ms",
        backlog=f"{stats.backlog}{more}" if stats.backlog else "",
        oldest=""
        if stats.oldest_pending_s is None
        else spoken_length(round(stats.oldest_pending_s * SECOND_MS)),
        last_success_at=stats.last_success_at,
        last_failure_at=failure.at if failure else None,
        last_failure=_failure(failure.status, failure.error) if failure else "",
        last_failure_id=failure.delivery_id if failure else "",
    )


def replay_view(one: Replay, now: int) -> ReplayView:
    total, ended_at = one.total, one.finished_at
    percent = _FULL if not one.status.is_open else one.done * _FULL // total if total else 0
    return ReplayView(
        id=one.id,
        status=_STATES[one.status],
        is_open=one.status.is_open,
        is_watched=ended_at is None or now - ended_at < _WATCHED_MS,
        selection=SELECTIONS[one.selection][0],
        since=one.since,
        until=one.until,
        done=one.done,
        total=total,
        percent=min(percent, _FULL),
        rate=f"{one.rate:.3g}",
        error=_ERRORS.get(one.error or "", one.error or ""),
        asked_by=one.asked_by,
        created_at=one.created_at,
        finished_at=one.finished_at,
    )


def _rounded(rate: float) -> str:
    """Never 100 when one failed, never 0 when one did not."""
    percent = rate * _FULL
    if 99.9 < percent < _FULL:
        return "99.9"
    return f"{percent:.1f}".removesuffix(".0")


def _failure(status: int | None, error: str | None) -> str:
    if error:
        return f"{status}: {error}" if status else error
    return f"Answered {status}" if status else "No answer"
