"""What `make bench ARGS=--calls` compares with must itself be right."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.calls.bare import Bare, running_bare
from bench.calls.contender import Act, CallLoad, CallOutcome, at_once_max
from bench.calls.far_end import FarEnd, running_far_end


@pytest.fixture(scope="module")
def far_end(asterisk_root: Path) -> Iterator[FarEnd]:
    with running_far_end() as far_end:
        yield far_end


@pytest.fixture(scope="module")
def bare(far_end: FarEnd) -> Iterator[Bare]:
    with running_bare(far_end) as bare:
        yield bare


@pytest.mark.parametrize(("act", "recorded"), [("signalling", 0), ("played", 0), ("recorded", 2)])
def test_the_bare_loop_completes_its_calls(
    bare: Bare, far_end: FarEnd, act: Act, recorded: int
) -> None:
    bare.place(CallLoad(act, count=2, rate=20))
    far_end.wait_until_quiet(10)
    outcome = bare.outcome()
    assert (outcome.accepted, outcome.completed, outcome.recorded) == (2, 2, recorded)
    assert (outcome.at_once_max, outcome.oddities) == (2, {})
    assert far_end.asterisk.channels() == []


def test_calls_at_once_are_those_that_lie_over_each_other() -> None:
    assert at_once_max([(0, 2), (1, 3), (2, 4), (5, 6)]) == 2
    assert at_once_max([]) == 0


def test_the_rate_leaves_out_the_begin_and_the_end() -> None:
    ends = [0.0, *(10 + place / 50 for place in range(98)), 100.0]
    assert CallOutcome(ended_s=ends).per_s == pytest.approx(50)
