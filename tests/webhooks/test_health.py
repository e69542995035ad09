"""Failing for days: warned, disabled, told; and recovered."""

from dataclasses import replace

from sqlalchemy import select

from hookline.clock import DAY_MS, SECOND_MS, ManualClock
from hookline.events.model import EventType
from hookline.outbound import mail
from hookline.storage.schema import endpoints, events
from hookline.webhooks.endpoints import EndpointChange, patch_endpoint
from hookline.webhooks.health import note_failing
from hookline.webhooks.model import Policy
from hookline.webhooks.retry import FAILING_MAX_MS, percent_due, schedule_of
from tests.services.mail import MailServer
from tests.services.people import add_people
from tests.webhooks.nodes import BOX, Node, Receiver, answer, caller, message_event


def test_percent_is_the_highest_stage_that_is_over() -> None:
    def at(share: float) -> int:
        return percent_due(0, round(FAILING_MAX_MS * share))

    assert [at(share) for share in (0, 0.49, 0.5, 0.69, 0.7, 0.9, 0.99, 1, 2)] == [
        0, 0, 50, 50, 70, 90, 90, 100, 100,
    ]  # fmt: skip


async def told(node: Node) -> list[str]:
    wanted = select(events.c.type).where(events.c.type.like("webhook.%"))
    return [row.type for row in await node.store.read(wanted.order_by(events.c.position))]


async def fail_once(node: Node, receiver: Receiver, account_id: str, number: int) -> None:
    await node.append(message_event(account_id, resource_id=f"msg_{number}"))
    await receiver.take()

    async def is_recorded() -> bool:
        rows = await node.deliveries()
        return len(rows) == number and not [row for row in rows if row.status == "pending"]

    await node.until(is_recorded)


async def the_endpoint(node: Node) -> tuple[str, str | None, int | None, int]:
    [row] = await node.store.read(select(endpoints))
    return row.status, row.disabled_reason, row.first_failure_at, row.warned_percent


async def test_five_days_without_success_disable(
    paused_node: Node, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [answer(500)]
    owner = caller(await paused_node.account())
    policy = Policy(schedule=schedule_of([]))
    endpoint, _ = await paused_node.endpoint(owner, receiver.url, policy=policy)
    began = clock.now_ms()
    await fail_once(paused_node, receiver, owner.account_id, 1)
    assert await the_endpoint(paused_node) == ("enabled", None, began, 0)
    shares = (0.3, 0.5, 0.6, 0.7, 0.9, 0.95)
    for number, share in enumerate(shares, start=2):
        clock.advance(seconds=(began + FAILING_MAX_MS * share - clock.now_ms()) / 1_000)
        await fail_once(paused_node, receiver, owner.account_id, number)
    assert await told(paused_node) == [EventType.WEBHOOK_FAILING] * 3
    assert await the_endpoint(paused_node) == ("enabled", None, began, 90)
    clock.advance(seconds=DAY_MS / 1_000)
    await fail_once(paused_node, receiver, owner.account_id, len(shares) + 2)
    assert (await the_endpoint(paused_node))[:2] == ("disabled", "failing")
    assert (await told(paused_node))[-1] == EventType.WEBHOOK_DISABLED
    on = EndpointChange(disabled=False)
    await paused_node.store.commit(
        lambda tx: patch_endpoint(tx, paused_node.store, BOX, owner, endpoint.id, on)
    )
    assert await the_endpoint(paused_node) == ("enabled", None, None, 0)


async def test_owners_are_told_by_email(
    paused_node: Node, clock: ManualClock, receiver: Receiver, mail_server: MailServer
) -> None:
    mailing = replace(paused_node.store, settings=mail_server.settings(paused_node.settings))
    account_id = await paused_node.account()
    await add_people(paused_node.store, account_id, {"owner@example.com": "owner"})
    endpoint, _ = await paused_node.endpoint(caller(account_id), receiver.url)
    since = clock.now_ms()
    for days in (1, 3, 5):
        clock.advance(seconds=(since + days * DAY_MS - clock.now_ms()) / 1_000)
        await paused_node.store.commit(
            lambda tx: note_failing(tx, mailing, endpoint.id, since=since)
        )
    await mail.send_due(mailing, BOX)
    subjects = [letter["Subject"] for _, letter in mail_server.taken]
    assert subjects == [
        f"Webhook is failing: {receiver.url}", f"Webhook was disabled: {receiver.url}",
    ]  # fmt: skip
    assert endpoint.id in mail_server.taken[1][1].get_content()


async def test_one_success_ends_it(
    paused_node: Node, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [answer(500)]
    owner = caller(await paused_node.account())
    await paused_node.endpoint(owner, receiver.url, policy=Policy(schedule=schedule_of([])))
    await fail_once(paused_node, receiver, owner.account_id, 1)
    clock.advance(seconds=FAILING_MAX_MS * 0.6 / 1_000)
    await fail_once(paused_node, receiver, owner.account_id, 2)
    receiver.answers = [answer(200)]
    await fail_once(paused_node, receiver, owner.account_id, 3)
    assert await the_endpoint(paused_node) == ("enabled", None, None, 0)
    assert await told(paused_node) == [EventType.WEBHOOK_FAILING, EventType.WEBHOOK_RECOVERED]


async def test_a_hiccup_is_no_outage(
    paused_node: Node, clock: ManualClock, receiver: Receiver
) -> None:
    owner = caller(await paused_node.account())
    await paused_node.endpoint(owner, receiver.url)
    await fail_once(paused_node, receiver, owner.account_id, 1)
    receiver.answers = [answer(500), answer(200)]
    await paused_node.append(message_event(owner.account_id, resource_id="msg_2"))
    await receiver.take()

    async def has_failed() -> bool:
        return len(await paused_node.attempts()) == 2

    await paused_node.until(has_failed)
    assert await the_endpoint(paused_node) == ("enabled", None, None, 0)
    clock.advance(seconds=10 * SECOND_MS / 1_000)
    paused_node.webhooks.wake()
    await receiver.take()
    assert await told(paused_node) == []
