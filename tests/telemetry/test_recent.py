"""Counts of the last minutes, from counts that only grow."""

from collections import Counter

from hookline.telemetry.recent import Recent


def test_only_the_span_counts() -> None:
    recent, counts = Recent[str](60.0, 0.0), Counter[str]()
    for second in range(0, 300, 2):
        counts["a"] += 1
        found = recent.of(counts, float(second))
    assert 30 <= found["a"] <= 36
    recent.of(counts, 310.0)
    assert recent.of(counts, 400.0) == {}


def test_from_the_start_everything_counts() -> None:
    recent = Recent[str](60.0, 5.0)
    assert recent.of({"a": 3, "b": 0}, 6.0) == {"a": 3}
