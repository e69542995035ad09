"""How fast a link goes, by a clock that the test moves."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.carriers.pace import Backoff, Pace, Timing


@given(
    rate=st.floats(0.5, 10_000),
    steps=st.lists(st.tuples(st.floats(0, 0.5), st.integers(0, 500)), max_size=100),
)
def test_no_second_has_more_than_its_rate_and_one_burst(
    rate: float, steps: list[tuple[float, int]]
) -> None:
    pace, now, sent = Pace(rate, 0.0, Timing()), 0.0, [(0.0, 0)]
    for pause, wanted in steps:
        now += pause
        allowed = pace.allowed(now, wanted)
        assert 0 <= allowed <= wanted
        pace.spend(allowed, now)
        sent.append((now, allowed))
    for begin, _ in sent:
        within = sum(count for at, count in sent if begin <= at < begin + 1)
        assert within <= rate + max(1.0, rate * 0.02) + 1e-6


@given(rate=st.floats(0.5, 10_000))
def test_who_asks_when_it_is_worth_it_gets_the_rate(rate: float) -> None:
    pace, now, sent = Pace(rate, 0.0, Timing()), 0.0, 0
    while now < 2:
        allowed = pace.allowed(now, 1_000)
        pace.spend(allowed, now)
        sent += allowed
        following = pace.next_at(now)
        assert following > now or pace.allowed(now, 1)
        now = following
    assert sent >= int(rate * 2 * 0.99)


def test_high_rate_wakes_a_few_hundred_times_a_second_at_most() -> None:
    pace, now, wakes = Pace(10_000, 0.0, Timing()), 0.0, 0
    while now < 1:
        pace.spend(pace.allowed(now, 1_000), now)
        now = pace.next_at(now)
        wakes += 1
    assert wakes <= 250


def test_without_a_rate_all_may_leave() -> None:
    pace = Pace(0, 0.0, Timing())
    assert pace.allowed(0.0, 1_000) == 1_000
    assert pace.next_at(5.0) == 5.0


def test_pauses_double_up_to_the_longest_and_begin_anew() -> None:
    pace, now = Pace(0, 0.0, Timing(pause_s=1, pause_max_s=5)), 0.0
    pauses = []
    for _ in range(5):
        pauses.append(pace.back_off(now))
        assert pace.allowed(now, 1) == 0
        assert pace.next_at(now) == now + pauses[-1]
        now += pauses[-1]
        assert pace.allowed(now, 1) == 1
    pace.taken(1, now, now)
    assert [*pauses, pace.back_off(now)] == [1, 2, 4, 5, 5, 1]


def test_answers_to_what_left_before_the_pause_do_not_prolong_it() -> None:
    pace = Pace(0, 0.0, Timing(pause_s=1))
    assert [pace.back_off(0.0), pace.back_off(0.25), pace.back_off(0.5)] == [1, 0.75, 0.5]


@pytest.mark.parametrize("end", [min, max])
def test_tries_to_connect_are_ever_further_apart(end: Callable[[float, float], float]) -> None:
    timing = Timing(connect_s=1, connect_max_s=8)
    backoff = Backoff(timing, end)
    jitter = end(0.8, 1.2)
    assert [backoff.next_s() for _ in range(5)] == [w * jitter for w in (1, 2, 4, 8, 8)]
    backoff.reset()
    assert backoff.next_s() == jitter
