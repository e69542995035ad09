"""Runs the server under a sampling profiler: `python -m bench.profiled OUT.json up …`.

Sampling begins with SIGUSR1. Every millisecond of CPU time one sample says which part of the program was at work: the innermost
room of Hookline on the stack, or the library outside of it.
"""

import json
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

_INTERVAL_S = 0.001
_PARTS = ("uvicorn", "starlette", "fastapi", "sqlalchemy", "asyncpg", "asyncio", "uvloop")


def part_of(frame: FrameType | None) -> str:
    """The innermost known part on the stack."""
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.startswith("hookline."):
            room = name.split(".")
            return ".".join(room[1:4])
        head = name.partition(".")[0]
        if head in _PARTS:
            return head
        frame = frame.f_back
    return "event loop"


def main() -> None:
    out, *arguments = sys.argv[1:]
    samples: Counter[str] = Counter()

    def sample(_signal: int, frame: FrameType | None) -> None:
        samples[part_of(frame)] += 1

    def begin(_signal: int, _frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_PROF, _INTERVAL_S, _INTERVAL_S)

    signal.signal(signal.SIGPROF, sample)
    signal.signal(signal.SIGUSR1, begin)
    sys.argv = ["hookline", *arguments]
    from hookline.cli import main as command  # the handlers come before the program's own

    try:
        command()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        Path(out).write_text(json.dumps(samples.most_common()))


if __name__ == "__main__":
    main()
