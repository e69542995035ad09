"""The circuit breaker: when it opens, how long, what lets it close."""

from sqlalchemy import select

from hookline.clock import ManualClock
from hookline.events.model import EventType
from hookline.storage.schema import deliveries
from hookline.webhooks.breaker import OPEN_MAX_MS, OPEN_MS, WINDOW_MS, Breaker, BreakerState
from hookline.webhooks.history import send_test
from tests.webhooks.nodes import Node, Receiver, answer, caller, message_event


def middle() -> float:
    return 0.5


def fail(breaker: Breaker, times: int, now: int = 1) -> bool:
    outcomes = [breaker.note(now, middle, is_trouble=True) for _ in range(times)]
    return True in outcomes


def test_nine_calls_are_too_few_to_judge() -> None:
    breaker = Breaker()
    assert not fail(breaker, 9)
    assert breaker.state(1) is BreakerState.CLOSED
    assert fail(breaker, 1)
    assert breaker.state(1) is BreakerState.OPEN
    assert breaker.open_until == 1 + OPEN_MS


def test_less_than_seven_in_ten_keeps_it_closed() -> None:
    breaker = Breaker()
    for number in range(100):
        breaker.note(1, middle, is_trouble=number % 10 >= 4)
    assert breaker.state(1) is BreakerState.CLOSED


def test_old_trouble_is_forgotten() -> None:
    breaker = Breaker()
    fail(breaker, 9)
    assert not fail(breaker, 9, 2 + WINDOW_MS)
    assert breaker.state(2 + WINDOW_MS) is BreakerState.CLOSED


def test_it_is_blank_when_its_trouble_is_old() -> None:
    breaker = Breaker()
    assert breaker.is_blank(1)
    fail(breaker, 1)
    assert not breaker.is_blank(1 + WINDOW_MS)
    assert breaker.is_blank(2 + WINDOW_MS)
    fail(breaker, 10)
    assert not breaker.is_blank(breaker.open_until + WINDOW_MS)
    assert breaker.is_blank(breaker.open_until + WINDOW_MS + 1)


def test_a_probe_decides_and_waits_grow() -> None:
    breaker, now = Breaker(), 1
    fail(breaker, 10)
    waits = []
    for _ in range(6):
        waits.append(breaker.open_until - now)
        assert not breaker.note(now, middle, is_trouble=True)  # it was under way
        now = breaker.open_until
        assert breaker.state(now) is BreakerState.HALF_OPEN
        assert breaker.note(now, middle, is_trouble=True)
    assert waits == [OPEN_MS, 2 * OPEN_MS, 4 * OPEN_MS, 8 * OPEN_MS, OPEN_MAX_MS, OPEN_MAX_MS]
    now = breaker.open_until
    assert not breaker.note(now, middle, is_trouble=False)
    assert breaker.state(now) is BreakerState.CLOSED
    fail(breaker, 10, now)
    assert breaker.open_until - now == OPEN_MS


async def tripped(node: Node, receiver: Receiver, count: int = 12) -> str:
    """An endpoint whose breaker is open; what it was not sent is due when it closes."""
    receiver.answers = [answer(500)]
    owner = caller(await node.account())
    endpoint, _ = await node.endpoint(owner, receiver.url)
    drafts = [message_event(owner.account_id, resource_id=f"msg_{n}") for n in range(count)]
    await node.append(*drafts)

    async def is_recorded() -> bool:
        return len(await node.attempts()) >= 10

    await node.until(is_recorded)
    return endpoint.id


async def test_open_it_burns_no_attempts(
    paused_node: Node, clock: ManualClock, receiver: Receiver
) -> None:
    await tripped(paused_node, receiver, 40)
    made = len(await paused_node.attempts())
    assert made < 30
    clock.advance(seconds=20)  # the first retries would be due
    paused_node.webhooks.wake()
    await paused_node.store.read(select(deliveries))
    assert len(await paused_node.attempts()) == made
    receiver.answers = [answer(200)]
    clock.advance(seconds=120)
    paused_node.webhooks.wake()

    async def all_came() -> bool:
        clock.advance(seconds=1)
        paused_node.webhooks.wake()
        return all(row.status == "delivered" for row in await paused_node.deliveries())

    await paused_node.until(all_came)


async def test_a_test_event_that_gets_through_closes_it(
    paused_node: Node, clock: ManualClock, receiver: Receiver
) -> None:
    endpoint_id = await tripped(paused_node, receiver, 40)
    receiver.answers = [answer(200)]
    row = (await paused_node.deliveries())[0]
    _, attempt = await send_test(
        paused_node.webhooks, paused_node.store, caller(row.account_id), endpoint_id,
        EventType.MESSAGE_SENT,
    )  # fmt: skip
    assert attempt.is_success

    async def all_came() -> bool:
        clock.advance(seconds=1)
        paused_node.webhooks.wake()
        return all(row.status == "delivered" for row in await paused_node.deliveries())

    await paused_node.until(all_came)
