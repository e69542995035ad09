"""Deliveries looked up, sent again, and sent as a test."""

import asyncio

import pytest
from sqlalchemy import delete
from standardwebhooks import Webhook

from hookline.events.model import EventType
from hookline.events.read import redact
from hookline.ids import AccountId
from hookline.principal import InsufficientScope, Mode, Principal, Scope
from hookline.storage.schema import events
from hookline.webhooks.dispatch import NotDelivering
from hookline.webhooks.endpoints import delete_endpoint
from hookline.webhooks.errors import DeliveryNotFound, EndpointGone, EndpointNotFound, EventGone
from hookline.webhooks.history import get_delivery, resend, send_test
from tests.webhooks.nodes import (
    Node,
    Receiver,
    answer,
    caller,
    message_event,
    receiving,
    running_node,
)


async def delivered(node: Node, owner: Principal, receiver: Receiver) -> str:
    """The id of a delivery that has succeeded."""
    await node.append(message_event(owner.account_id))
    await receiver.take()
    await node.quiet()
    found: str = (await node.deliveries())[-1].id
    return found


async def test_resend_repeats_a_delivery(node: Node, owner: Principal, receiver: Receiver) -> None:
    await node.endpoint(owner, receiver.url)
    delivery_id = await delivered(node, owner, receiver)
    row = await node.store.commit(lambda tx: resend(tx, node.store, owner, delivery_id))
    assert row.status == "pending"
    await receiver.take()

    async def is_recorded() -> bool:
        return [found.number for found in await node.attempts()] == [1, 2]

    await node.until(is_recorded)
    found, attempts = await get_delivery(node.store, owner, delivery_id)
    assert (found.status, found.attempts, len(attempts)) == ("delivered", 2, 2)


async def test_resend_is_refused_without_its_webhook(
    node: Node, owner: Principal, receiver: Receiver
) -> None:
    made, _ = await node.endpoint(owner, receiver.url)
    delivery_id = await delivered(node, owner, receiver)
    await node.store.commit(lambda tx: delete_endpoint(tx, node.store, owner, made.id))
    with pytest.raises(EndpointGone):
        await node.store.commit(lambda tx: resend(tx, node.store, owner, delivery_id))


async def test_resend_is_refused_without_its_event(
    node: Node, owner: Principal, receiver: Receiver
) -> None:
    await node.endpoint(owner, receiver.url)
    delivery_id = await delivered(node, owner, receiver)
    await node.store.commit(lambda tx: tx.changed(delete(events)))
    with pytest.raises(EventGone):
        await node.store.commit(lambda tx: resend(tx, node.store, owner, delivery_id))


async def test_delivery_of_others_is_not_found(
    node: Node, owner: Principal, receiver: Receiver
) -> None:
    await node.endpoint(owner, receiver.url)
    delivery_id = await delivered(node, owner, receiver)
    strangers = caller(await node.account()), caller(owner.account_id, mode=Mode.TEST)
    for stranger in strangers:
        with pytest.raises(DeliveryNotFound):
            await get_delivery(node.store, stranger, delivery_id)


async def test_test_event_goes_the_way_of_real_ones(
    node: Node, owner: Principal, receiver: Receiver
) -> None:
    receiver.answers = [answer(202, body=b"got it")]
    made, secret = await node.endpoint(owner, receiver.url)
    delivery_id, attempt = await send_test(
        node.webhooks, node.store, owner, made.id, EventType.MESSAGE_RECEIVED
    )
    headers, body = (await receiver.take())[0]
    event = Webhook(secret).verify(body, headers)
    row, attempts = await get_delivery(node.store, owner, delivery_id)
    assert event["type"] == "message.received"
    assert (attempt.status, attempt.body) == (202, b"got it")
    assert (row.status, len(attempts)) == ("delivered", 1)


async def test_failed_test_event_is_not_repeated(
    node: Node, owner: Principal, receiver: Receiver
) -> None:
    receiver.answers = [answer(500)]
    made, _ = await node.endpoint(owner, receiver.url)
    delivery_id, attempt = await send_test(
        node.webhooks, node.store, owner, made.id, EventType.MESSAGE_SENT
    )
    row, _ = await get_delivery(node.store, owner, delivery_id)
    assert (attempt.status, row.status, row.next_attempt_at) == (500, "failed", None)


async def test_test_event_can_be_sent_again(
    node: Node, owner: Principal, receiver: Receiver
) -> None:
    made, _ = await node.endpoint(owner, receiver.url)
    delivery_id, _ = await send_test(
        node.webhooks, node.store, owner, made.id, EventType.MESSAGE_SENT
    )
    await node.store.commit(lambda tx: resend(tx, node.store, owner, delivery_id))
    first, second = await receiver.take(2)
    assert first[1] == second[1]
    assert first[0]["webhook-id"] == second[0]["webhook-id"]


async def test_caller_who_leaves_does_not_leave_the_test_without_an_end(
    node: Node, owner: Principal
) -> None:
    async with receiving(is_held=True) as receiver:
        made, _ = await node.endpoint(owner, receiver.url)
        sending = asyncio.create_task(
            send_test(node.webhooks, node.store, owner, made.id, EventType.MESSAGE_SENT)
        )
        await receiver.take()
        sending.cancel()
        receiver.gate.set()

        async def is_ended() -> bool:
            return [row.status for row in await node.deliveries()] == ["delivered"]

        await node.until(is_ended)


async def test_test_event_needs_the_scope_of_its_resource(
    node: Node, owner: Principal, receiver: Receiver
) -> None:
    made, _ = await node.endpoint(owner, receiver.url)
    writer = caller(owner.account_id, Scope.WEBHOOKS_WRITE)
    with pytest.raises(InsufficientScope):
        await send_test(node.webhooks, node.store, writer, made.id, EventType.MESSAGE_SENT)


async def test_test_event_to_an_unknown_webhook(node: Node, owner: Principal) -> None:
    with pytest.raises(EndpointNotFound):
        await send_test(node.webhooks, node.store, owner, "whk_1", EventType.MESSAGE_SENT)


async def test_no_test_while_nothing_is_delivered(migrated_url: str) -> None:
    async with running_node(migrated_url, delivers=False) as node:
        owner = caller(await node.account())
        made, _ = await node.endpoint(owner, "http://127.0.0.1:1/")
        with pytest.raises(NotDelivering):
            await send_test(node.webhooks, node.store, owner, made.id, EventType.MESSAGE_SENT)
        assert not await node.deliveries()


async def test_redaction_reaches_deliveries_in_memory(node: Node, account: AccountId) -> None:
    async with receiving(is_held=True) as receiver:
        owner = caller(account)
        await node.endpoint(owner, receiver.url)
        width = node.settings.webhook_in_flight_max
        drafts = [message_event(account, resource_id=f"msg_{n}") for n in range(width)]
        await node.append(*drafts, message_event(account, resource_id="msg_secret"))
        await receiver.take(width)
        await node.store.commit(
            lambda tx: redact(tx, account, "msg_secret", lambda data: {**data, "text": None})
        )
        receiver.gate.set()
        _, body = (await receiver.take())[0]
        assert b'"text":null' in body
        await node.quiet()
