"""`make bench ARGS="--webhooks"`: events through the outbox to endpoints, received, answered and recorded.

The node with its producer, the receiver and PostgreSQL share this machine. As fast as it goes for
throughput, CPU and statements; paced for the time from an event's commit to the first byte at its receiver.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from bench.report import console
from bench.webhooks.measure import Crowd, Flow, Hole, measure_crowd, measure_flow, measure_hole
from bench.webhooks.report import print_crowd, print_flow, print_hole
from bench.webhooks.stage import Load, Stage, running_stage
from tests.services.postgres import postgres_server

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
Figures = Flow | Hole | Crowd


def main(arguments: list[str]) -> None:
    options = _options(arguments)
    console.print(
        f"{platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} CPUs"
    )
    with ExitStack() as stack:
        postgres = None
        if "postgresql" in options.only:
            postgres = stack.enter_context(postgres_server())
        for turn in range(options.rounds):
            for name in options.only:
                with running_stage(postgres if name == "postgresql" else None) as stage:
                    figures = _act(options)(stage, _load(options))
                _show(NAMES[name], figures)
                if options.json:
                    with options.json.open("a") as out:
                        kind = type(figures).__name__
                        line = {"name": name, "kind": kind, "round": turn} | asdict(figures)
                        out.write(json.dumps(line) + "\n")


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='make bench ARGS="--webhooks"', description=__doc__)
    add = parser.add_argument
    add("--deliveries", type=int, default=30_000, help="as fast as it goes")
    add("--endpoints", type=int, default=50)
    add("--accounts", type=int, default=50, help="that they belong to: fewer make a fan-out")
    add("--window", type=int, default=2_000, help="deliveries open at once")
    add("--rate", type=float, default=200.0, help="events a second of the paced run")
    add("--paced-s", type=float, default=10.0, help="how long the paced run takes")
    add("--black-hole", action="store_true", help="beside an endpoint that never answers")
    add("--hole-rate", type=float, default=1_000.0, help="events a second into the black hole")
    add("--crowd", type=int, default=0, metavar="N", help="the memory of N endpoints")
    add("--rounds", type=int, default=1)
    add("--only", choices=list(NAMES), nargs="+", default=list(NAMES))
    add("--json", type=Path, help="a file that every round's figures are appended to")
    return parser.parse_args(arguments)


def _act(options: argparse.Namespace) -> Callable[[Stage, Load], Figures]:
    if options.black_hole:
        return measure_hole
    return measure_crowd if options.crowd else measure_flow


def _load(options: argparse.Namespace) -> Load:
    return Load(
        deliveries=options.deliveries,
        endpoints=options.crowd or options.endpoints,
        accounts=max(1, options.crowd // 100) if options.crowd else options.accounts,
        window=options.window,
        rate=options.rate,
        paced_s=options.paced_s,
        hole_rate=options.hole_rate,
    )


def _show(name: str, figures: Flow | Hole | Crowd) -> None:
    if isinstance(figures, Flow):
        print_flow(name, figures)
    elif isinstance(figures, Hole):
        print_hole(name, figures)
    else:
        print_crowd(name, figures)


if __name__ == "__main__":
    main(sys.argv[1:])
