"""`make bench ARGS="--calls"`: calls over Hookline's API and by a bare ARI loop, in turns.

All go through one Asterisk to a SIPp that answers at once; all on this machine. Paced: signalling
(answered, live for a second, hung up), a short sound played, and calls that are recorded at once.
"""

import argparse
import json
import os
import platform
import signal
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path

from bench.calls.bare import running_bare
from bench.calls.contender import Act, CallLoad, Contender
from bench.calls.far_end import FarEnd, running_far_end
from bench.calls.hookline import running_calls
from bench.calls.measure import CallFigures, idle_ms, measure, medians, warm_up
from bench.calls.report import BARE, print_calls
from bench.hookline import Setup
from bench.report import console, print_profile
from tests.services.postgres import postgres_server

NAMES = {
    "bare": BARE,
    "sqlite": "Hookline, SQLite",
    "postgresql": "Hookline, PostgreSQL",
}
ACTS: tuple[Act, ...] = ("signalling", "played", "recorded")

Opening = Callable[[], AbstractContextManager[Contender]]
Rounds = dict[Act, dict[str, list[CallFigures]]]


def main(arguments: list[str] | None = None) -> None:
    options = _options(arguments)
    loads = _loads(options)
    with ExitStack() as stack:
        postgres = None
        if "postgresql" in options.only:
            postgres = stack.enter_context(postgres_server())
        far_end = stack.enter_context(running_far_end())
        openings: dict[str, Opening] = {
            NAMES["bare"]: partial(running_bare, far_end),
            NAMES["sqlite"]: partial(running_calls, far_end, Setup("asterisk")),
            NAMES["postgresql"]: partial(running_calls, far_end, Setup("asterisk", postgres)),
        }
        chosen = {NAMES[name]: openings[NAMES[name]] for name in options.only}
        rounds = _measure_in_turns(chosen, far_end, loads, options)
        profile = None
        if options.profile is not None:
            profile = _profile(far_end, loads[options.profile])
    console.print(
        f"{platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} CPUs"
    )
    for act, load in loads.items():
        figures = {name: medians(measured) for name, measured in rounds[act].items()}
        print_calls(_title(load, options.rounds), figures)
    if profile is not None:
        print_profile(f"CPU by part, {options.profile} on SQLite (samples of CPU time)", profile)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=--calls", description=__doc__)
    add = parser.add_argument
    add("--rate", type=float, default=50.0, help="calls a second of signalling")
    add("--paced-s", type=float, default=30.0, help="how long signalling takes")
    add("--played", type=int, default=500, help="calls that a short sound is played to")
    add("--recorded", type=int, default=50, help="calls that are recorded at once")
    add("--rounds", type=int, default=1, help="everything so often, in turns; medians are shown")
    add("--only", choices=list(NAMES), nargs="+", default=list(NAMES), help="what is measured")
    add("--acts", choices=ACTS, nargs="+", default=list(ACTS), help="what the calls do")
    add("--profile", choices=ACTS, help="then Hookline's CPU by part, of calls that do this")
    add("--json", type=Path, help="a file that every round's figures are appended to")
    return parser.parse_args(arguments)


def _loads(options: argparse.Namespace) -> dict[Act, CallLoad]:
    counts = {
        "signalling": int(options.rate * options.paced_s),
        "played": options.played,
        "recorded": options.recorded,
    }
    return {act: CallLoad(act, counts[act], options.rate) for act in ACTS if act in options.acts}


def _measure_in_turns(
    openings: Mapping[str, Opening],
    far_end: FarEnd,
    loads: Mapping[Act, CallLoad],
    options: argparse.Namespace,
) -> Rounds:
    rounds: Rounds = {act: {name: [] for name in openings} for act in loads}
    for turn in range(options.rounds):
        for name, opening in openings.items():
            with opening() as contender:
                warm_up(contender, far_end, list(loads))
                idle = idle_ms(contender)
                for act, load in loads.items():
                    figures = measure(contender, far_end, load, idle)
                    rounds[act][name].append(figures)
                    _note(options.json, name, act, turn, figures)
            console.print(f"{turn + 1}/{options.rounds} {name}")
    return rounds


def _note(out: Path | None, name: str, act: Act, turn: int, figures: CallFigures) -> None:
    if out is not None:
        line = {"name": name, "act": act, "round": turn} | asdict(figures)
        with out.open("a") as file:
            file.write(json.dumps(line) + "\n")


def _profile(far_end: FarEnd, load: CallLoad) -> list[tuple[str, int]]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "profile.json"
        with running_calls(far_end, Setup("asterisk", profile=out)) as contender:
            warm_up(contender, far_end, [load.act])
            os.kill(contender.pids["Hookline"], signal.SIGUSR1)
            measure(contender, far_end, load, 0.0)
        samples: list[tuple[str, int]] = json.loads(out.read_text())
    return samples


def _title(load: CallLoad, rounds: int) -> str:
    how = f"; median of {rounds} rounds" if rounds > 1 else ""
    return f"{load.act}: {load.count} calls, {load.rate:g} begun a second; p50 / p95{how}"


if __name__ == "__main__":
    main()
