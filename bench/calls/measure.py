"""Measures one contender: what it reached, how fast, and what everybody's processors paid for it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from bench.calls.contender import Act, CallLoad, Contender
from bench.calls.far_end import FarEnd
from bench.usage import Bystanders, usages

_WARM = 60
_WARM_PER_S = 30.0
_QUIET_WITHIN_S = 60.0
_IDLE_S = 3.0


@dataclass(frozen=True)
class CallFigures:
    """What came out of one act: once, or as medians."""

    per_s: float
    accepted: float
    completed: float
    failed: float
    recorded: float
    at_once: float
    post_ms: tuple[float, float]
    """p50 and p95."""
    answered_ms: tuple[float, float]
    cpu_ms: dict[str, float]
    """A call, by process, with what the process needs without any call."""
    idle_ms: float
    """What the Python side needs a second without any call."""
    rss_mb: dict[str, float]
    disturbance: float
    """Processors that others kept busy."""
    oddities: dict[str, int]


def warm_up(contender: Contender, far_end: FarEnd, acts: list[Act]) -> None:
    """Let it open its connections, and prepare whatever it keeps."""
    for act in acts:
        contender.place(CallLoad(act, 1 if act == "recorded" else _WARM, _WARM_PER_S))
        far_end.wait_until_quiet(_QUIET_WITHIN_S)


def idle_ms(contender: Contender) -> float:
    """What it needs a second while nothing goes on."""
    before = usages(contender.pids)
    time.sleep(_IDLE_S)
    after = usages(contender.pids)
    own = [name for name in after if name != "PostgreSQL"]
    return sum(after[name].cpu_s - before[name].cpu_s for name in own) * 1e3 / _IDLE_S


def measure(contender: Contender, far_end: FarEnd, load: CallLoad, idle: float) -> CallFigures:
    """`idle`: of `idle_ms`."""
    pids = {**contender.pids, **far_end.pids}
    before, bystanders = usages(pids), Bystanders(pids)
    contender.place(load)
    far_end.wait_until_quiet(_QUIET_WITHIN_S)
    contender.settle()
    after, disturbance = usages(pids), bystanders.busy()
    outcome = contender.outcome()
    return CallFigures(
        per_s=outcome.per_s,
        accepted=outcome.accepted,
        completed=outcome.completed,
        failed=load.count - outcome.completed,
        recorded=outcome.recorded,
        at_once=outcome.at_once_max,
        post_ms=_spread(outcome.post_ms),
        answered_ms=_spread(outcome.answered_ms),
        cpu_ms={
            name: (after[name].cpu_s - before[name].cpu_s) * 1e3 / load.count for name in after
        },
        idle_ms=idle,
        rss_mb={name: usage.rss_mb for name, usage in after.items()},
        disturbance=disturbance,
        oddities=outcome.oddities,
    )


def _spread(values: list[float]) -> tuple[float, float]:
    ordered = sorted(values) or [0.0]
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


def medians(rounds: list[CallFigures]) -> CallFigures:
    """Each figure's median; of what failed, the sum."""

    def middle(values: list[tuple[float, float]]) -> tuple[float, float]:
        return median(one for one, _ in values), median(other for _, other in values)

    def each(values: list[Mapping[str, float]]) -> dict[str, float]:
        return {name: median(one[name] for one in values) for name in values[0]}

    oddities: dict[str, int] = {}
    for one in rounds:
        for name, times in one.oddities.items():
            oddities[name] = oddities.get(name, 0) + times
    return CallFigures(
        per_s=median(one.per_s for one in rounds),
        accepted=median(one.accepted for one in rounds),
        completed=median(one.completed for one in rounds),
        failed=sum(one.failed for one in rounds),
        recorded=median(one.recorded for one in rounds),
        at_once=median(one.at_once for one in rounds),
        post_ms=middle([one.post_ms for one in rounds]),
        answered_ms=middle([one.answered_ms for one in rounds]),
        cpu_ms=each([one.cpu_ms for one in rounds]),
        idle_ms=median(one.idle_ms for one in rounds),
        rss_mb=each([one.rss_mb for one in rounds]),
        disturbance=median(one.disturbance for one in rounds),
        oddities=oddities,
    )
