"""Measures one stage: throughput and its cost, the neighbours of a black hole, the memory of a crowd."""

from dataclasses import dataclass, replace

from bench.usage import Bystanders, usages
from bench.webhooks.stage import Load, Stage

WARM = 2_000
"""Deliveries before anything is measured."""
Percentiles = tuple[float, float, float]
"""p50, p95, p99."""


@dataclass(frozen=True)
class Flow:
    """Throughput, its cost, and the latency at a pace."""

    sustained_per_s: float
    overall_per_s: float
    cpu_ms: dict[str, float]
    """A delivery, by process."""
    statements: dict[str, float]
    """A delivery."""
    paced_ms: Percentiles
    """From the commit to the first byte: p50, p95, p99."""
    rss_mb: dict[str, float]
    lost: int
    duplicates: int
    disturbance: float
    """Processors that others kept busy."""


@dataclass(frozen=True)
class Hole:
    """Healthy endpoints without and with a black hole beside them, in turns."""

    without_ms: Percentiles
    with_ms: Percentiles
    disturbance: float


@dataclass(frozen=True)
class Crowd:
    """What many endpoints take of memory, once each has been delivered to."""

    endpoints: int
    before_mb: float
    made_mb: float
    delivered_mb: float


def measure_flow(stage: Stage, load: Load) -> Flow:
    stage.prepare("all", load, url=stage.url)
    stage.produce("all", load, WARM)
    before, bystanders = usages(stage.pids), Bystanders(stage.pids)
    done = stage.produce("all", load, load.deliveries)
    after, disturbance = usages(stage.pids), bystanders.busy()
    stage.settle()
    events = load.deliveries // load.fan_out
    expected = (WARM // load.fan_out + events) * load.fan_out
    came = stage.receiver.order("count", first=done["first"], count=events)
    recorded = int(done["recorded"])
    events_per_s = load.rate / load.fan_out
    paced = stage.node.order("pace", streams={"all": events_per_s}, seconds=load.paced_s)
    stage.settle()
    return Flow(
        sustained_per_s=done["sustained_per_s"],
        overall_per_s=recorded / done["seconds"],
        cpu_ms={name: (after[name].cpu_s - before[name].cpu_s) * 1e3 / recorded for name in after},
        statements={name: number / recorded for name, number in done["statements"].items()},
        paced_ms=_percentiles(stage.latencies_ms(paced["all"])),
        rss_mb=stage.rss_mb(),
        lost=max(events * load.fan_out - recorded, events - came["distinct"]),
        duplicates=came["received"] - expected,
        disturbance=disturbance,
    )


def measure_hole(stage: Stage, load: Load) -> Hole:
    stage.prepare("healthy", load, url=stage.url)
    stage.prepare("hole", replace(load, accounts=1, endpoints=1), url=stage.hole_url)
    stage.produce("healthy", load, WARM)
    bystanders, rate = Bystanders(stage.pids), load.rate / load.fan_out
    alone = stage.node.order("pace", streams={"healthy": rate}, seconds=load.paced_s)
    streams = {"healthy": rate, "hole": load.hole_rate}
    beside = stage.node.order("pace", streams=streams, seconds=load.paced_s)
    return Hole(
        without_ms=_percentiles(stage.latencies_ms(alone["healthy"])),
        with_ms=_percentiles(stage.latencies_ms(beside["healthy"])),
        disturbance=bystanders.busy(),
    )


def measure_crowd(stage: Stage, load: Load) -> Crowd:
    few = replace(load, accounts=1, endpoints=1)
    stage.prepare("few", few, url=stage.url)
    stage.produce("few", few, WARM)
    stage.settle()
    before = stage.rss_mb()["node"]
    stage.prepare("crowd", load, url=stage.url)
    stage.settle()
    made = stage.rss_mb()["node"]
    for _ in range(2):
        stage.produce("crowd", load, load.endpoints)
    stage.settle()
    return Crowd(load.endpoints, before, made - before, stage.rss_mb()["node"] - before)


def _percentiles(values: list[float]) -> Percentiles:
    ordered = sorted(values)
    p50, p95, p99 = (
        ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95, 0.99)
    )
    return p50, p95, p99
