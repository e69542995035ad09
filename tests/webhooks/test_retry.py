"""When a failed delivery is tried again, and when everything for an endpoint waits."""

from email.utils import format_datetime

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook

from hookline.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, ManualClock, to_datetime
from hookline.outbound.retry_after import RETRY_AFTER_MAX_S, parse_retry_after
from hookline.storage.schema import endpoints, events
from hookline.webhooks.endpoints import rotate_secret
from hookline.webhooks.retry import (
    CALL_SCHEDULE_MS,
    SCHEDULE_MS,
    delay_ms,
    schedule_for,
)
from tests.webhooks.nodes import BOX, Node, Receiver, answer, caller, message_event

CONTRACT_MS = [
    0, 5 * SECOND_MS, 30 * SECOND_MS, 2 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS,
    5 * HOUR_MS, 10 * HOUR_MS, 14 * HOUR_MS, 20 * HOUR_MS, DAY_MS,
]  # fmt: skip


async def recorded(node: Node, count: int) -> None:
    async def is_so() -> bool:
        return len(await node.attempts()) >= count

    await node.until(is_so)


def test_schedule_is_the_contract() -> None:
    waits = [delay_ms(n, SCHEDULE_MS, lambda: 0.5) for n in range(len(CONTRACT_MS))]
    assert waits == CONTRACT_MS
    assert delay_ms(len(CONTRACT_MS), SCHEDULE_MS, lambda: 0.5) is None


def test_a_live_call_has_a_short_schedule_and_its_end_the_usual_one() -> None:
    assert schedule_for("call.dtmf", None) == CALL_SCHEDULE_MS
    assert schedule_for("call.completed", None) == SCHEDULE_MS
    assert schedule_for("call.dtmf", (0, 1_000)) == (0, 1_000)


@pytest.mark.parametrize(("random", "share"), [(0.0, 0.8), (1.0, 1.2)])
def test_jitter_is_a_fifth(random: float, share: float) -> None:
    assert delay_ms(1, SCHEDULE_MS, lambda: random) == 5 * SECOND_MS * share


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), ("0", 0), ("9999999999999999", RETRY_AFTER_MAX_S), ("soon", None), ("", None)],
)
def test_retry_after_seconds(value: str, seconds: float | None) -> None:
    assert parse_retry_after(value, 0) == seconds


def test_retry_after_date() -> None:
    now = 1_780_000_000_000
    assert parse_retry_after(format_datetime(to_datetime(now + 90_000), usegmt=True), now) == 90
    assert parse_retry_after(format_datetime(to_datetime(now - 90_000), usegmt=True), now) == 0


async def test_short_retry_waits_in_memory(
    paused_node: Node, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [answer(500), answer(200)]
    owner = caller(await paused_node.account())
    await paused_node.endpoint(owner, receiver.url)
    await paused_node.append(message_event(owner.account_id))
    await receiver.take()
    await recorded(paused_node, 1)
    row = (await paused_node.deliveries())[0]
    assert (row.status, row.next_attempt_at) == ("pending", clock.now_ms() + 5_000)
    assert row.owner == paused_node.leases.node
    clock.advance(seconds=5)
    paused_node.webhooks.wake()
    await receiver.take()
    await paused_node.quiet()
    assert [row.status for row in await paused_node.attempts()] == [500, 200]


async def test_each_attempt_has_the_same_id_and_body_and_a_fresh_signature(
    paused_node: Node, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [answer(500), answer(200)]
    owner = caller(await paused_node.account())
    await paused_node.endpoint(owner, receiver.url)
    await paused_node.append(message_event(owner.account_id))
    first = (await receiver.take())[0]
    await recorded(paused_node, 1)
    clock.advance(seconds=5)
    paused_node.webhooks.wake()
    second = (await receiver.take())[0]
    assert first[0]["webhook-id"] == second[0]["webhook-id"]
    assert first[1] == second[1]
    assert int(second[0]["webhook-timestamp"]) - int(first[0]["webhook-timestamp"]) == 5
    assert first[0]["webhook-signature"] != second[0]["webhook-signature"]


async def test_schedule_runs_to_failed(
    paused_node: Node, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [answer(500)]
    owner = caller(await paused_node.account())
    await paused_node.endpoint(owner, receiver.url)
    await paused_node.append(message_event(owner.account_id))
    for number in range(1, len(SCHEDULE_MS) + 1):
        await receiver.take()
        await recorded(paused_node, number)
        wait_ms = delay_ms(number, SCHEDULE_MS, lambda: 0.5)
        clock.advance(seconds=(wait_ms or 0) / 1_000)
        paused_node.webhooks.wake()
    row = (await paused_node.deliveries())[0]
    assert (row.status, row.attempts, row.next_attempt_at) == ("failed", len(SCHEDULE_MS), None)
    assert row.finished_at is not None
    assert paused_node.webhooks.held == 0


async def test_long_wait_is_given_back_to_the_database(
    paused_node: Node, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [answer(500)]
    owner = caller(await paused_node.account())
    await paused_node.endpoint(owner, receiver.url)
    await paused_node.append(message_event(owner.account_id))
    for number, wait_s in ((1, 5), (2, 30), (3, 0)):
        await receiver.take()
        await recorded(paused_node, number)
        clock.advance(seconds=wait_s)
        paused_node.webhooks.wake()
    row = (await paused_node.deliveries())[0]
    assert (row.owner, row.next_attempt_at) == (None, clock.now_ms() + 120_000)
    assert paused_node.webhooks.held == 0


@pytest.mark.parametrize("status", [301, 302, 400, 404])
async def test_other_answers_are_failures(node: Node, receiver: Receiver, status: int) -> None:
    receiver.answers = [answer(status, "Location: http://127.0.0.1:1/")]
    owner = caller(await node.account())
    await node.endpoint(owner, receiver.url)
    await node.append(message_event(owner.account_id))
    await recorded(node, 1)
    row = (await node.deliveries())[0]
    assert (row.status, row.last_status) == ("pending", status)
    assert receiver.requests.qsize() == 1


async def test_gone_disables_the_endpoint(node: Node, receiver: Receiver) -> None:
    receiver.answers = [answer(410)]
    owner = caller(await node.account())
    made, _ = await node.endpoint(owner, receiver.url)
    await node.append(message_event(owner.account_id))
    await receiver.take()
    await node.quiet()
    await node.append(message_event(owner.account_id))
    row = (await node.store.read(select(endpoints)))[0]
    told = await node.store.read(
        select(events.c.resource_id).where(events.c.type == "webhook.disabled")
    )
    assert (row.status, row.disabled_reason) == ("disabled", "gone")
    assert [event.resource_id for event in told] == [made.id]
    assert [row.status for row in await node.deliveries()] == ["failed"]


async def test_short_retry_after_pauses_the_endpoint(
    paused_node: Node, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [answer(429, "Retry-After: 20"), answer(200)]
    owner = caller(await paused_node.account())
    await paused_node.endpoint(owner, receiver.url)
    await paused_node.append(message_event(owner.account_id))
    await receiver.take()
    await recorded(paused_node, 1)
    await paused_node.append(message_event(owner.account_id, resource_id="msg_2"))
    clock.advance(seconds=19)
    paused_node.webhooks.wake()
    await paused_node.append(message_event(owner.account_id, resource_id="msg_3"))
    assert receiver.requests.empty()
    clock.advance(seconds=1)
    paused_node.webhooks.wake()
    await receiver.take(3)
    await paused_node.quiet()
    assert {row.status for row in await paused_node.deliveries()} == {"delivered"}


async def test_long_retry_after_is_kept_by_the_database(
    paused_node: Node, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [answer(503, "Retry-After: 3600"), answer(200)]
    owner = caller(await paused_node.account())
    await paused_node.endpoint(owner, receiver.url)
    await paused_node.append(message_event(owner.account_id))
    await receiver.take()
    await recorded(paused_node, 1)
    await paused_node.append(message_event(owner.account_id, resource_id="msg_2"))

    async def is_put_off() -> bool:
        due = {row.next_attempt_at for row in await paused_node.deliveries()}
        return due == {clock.now_ms() + 3_600_000}

    await paused_node.until(is_put_off)
    assert paused_node.webhooks.held == 0
    clock.advance(seconds=3_600)
    paused_node.webhooks.wake()
    await receiver.take(2)


async def test_rotated_secret_signs_beside_the_old_one(node: Node, receiver: Receiver) -> None:
    owner = caller(await node.account())
    made, old = await node.endpoint(owner, receiver.url)
    _, new = await node.store.commit(
        lambda tx: rotate_secret(tx, node.store, BOX, owner, made.id, 3_600)
    )
    await node.append(message_event(owner.account_id))
    headers, body = (await receiver.take())[0]
    assert len(headers["webhook-signature"].split()) == 2
    for secret in (old, new):
        Webhook(secret).verify(body, headers)
