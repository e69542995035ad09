"""Instants in words."""

import pytest

from hookline.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from hookline.console.times import ago, clock_time, due, utc

NOW = 1_780_000_000_000


@pytest.mark.parametrize(
    ("distance", "said"),
    [
        (0, "just now"),
        (9 * SECOND_MS, "just now"),
        (30 * SECOND_MS, "30 sec ago"),
        (5 * MINUTE_MS, "5 min ago"),
        (3 * HOUR_MS, "3 h ago"),
        (DAY_MS, "1 day ago"),
        (29 * DAY_MS, "29 days ago"),
        (31 * DAY_MS, "27 Apr 2026"),
        (-2 * HOUR_MS, "in 2 h"),
    ],
)
def test_distance_is_said_in_the_largest_unit(distance: int, said: str) -> None:
    assert ago(NOW - distance, NOW) == said


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (-3 * HOUR_MS, "now"),
        (0, "now"),
        (9 * SECOND_MS, "now"),
        (30 * SECOND_MS, "in 30 sec"),
        (2 * HOUR_MS, "in 2 h"),
    ],
)
def test_what_is_due_or_overdue_comes_now(ahead: int, said: str) -> None:
    assert due(NOW + ahead, NOW) == said


def test_utc_names_its_zone() -> None:
    assert utc(NOW) == "2026-05-28 20:26:40 UTC"
    assert clock_time(NOW + 7) == "20:26:40.007"
