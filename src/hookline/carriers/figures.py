"""What a link counts of itself, for the people who look at it."""

from collections import Counter, deque
from collections.abc import Mapping
from math import log2
from typing import Literal, get_args

import msgspec

from hookline.clock import Clock
from hookline.telemetry import metrics
from hookline.telemetry.link_state import Lately, LinkState
from hookline.telemetry.recent import Recent

_RATE_OVER_S = 10
_LATELY_S, _WAITS_S = 300.0, 60.0
_PARTS_OF_DOUBLING = 16
_MS_MIN = 0.01
_STATUSES_MAX = 50
_OTHER = "other"

SegmentOutcome = Literal["accepted", "rejected", "throttled", "faulted", "ambiguous"]
_ANSWERED = {
    outcome: metrics.SEGMENTS_ANSWERED.labels(outcome) for outcome in get_args(SegmentOutcome)
}


class Figures:
    """Counts since the link was opened."""

    def __init__(self, clock: Clock, now_s: float) -> None:
        self._clock = clock
        self._submitted = 0
        self._outcomes: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._waits: Counter[int] = Counter()
        self.receipts = 0
        self.received = 0
        self._lately = Recent[str](_LATELY_S, now_s)
        self._errors_lately = Recent[str](_LATELY_S, now_s)
        self._waits_lately = Recent[int](_WAITS_S, now_s)
        self._by_second: deque[tuple[int, int]] = deque(maxlen=_RATE_OVER_S + 1)
        self._last_error: str | None = None
        self._last_error_at: int | None = None

    def sent(self, segments: int, now_s: float) -> None:
        """So many have left; the instant is the event loop's."""
        self._submitted += segments
        metrics.SEGMENTS_SUBMITTED.inc(segments)
        second = int(now_s)
        if self._by_second and self._by_second[-1][0] == second:
            segments += self._by_second.pop()[1]
        self._by_second.append((second, segments))

    def answered(self, outcome: SegmentOutcome) -> None:
        """What became of one segment that had left."""
        _ANSWERED[outcome].inc()
        self._outcomes[outcome] += 1

    def waited(self, seconds: float) -> None:
        """So long for one answer."""
        self._waits[int(log2(seconds * 1e3 + _MS_MIN) * _PARTS_OF_DOUBLING)] += 1

    def status(self, name: str) -> None:
        """An answer that was no success."""
        is_new = name not in self._errors and len(self._errors) >= _STATUSES_MAX
        self._errors[_OTHER if is_new else name] += 1

    def error(self, what: str) -> None:
        """Something that an operator would want to know of."""
        self._last_error = what
        self._last_error_at = self._clock.now_ms()

    def rate(self, now_s: float) -> float:
        """Segments a second over the last ten whole ones."""
        second = int(now_s)
        lately = [count for at, count in self._by_second if second - _RATE_OVER_S <= at < second]
        return sum(lately) / _RATE_OVER_S

    def state(self, condition: LinkState, now_s: float) -> LinkState:
        """How the link is, with what was counted."""
        waits = self._waits_lately.of(self._waits, now_s)
        outcomes = self._outcomes
        return msgspec.structs.replace(
            condition,
            rate=round(self.rate(now_s), 1),
            submitted=self._submitted,
            accepted=outcomes["accepted"],
            rejected=outcomes["rejected"],
            throttled=outcomes["throttled"],
            ambiguous=outcomes["ambiguous"],
            receipts=self.receipts,
            received=self.received,
            latency_p50_ms=_percentile(waits, 0.5),
            latency_p95_ms=_percentile(waits, 0.95),
            lately=Lately(**self._lately.of(outcomes, now_s)),
            errors=self._errors_lately.of(self._errors, now_s),
            last_error=self._last_error,
            last_error_at=self._last_error_at,
        )


def _percentile(waits: Mapping[int, int], part: float) -> float | None:
    """In milliseconds, a twentieth too long at most: the end of the range where it lies."""
    rank = sum(waits.values()) * part
    for place in sorted(waits):
        rank -= waits[place]
        if rank <= 0:
            return float(f"{2 ** ((place + 1) / _PARTS_OF_DOUBLING):.2g}")
    return None
