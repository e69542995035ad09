"""`make bench`: the sandbox end to end, on both databases, closed loop and paced.

Accept → sandbox submit → receipt → signed webhook received, with everything on this machine.
"""

import argparse
import asyncio
import json
import os
import platform
import signal
import tempfile
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from bench import driver
from bench.server import Server, running
from tests.services.postgres import postgres_server

_WARM = 500
console = Console(width=140)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--rate", type=float, default=500.0, help="of the paced run, a second")
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--no-profile", action="store_true")
    options = parser.parse_args()
    table = _table()
    if options.only != "postgresql":
        _measure("sqlite", "", options, table)
    if options.only != "sqlite":
        with postgres_server() as postgres:
            _measure("postgresql", postgres.create_database(), options, table)
            _measure("postgresql, 2 workers", postgres.create_database(), options, table, workers=2)
    console.print(f"{platform.machine()}, Python {platform.python_version()}, {_cpu()}")
    console.print(table)
    if not options.no_profile and options.only != "postgresql":
        _profile(options)


def _measure(
    name: str,
    database_url: str,
    options: argparse.Namespace,
    table: Table,
    *,
    workers: int = 1,
) -> None:
    with running(database_url=database_url, workers=workers) as server:
        _drive(server, _WARM, options)
        cpu = server.cpu_s()
        closed = _drive(server, options.messages, options, first=_WARM)
        cpu_ms = (server.cpu_s() - cpu) * 1e3 / max(1, len(closed.received_at))
        paced = _drive(
            server, int(options.rate * 10), options, first=_WARM + options.messages, paced=True
        )
        table.add_row(
            name,
            f"{closed.accepts_per_s:,.0f}",
            f"{closed.sustained_per_s:,.0f}",
            f"{cpu_ms:.2f}",
            f"{closed.accept_ms(0.5):.1f} / {closed.accept_ms(0.95):.1f}",
            f"{paced.accept_ms(0.5):.1f} / {paced.accept_ms(0.95):.1f}",
            f"{paced.end_ms(0.5):.0f} / {paced.end_ms(0.95):.0f}",
            f"{server.rss_mb():.0f}",
            f"{closed.lost + paced.lost} / {closed.duplicates + paced.duplicates}",
        )


def _drive(
    server: Server,
    count: int,
    options: argparse.Namespace,
    *,
    first: int = 0,
    paced: bool = False,
) -> driver.Outcome:
    load = driver.Load(
        "127.0.0.1",
        server.port,
        server.token,
        count,
        connections=options.connections,
        rate=options.rate if paced else 0.0,
        first=first,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(driver.run(load))


def _profile(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "profile.json"
        with running(profile=out) as server:
            _drive(server, _WARM, options)
            os.kill(server.pid, signal.SIGUSR1)
            _drive(server, options.messages, options, first=_WARM)
        samples = json.loads(out.read_text())
    total = sum(count for _, count in samples)
    table = Table(title="CPU by part, SQLite (samples of CPU time)")
    table.add_column("part")
    table.add_column("share", justify="right")
    for part, count in samples[:30]:
        table.add_row(part, f"{count / total:.1%}")
    console.print(table)


def _table() -> Table:
    table = Table(title="Sandbox end to end: accept → receipt → signed webhook received")
    for column in (
        "database",
        "accepted/s",
        "sustained/s",
        "CPU ms/message",
        "accept p50/p95 ms, closed",
        "accept p50/p95 ms, paced",
        "end to end p50/p95 ms, paced",
        "RSS MB",
        "lost / dup",
    ):
        table.add_column(column, justify="left" if column == "database" else "right")
    return table


def _cpu() -> str:
    for line in (
        Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ()
    ):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


if __name__ == "__main__":
    main()
