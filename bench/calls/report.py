"""Prints what calls cost, as tables of Markdown, so that they can be kept as they are."""

from collections.abc import Mapping

from bench.calls.measure import CallFigures

BARE = "bare ARI loop"
_COLUMNS = (
    "contender", "calls/s", "completed", "failed", "recorded", "at once", "request ms",
    "to answered ms", "CPU ms/call", "to bare", "idle ms/s", "PostgreSQL", "Asterisk", "SIPp", "RSS MB",
    "others' CPUs",
)  # fmt: skip
_BESIDE = ("PostgreSQL", "Asterisk", "SIPp")


def print_calls(title: str, figures: Mapping[str, CallFigures]) -> None:
    """`CPU ms/call`: of the Python side; beside it, what the others paid for the same call."""
    bare = figures.get(BARE)
    rows = [_COLUMNS, *(_row(name, one, bare) for name, one in figures.items())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    rule = "|".join(
        f":{'-' * width}-" if not at else f"-{'-' * width}:" for at, width in enumerate(widths)
    )
    lines.insert(1, f"|{rule}|")
    print(f"\n{title}\n", *lines, sep="\n")
    for name, one in figures.items():
        for oddity, times in one.oddities.items():
            print(f"{name}: {times} × {oddity}")


def _row(name: str, one: CallFigures, bare: CallFigures | None) -> tuple[str, ...]:
    own = own_cpu(one)
    return (
        name,
        f"{one.per_s:.1f}",
        f"{one.completed:.0f}",
        f"{one.failed:.0f}",
        f"{one.recorded:.0f}",
        f"{one.at_once:.0f}",
        _pair(one.post_ms),
        _pair(one.answered_ms),
        f"{own:.2f}",
        f"{own / max(own_cpu(bare), 1e-9):.2f}" if bare is not None else "",
        f"{one.idle_ms:.0f}",
        *(f"{one.cpu_ms[beside]:.2f}" if beside in one.cpu_ms else "" for beside in _BESIDE),
        f"{sum(rss for part, rss in one.rss_mb.items() if part not in _BESIDE):.0f}",
        f"{one.disturbance:.1f}",
    )


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    first, *others = zip(row, widths, strict=True)
    cells = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]
    return f"| {' | '.join(cells)} |"


def own_cpu(figures: CallFigures) -> float:
    """Of the Python side, a call."""
    return sum(value for name, value in figures.cpu_ms.items() if name not in _BESIDE)


def _pair(values: tuple[float, float]) -> str:
    return f"{values[0]:.1f} / {values[1]:.1f}"
