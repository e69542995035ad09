"""How many segments may be open, by how long answers take."""

from hookline.carriers.smpp.window import Window


def answer(
    window: Window, waited_s: float, rounds: int, *, now: float = 1.0, full: bool = True
) -> None:
    for _ in range(rounds):
        window.answered(waited_s, window.size, now, is_full=full)


def test_quick_answers_leave_it_as_it_is() -> None:
    window = Window(50)
    answer(window, 0.1, 100)
    assert window.size == 50


def test_slow_answers_make_it_small_and_quick_ones_large_again() -> None:
    window = Window(50)
    answer(window, 0.05, 1)
    answer(window, 2.0, 40)
    assert window.size == 1
    answer(window, 0.05, 60)
    assert window.size == 50


def test_answers_of_a_far_carrier_are_not_slow() -> None:
    window = Window(50)
    answer(window, 0.8, 50)
    answer(window, 1.2, 50)
    assert window.size == 50


def test_it_grows_only_where_it_was_full() -> None:
    window = Window(50)
    answer(window, 0.05, 1)
    answer(window, 2.0, 40)
    answer(window, 0.05, 60, full=False)
    assert window.size == 1


def test_a_carrier_that_stays_slow_is_taken_as_it_is_after_a_minute() -> None:
    window = Window(50)
    answer(window, 0.05, 1)
    for now in range(2, 200):
        answer(window, 1.0, 1, now=float(now))
    assert window.size == 50


def test_waiting_at_the_carrier_is_kept_short() -> None:
    """A carrier that takes 20 a second one by one: what is open waits for what is before it."""
    window, now = Window(50), 0.0
    for _ in range(400):
        waited_s = window.size / 20
        now += waited_s
        window.answered(0.05, 1, now, is_full=True)
        window.answered(waited_s, window.size, now, is_full=True)
    assert 3 <= window.size <= 12
