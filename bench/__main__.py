"""`make bench`: Hookline and Kannel in turns, end to end, in a closed loop and paced.

Accept → submit to an SMSC → its receipt after 20 ms → callback received; all on this machine.
With `--calls` as the first argument it measures calls instead (`bench/calls`), with `--tokens` the
verification of a token (`bench/tokens.py`), with `--webhooks` the delivery of webhooks
(`bench/webhooks`), with `--drain` a long queue (`bench/drain.py`).
"""

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path

from bench.calls.__main__ import main as measure_calls
from bench.drain import main as measure_drain
from bench.driver import Load
from bench.hookline import Setup, running_hookline
from bench.kannel import running_kannel
from bench.measure import WARM, Figures, Gateway, Plan, drive, measure, medians
from bench.report import console, print_figures, print_profile, print_ratios
from bench.tokens import main as measure_tokens
from bench.webhooks.__main__ import main as measure_webhooks
from tests.services.postgres import PostgresServer, postgres_server

NAMES = {
    "sqlite": "Hookline, SQLite",
    "postgresql": "Hookline, PostgreSQL",
    "postgresql-2": "Hookline, PostgreSQL, 2 workers",
    "kannel": "Kannel, memory",
    "kannel-spool": "Kannel, spool",
}

Opening = Callable[[], AbstractContextManager[Gateway]]


def main() -> None:
    options = _options()
    plan = Plan(
        options.messages, options.connections, options.rate, int(options.rate * options.paced_s)
    )
    with ExitStack() as stack:
        postgres = None
        if any(name.startswith("postgresql") for name in options.only):
            postgres = stack.enter_context(postgres_server())
        openings = {NAMES[name]: _opening(name, options, postgres) for name in options.only}
        rounds = _measure_in_turns(openings, plan, options)
    figures = {name: medians(measured) for name, measured in rounds.items()}
    console.print(f"{platform.machine()}, Python {platform.python_version()}, {_processor()}")
    print_figures(_title(options), figures)
    print_ratios(figures)
    if not options.no_profile and "sqlite" in options.only:
        _profile(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    add = parser.add_argument
    add("--messages", type=int, default=10_000, help="of the closed loop")
    add("--connections", type=int, default=50)
    add("--rate", type=float, default=50.0, help="of the paced run, a second")
    add("--paced-s", type=float, default=10.0, help="how long the paced run takes")
    add("--rounds", type=int, default=1, help="everything so often, in turns; medians are shown")
    add("--carrier", choices=["smpp", "sandbox"], default="smpp", help="of Hookline")
    add("--window", type=int, default=50, help="submits without an answer, of all")
    add("--only", choices=list(NAMES), nargs="+", help="what is measured; all without it")
    add("--no-profile", action="store_true", help="without Hookline's CPU by part")
    add("--json", type=Path, help="a file that every round's figures are appended to")
    options = parser.parse_args()
    if options.only is None:
        peers = {"kannel", "kannel-spool"} if options.carrier == "sandbox" else set()
        options.only = [name for name in NAMES if name not in peers]
    return options


def _opening(name: str, options: argparse.Namespace, postgres: PostgresServer | None) -> Opening:
    if name.startswith("kannel"):
        return partial(running_kannel, spool=name == "kannel-spool", window=options.window)
    setup = Setup(
        options.carrier,
        postgres if name.startswith("postgresql") else None,
        workers=2 if name == "postgresql-2" else 1,
        window=options.window,
    )
    return partial(running_hookline, setup)


def _measure_in_turns(
    openings: dict[str, Opening], plan: Plan, options: argparse.Namespace
) -> dict[str, list[Figures]]:
    rounds: dict[str, list[Figures]] = {name: [] for name in openings}
    for turn in range(options.rounds):
        for name, opening in openings.items():
            with opening() as gateway:
                figures = measure(gateway, plan)
            rounds[name].append(figures)
            console.print(f"{turn + 1}/{options.rounds} {name}: {figures.sustained_per_s:,.0f}/s")
            if options.json:
                with options.json.open("a") as out:
                    out.write(json.dumps({"name": name, "round": turn} | asdict(figures)) + "\n")
    return rounds


def _profile(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "profile.json"
        setup = Setup(options.carrier, window=options.window, profile=out)
        with running_hookline(setup) as server:
            drive(server, Load(0, WARM, options.connections))
            os.kill(server.pids["Hookline"], signal.SIGUSR1)
            drive(server, Load(WARM, options.messages, options.connections))
        samples = json.loads(out.read_text())
    print_profile(f"CPU by part, {options.carrier} on SQLite (samples of CPU time)", samples)


def _title(options: argparse.Namespace) -> str:
    how = f"median of {options.rounds} rounds; " if options.rounds > 1 else ""
    return (
        f"End to end, Hookline's carrier: {options.carrier}; {how}p50 / p95; "
        f"closed: {options.connections} connections; paced: {options.rate:g}/s, "
        "end to end without the receipt's delay"
    )


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    for line in known.read_text().splitlines() if known.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--calls"]:
        measure_calls(sys.argv[2:])
    elif sys.argv[1:2] == ["--tokens"]:
        measure_tokens(sys.argv[2:])
    elif sys.argv[1:2] == ["--drain"]:
        measure_drain(sys.argv[2:])
    elif sys.argv[1:2] == ["--webhooks"]:
        measure_webhooks(sys.argv[2:])
    else:
        main()
