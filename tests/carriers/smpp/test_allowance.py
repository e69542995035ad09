"""What a throttled carrier is used at, by a clock that the test moves."""

import heapq
from collections import deque
from collections.abc import Callable

import pytest

from hookline.carriers.allowance import Allowance, LastSecond
from hookline.carriers.pace import Pace, Timing

Takes = Callable[[float], bool]


def by_second(allowance: int) -> Takes:
    used: dict[int, int] = {}

    def takes(now: float) -> bool:
        second = int(now)
        used[second] = used.get(second, 0) + (used.get(second, 0) < allowance + 1)
        return used[second] <= allowance

    return takes


def within_a_second(allowance: int) -> Takes:
    taken: deque[float] = deque()

    def takes(now: float) -> bool:
        while taken and taken[0] <= now - 1:
            taken.popleft()
        if len(taken) >= allowance:
            return False
        taken.append(now)
        return True

    return takes


def by_bucket(allowance: int) -> Takes:
    size = max(1.0, allowance / 10)
    tokens, filled_at = size, 0.0

    def takes(now: float) -> bool:
        nonlocal tokens, filled_at
        tokens, filled_at = min(size, tokens + (now - filled_at) * allowance), now
        if tokens < 1:
            return False
        tokens -= 1
        return True

    return takes


class Played:
    """A link with enough to send and a carrier that answers after a while."""

    def __init__(
        self, takes: Takes, *, window: int, answer_s: float, rate: float = 0.0, learned: float = 0.0
    ) -> None:
        self.pace = Pace(rate, 0.0, Timing(), learned)
        self.takes, self.window, self.answer_s = takes, window, answer_s
        self.now, self.open = 0.0, 0
        self.answers: list[tuple[float, int, float, bool]] = []
        self.accepted = self.refused = self._sent = 0

    def play(self, seconds: float) -> int:
        """Go on for so long; how many were taken meanwhile."""
        until, before = self.now + seconds, self.accepted
        while self.now < until:
            following = self._send()
            if self.answers:
                following = min(following, self.answers[0][0])
            self.now = max(following, self.now)
            while self.answers and self.answers[0][0] <= self.now:
                self._hear(*heapq.heappop(self.answers)[2:])
        return self.accepted - before

    def _send(self) -> float:
        room = self.window - self.open
        allowed = self.pace.allowed(self.now, room) if room else 0
        if allowed:
            self.pace.spend(allowed, self.now)
        for _ in range(allowed):
            self._sent += 1
            is_taken = self.takes(self.now + self.answer_s / 2)
            entry = (self.now + self.answer_s, self._sent, self.now, is_taken)
            heapq.heappush(self.answers, entry)
        self.open += allowed
        return self.pace.next_at(self.now) if allowed < room else float("inf")

    def _hear(self, sent_at: float, is_taken: bool) -> None:
        self.open -= 1
        if is_taken:
            self.accepted += 1
            self.pace.taken(1, sent_at, self.now)
        else:
            self.refused += 1
            self.pace.refused(sent_at, self.now)


@pytest.mark.parametrize("answer_s", [0.002, 0.4])
@pytest.mark.parametrize("allowance", [5, 100, 1_000])
@pytest.mark.parametrize("kind", [by_second, within_a_second, by_bucket])
def test_it_is_used_at_its_allowance(
    kind: Callable[[int], Takes], allowance: int, answer_s: float
) -> None:
    window = max(10, int(allowance * answer_s * 3))
    played = Played(kind(allowance), window=window, answer_s=answer_s)
    played.play(30)
    assert played.play(120) >= 0.97 * allowance * 120


def test_refusals_stay_rare_once_it_is_known() -> None:
    played = Played(by_second(100), window=50, answer_s=0.05)
    played.play(30)
    before = played.refused
    played.play(300)
    assert played.refused - before <= 40


@pytest.mark.parametrize(("before", "after"), [(100, 500), (500, 100)])
def test_another_allowance_is_found(before: int, after: int) -> None:
    played = Played(by_second(before), window=100, answer_s=0.05)
    played.play(60)
    played.takes = by_second(after)
    played.play(60)
    assert played.play(60) >= 0.95 * after * 60


def test_a_carrier_that_takes_nothing_is_asked_ever_less_and_then_used_as_before() -> None:
    played = Played(by_second(100), window=50, answer_s=0.05)
    played.play(60)
    takes, before, played.takes = played.takes, played.refused, lambda _: False
    played.play(300)
    assert played.refused - before <= 60
    played.takes = takes
    played.play(40)
    assert played.play(60) >= 0.95 * 100 * 60


def test_what_a_link_has_learned_before_holds_from_its_first_second() -> None:
    played = Played(by_second(100), window=500, answer_s=0.05, learned=100)
    assert played.play(30) >= 0.97 * 100 * 30
    assert played.refused <= 5


def test_what_was_learned_before_is_nothing_where_the_setting_is_less() -> None:
    assert Pace(50, 0.0, Timing(), 100).learned == 0
    assert Pace(50, 0.0, Timing(), 20).rate == 20


def test_nothing_is_learned_within_the_allowance() -> None:
    played = Played(by_second(100), window=50, answer_s=0.05, rate=90)
    assert played.play(60) >= 0.97 * 90 * 60
    assert (played.refused, played.pace.learned) == (0, 0)


def test_what_was_learned_is_forgotten_where_the_setting_is_less() -> None:
    played = Played(by_second(20), window=50, answer_s=0.05, rate=60)
    played.play(30)
    assert 15 < played.pace.learned < 25
    played.takes = by_second(100)
    played.play(120)
    assert (played.pace.learned, played.pace.rate) == (0, 60)


def test_of_a_message_whose_answer_never_comes_another_goes_in_its_place() -> None:
    pace = Pace(0, 0.0, Timing())
    pace.refused(0.0, 0.1)
    assert pace.allowed(0.3, 10) == 1
    pace.spend(1, 0.3)
    assert pace.allowed(0.4, 10) == 0
    pace.unanswered()
    assert pace.allowed(0.5, 10) == 1


def test_a_refusal_when_hardly_anything_was_sent_does_not_bring_all_to_a_halt() -> None:
    allowance = Allowance()
    allowance.refused(1.0)
    assert allowance.rate == 10


def test_counts_are_of_the_last_second() -> None:
    count = LastSecond()
    for hundredth in range(300):
        count.add(1, hundredth / 100 + 0.001)
        assert count.total(hundredth / 100 + 0.001) == min(hundredth + 1, 101)
    assert count.total(5.0) == 0
