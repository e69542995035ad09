"""Prints what was measured, and how it compares with Kannel in the same run."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from bench.measure import Figures

console = Console(width=165)


def print_figures(title: str, figures: Mapping[str, Figures]) -> None:
    table = Table(title=title)
    for column in (
        "gateway",
        "accepted/s",
        "sustained/s",
        "CPU ms/message",
        "accept ms, closed",
        "accept ms, paced",
        "end to end ms, paced",
        "RSS MB",
        "lost / dup",
        "others' CPUs",
    ):
        table.add_column(
            column,
            justify="left" if column == "gateway" else "right",
            no_wrap=column in {"CPU ms/message", "RSS MB"},
        )
    for name, one in figures.items():
        table.add_row(
            name,
            f"{one.accepted_per_s:,.0f}",
            f"{one.sustained_per_s:,.0f}",
            _by_process(one.cpu_ms, ".2f"),
            _pair(one.accept_ms),
            _pair(one.paced_accept_ms),
            _pair(one.paced_end_ms),
            _by_process(one.rss_mb, ".0f"),
            f"{one.lost:.0f} / {one.duplicates:.0f}",
            f"{one.disturbance:.1f}",
        )
    console.print(table)


def print_ratios(figures: Mapping[str, Figures]) -> None:
    """Each gateway over each Kannel: above 1 is better for throughput, below 1 for the rest."""
    kannels = [name for name in figures if name.startswith("Kannel")]
    if not kannels or len(figures) == len(kannels):
        return
    table = Table(title="Ratios (CPU without PostgreSQL)")
    for column in ("gateway", "to", "sustained", "CPU", "paced end to end p50", "p95"):
        table.add_column(column, justify="left" if column in {"gateway", "to"} else "right")
    for name, one in figures.items():
        for other in kannels if name not in kannels else ():
            peer = figures[other]
            table.add_row(
                name,
                other,
                _ratio(one.sustained_per_s, peer.sustained_per_s),
                _ratio(_own_cpu(one), _own_cpu(peer)),
                _ratio(one.paced_end_ms[0], peer.paced_end_ms[0]),
                _ratio(one.paced_end_ms[1], peer.paced_end_ms[1]),
            )
    console.print(table)


def print_profile(title: str, samples: list[tuple[str, int]]) -> None:
    total = sum(count for _, count in samples)
    table = Table(title=title)
    table.add_column("part")
    table.add_column("share", justify="right")
    for part, count in samples[:30]:
        table.add_row(part, f"{count / total:.1%}")
    console.print(table)


def _pair(values: tuple[float, float]) -> str:
    return f"{values[0]:.1f} / {values[1]:.1f}"


def _by_process(values: Mapping[str, float], form: str) -> str:
    if len(values) == 1:
        return format(next(iter(values.values())), form)
    return "\n".join(f"{name} {value:{form}}" for name, value in values.items())


def _own_cpu(figures: Figures) -> float:
    return sum(value for name, value in figures.cpu_ms.items() if name != "PostgreSQL")


def _ratio(one: float, other: float) -> str:
    return f"{one / max(other, 1e-9):.2f}"
