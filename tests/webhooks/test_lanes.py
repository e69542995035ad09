"""What a lane takes next, how fast, and whose lane has a worker next. No network, no database."""

from hookline.clock import ManualClock, UnixMs
from hookline.ids import AccountId, DeliveryId
from hookline.settings import Settings
from hookline.webhooks.lanes import Lane, Lanes
from hookline.webhooks.model import Delivery
from hookline.webhooks.rate import Rate
from hookline.webhooks.turns import Turns


def delivery(number: int, attempts: int = 0) -> Delivery:
    made = Delivery(
        DeliveryId(f"dlv_{number}"), AccountId("acc_1"), None, "https://a.example/", "evt", "message.sent",
        "msg", b"{}", UnixMs(0),
    )  # fmt: skip
    made.attempts = attempts
    return made


def lane_with(firsts: int, retries: int) -> Lane:
    lanes = Lanes(ManualClock(), Settings())
    lane = lanes.open(("acc_1", "https", "a.example", "443"), None)
    for number in range(firsts):
        lanes.put(lane, delivery(number))
    for number in range(retries):
        lanes.put(lane, delivery(100 + number, attempts=1))
    return lane


def test_one_turn_in_four_is_for_a_retry() -> None:
    lane = lane_with(12, 12)
    kinds = [taken.attempts for _ in range(12) if (taken := lane.take())]
    assert kinds == [0, 0, 0, 1] * 3


def test_retries_leave_half_of_the_places_to_those_that_wait_for_the_first_time() -> None:
    lane = lane_with(12, 12)
    lane.retrying = lane.width // 2
    assert {taken.attempts for _ in range(8) if (taken := lane.take())} == {0}
    assert lane.ready() == 4


def test_retries_leave_one_place_when_nothing_else_waits() -> None:
    lane = lane_with(0, 12)
    assert lane.ready() == lane.width - 1
    lane.retrying = lane.width - 1
    assert (lane.ready(), lane.take()) == (0, None)


def test_a_strained_target_still_gets_both_kinds() -> None:
    lane = lane_with(4, 4)
    lane.width = 1
    assert sorted(taken.attempts for _ in range(8) if (taken := lane.take())) == [0] * 4 + [1] * 4


def test_accounts_have_their_turn_then_their_targets() -> None:
    turns = Turns()
    keys = [("acc_1", "a"), ("acc_1", "b"), ("acc_1", "c"), ("acc_2", "d")]
    for key in keys:
        turns.add(Lane(key, 10))
    assert [turns.pop().key for _ in keys] == [keys[0], keys[3], keys[1], keys[2]]
    assert not turns


def test_a_rate_is_kept_over_time() -> None:
    rate, now, left = Rate(50, 0), 0, 0
    while now < 10_000:
        at = rate.next_at(now)
        if at == now:
            rate.spend()
            left += 1
        else:
            now = at
    assert 500 <= left <= 506
