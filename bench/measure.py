"""Measures one gateway: throughput in a closed loop, then latency at a pace, and what both cost."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Protocol

import uvloop

from bench import driver
from bench.driver import Load, Outcome
from bench.smsc import RECEIPT_DELAY_MS
from bench.usage import Bystanders, usages

WARM = 500


class Gateway(driver.Target, Protocol):
    """A target whose processes are known."""

    @property
    def pids(self) -> Mapping[str, int]: ...


@dataclass(frozen=True)
class Plan:
    """What is sent to each."""

    messages: int
    connections: int
    rate: float
    paced_messages: int


@dataclass(frozen=True)
class Figures:
    """What came out: once, or as medians."""

    accepted_per_s: float
    sustained_per_s: float
    accept_ms: tuple[float, float]
    """p50 and p95, closed loop."""
    paced_accept_ms: tuple[float, float]
    paced_end_ms: tuple[float, float]
    """Beyond the delay of the receipt."""
    cpu_ms: dict[str, float]
    """A message, by process."""
    rss_mb: dict[str, float]
    lost: float
    duplicates: float
    disturbance: float
    """Processors that others kept busy during the closed loop."""


def measure(gateway: Gateway, plan: Plan) -> Figures:
    drive(gateway, Load(0, WARM, plan.connections))
    before, bystanders = usages(gateway.pids), Bystanders(gateway.pids)
    closed = drive(gateway, Load(WARM, plan.messages, plan.connections))
    after, disturbance = usages(gateway.pids), bystanders.busy()
    first = WARM + plan.messages
    paced = drive(gateway, Load(first, plan.paced_messages, plan.connections, plan.rate))
    count = max(1, len(closed.received_at))
    return Figures(
        accepted_per_s=closed.accepts_per_s,
        sustained_per_s=closed.sustained_per_s,
        accept_ms=(closed.accept_ms(0.5), closed.accept_ms(0.95)),
        paced_accept_ms=(paced.accept_ms(0.5), paced.accept_ms(0.95)),
        paced_end_ms=(
            paced.end_ms(0.5) - RECEIPT_DELAY_MS,
            paced.end_ms(0.95) - RECEIPT_DELAY_MS,
        ),
        cpu_ms={name: (after[name].cpu_s - before[name].cpu_s) * 1e3 / count for name in after},
        rss_mb={name: usage.rss_mb for name, usage in usages(gateway.pids).items()},
        lost=closed.lost + paced.lost,
        duplicates=closed.duplicates + paced.duplicates,
        disturbance=disturbance,
    )


def drive(target: driver.Target, load: Load) -> Outcome:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        outcome = runner.run(driver.run(target, load))
    if outcome.statuses.keys() - {202}:
        print(f"Answers by status: {dict(outcome.statuses)}")
    return outcome


def medians(rounds: list[Figures]) -> Figures:
    """Each figure's median; of what was lost or doubled, the sum."""

    def middle(values: "list[tuple[float, float]]") -> tuple[float, float]:
        return median(one for one, _ in values), median(other for _, other in values)

    def each(values: list[dict[str, float]]) -> dict[str, float]:
        return {name: median(one[name] for one in values) for name in values[0]}

    return Figures(
        accepted_per_s=median(one.accepted_per_s for one in rounds),
        sustained_per_s=median(one.sustained_per_s for one in rounds),
        accept_ms=middle([one.accept_ms for one in rounds]),
        paced_accept_ms=middle([one.paced_accept_ms for one in rounds]),
        paced_end_ms=middle([one.paced_end_ms for one in rounds]),
        cpu_ms=each([one.cpu_ms for one in rounds]),
        rss_mb=each([one.rss_mb for one in rounds]),
        lost=sum(one.lost for one in rounds),
        duplicates=sum(one.duplicates for one in rounds),
        disturbance=median(one.disturbance for one in rounds),
    )
