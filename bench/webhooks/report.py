"""Prints what the delivery of webhooks does and costs."""

from collections.abc import Mapping

from rich.table import Table

from bench.report import console
from bench.webhooks.measure import Crowd, Flow, Hole, Percentiles

_STATEMENTS_SHOWN = 12


def print_flow(name: str, one: Flow) -> None:
    table = Table(title=f"{name}: recorded, and p50 / p95 / p99 from the commit to the first byte")
    for column in (
        "sustained/s", "overall/s", "CPU ms/delivery", "statements/delivery", "paced ms", "RSS MB",
        "lost / dup", "others' CPUs",
    ):  # fmt: skip
        table.add_column(column, justify="right")
    table.add_row(
        f"{one.sustained_per_s:,.0f}",
        f"{one.overall_per_s:,.0f}",
        _lines(one.cpu_ms, ".3f"),
        f"{sum(one.statements.values()):.3f}",
        _triple(one.paced_ms),
        _lines(one.rss_mb, ".0f"),
        f"{one.lost} / {one.duplicates}",
        f"{one.disturbance:.1f}",
    )
    console.print(table)
    shown = list(one.statements.items())[:_STATEMENTS_SHOWN]
    console.print("; ".join(f"{what} {number:.4f}" for what, number in shown))


def print_hole(name: str, one: Hole) -> None:
    table = Table(title=f"{name}: healthy endpoints, commit to first byte, p50 / p95 / p99 ms")
    for column in ("alone", "beside a black hole", "p99 added", "p99 ratio", "others' CPUs"):
        table.add_column(column, justify="right")
    table.add_row(
        _triple(one.without_ms),
        _triple(one.with_ms),
        f"{one.with_ms[2] - one.without_ms[2]:+.1f}",
        f"{one.with_ms[2] / max(one.without_ms[2], 1e-9):.2f}",
        f"{one.disturbance:.1f}",
    )
    console.print(table)


def print_crowd(name: str, one: Crowd) -> None:
    console.print(
        f"{name}: {one.endpoints:,} endpoints. The node had {one.before_mb:.0f} MB before; they took "
        f"{one.made_mb:.0f} MB when made, {one.delivered_mb:.0f} MB once each was delivered to twice."
    )


def _triple(values: Percentiles) -> str:
    return " / ".join(f"{value:.1f}" for value in values)


def _lines(values: Mapping[str, float], form: str) -> str:
    return "\n".join(f"{name} {value:{form}}" for name, value in values.items())
