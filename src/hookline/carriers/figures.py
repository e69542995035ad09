"""What a link counts of itself, for the people who look at it."""

from collections import deque
from typing import Literal, assert_never, get_args

from hookline.clock import Clock
from hookline.telemetry import metrics
from hookline.telemetry.link_state import LinkPhase, LinkState

_RATE_OVER_S = 10

SegmentOutcome = Literal["accepted", "rejected", "throttled", "faulted", "ambiguous"]
_ANSWERED = {
    outcome: metrics.SEGMENTS_ANSWERED.labels(outcome) for outcome in get_args(SegmentOutcome)
}


class Figures:
    """Counts since the link was opened."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.submitted = 0
        self.accepted = 0
        self.rejected = 0
        self.throttled = 0
        self.ambiguous = 0
        self.receipts = 0
        self.received = 0
        self._by_second: deque[tuple[int, int]] = deque(maxlen=_RATE_OVER_S + 1)
        self._last_error: str | None = None
        self._last_error_at: int | None = None

    def sent(self, segments: int, now_s: float) -> None:
        """So many have left; the instant is the event loop's."""
        self.submitted += segments
        metrics.SEGMENTS_SUBMITTED.inc(segments)
        second = int(now_s)
        if self._by_second and self._by_second[-1][0] == second:
            segments += self._by_second.pop()[1]
        self._by_second.append((second, segments))

    def answered(self, outcome: SegmentOutcome) -> None:
        """What became of one segment that had left."""
        _ANSWERED[outcome].inc()
        match outcome:
            case "accepted":
                self.accepted += 1
            case "rejected":
                self.rejected += 1
            case "throttled":
                self.throttled += 1
            case "ambiguous":
                self.ambiguous += 1
            case "faulted":  # `last_error` tells
                pass
            case _:
                assert_never(outcome)

    def error(self, what: str) -> None:
        """Something that an operator would want to know of."""
        self._last_error = what
        self._last_error_at = self._clock.now_ms()

    def rate(self, now_s: float) -> float:
        """Segments a second over the last ten whole ones."""
        second = int(now_s)
        lately = [count for at, count in self._by_second if second - _RATE_OVER_S <= at < second]
        return sum(lately) / _RATE_OVER_S

    def state(
        self,
        *,
        phase: LinkPhase,
        since: int,
        detail: str | None,
        window: int,
        in_flight: int,
        rate_limit: float,
        now_s: float,
        enquired_ago_s: float | None,
        message_id_format: str | None,
    ) -> LinkState:
        """All of it, with how the sessions are."""
        now_ms = self._clock.now_ms()
        return LinkState(
            phase=phase,
            since=since,
            detail=detail,
            window=window,
            in_flight=in_flight,
            rate_limit=rate_limit,
            rate=round(self.rate(now_s), 1),
            submitted=self.submitted,
            accepted=self.accepted,
            rejected=self.rejected,
            throttled=self.throttled,
            ambiguous=self.ambiguous,
            receipts=self.receipts,
            received=self.received,
            last_error=self._last_error,
            last_error_at=self._last_error_at,
            last_enquire_at=None if enquired_ago_s is None else now_ms - int(enquired_ago_s * 1e3),
            message_id_format=message_id_format,
        )
