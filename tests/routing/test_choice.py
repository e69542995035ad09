"""The order in which the carriers of a route are tried."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hookline.ids import CarrierId
from hookline.routing.choice import Standing, ranked
from hookline.routing.health import score_of
from hookline.routing.model import Match, Target, Wanted
from hookline.telemetry.link_state import Lately

A, B, C = (CarrierId(f"car_{name}") for name in "abc")
RECIPIENTS = [f"+4477009{n:05}" for n in range(4_000)]
UP = {A: Standing.UP, B: Standing.UP, C: Standing.UP}
standings = st.fixed_dictionaries({one: st.sampled_from(Standing) for one in (A, B, C)})
targets = st.tuples(
    *(st.builds(Target, st.just(one), st.integers(1, 3), st.integers(1, 9)) for one in (A, B, C))
)


@given(targets, standings, st.sampled_from(RECIPIENTS))
def test_all_are_tried_the_best_standing_first_then_by_priority(
    given_targets: tuple[Target, ...], how: dict[CarrierId, Standing], recipient: str
) -> None:
    order = ranked(given_targets, recipient, how)
    assert sorted(order, key=repr) == sorted(given_targets, key=repr)
    keys = [(how[one.carrier_id], one.priority) for one in order]
    assert keys == sorted(keys)
    assert order == ranked(given_targets[::-1], recipient, how)


def test_the_weights_divide_the_recipients() -> None:
    three_to_one = [Target(A, 1, 3), Target(B, 1, 1)]
    first = Counter(ranked(three_to_one, one, UP)[0].carrier_id for one in RECIPIENTS)
    assert 0.70 < first[A] / len(RECIPIENTS) < 0.80


def test_only_the_recipients_of_a_lost_carrier_move() -> None:
    three = [Target(A, 1, 1), Target(B, 1, 1), Target(C, 1, 1)]
    before = {one: ranked(three, one, UP)[0].carrier_id for one in RECIPIENTS}
    without = {**UP, C: Standing.DOWN}
    after = {one: ranked(three, one, without)[0].carrier_id for one in RECIPIENTS}
    assert {one for one in RECIPIENTS if before[one] != after[one]} == {
        one for one in RECIPIENTS if before[one] == C
    }
    assert Counter(after.values()).keys() == {A, B}


def test_a_carrier_without_news_counts_as_down() -> None:
    assert ranked([Target(A), Target(B)], "+12025550100", {B: Standing.POOR})[0].carrier_id == B


def test_a_score_tells_faults_from_refusals_and_from_slowing_down() -> None:
    assert score_of(Lately()) == 100
    assert score_of(Lately(throttled=1_000)) == 100
    assert score_of(Lately(accepted=1, faulted=2)) > 80, "three answers are no trend"
    assert score_of(Lately(faulted=30)) < 50
    assert score_of(Lately(accepted=30, ambiguous=60)) < 50
    assert score_of(Lately(accepted=50, rejected=50)) > 60


def test_conditions_all_hold_and_say_why_they_do_not() -> None:
    match = Match(frozenset({"GB"}), ("+4477",), frozenset({"ACME"}), frozenset({"otp", "alert"}))
    assert match.miss(Wanted("ACME", "+447700900123", ["otp", "x"])) is None
    assert "from Other" in str(match.miss(Wanted("Other", "+447700900123", ["otp"])))
    assert "tags" in str(match.miss(Wanted("ACME", "+447700900123")))
    assert "prefixes" in str(match.miss(Wanted("ACME", "+441632960001", ["otp"])))
    assert "GB" not in str(Match(frozenset({"FR"})).miss(Wanted("x", "+33612345678")))
    assert "numbers of GB" in str(Match(frozenset({"FR"})).miss(Wanted("x", "+447700900123")))
    assert Match().miss(Wanted("x", "+87812345678")) is None
