"""From an event to a signed request, and to its record."""

import json
from datetime import UTC, datetime

import msgspec
from standardwebhooks import Webhook

from hookline import __version__
from hookline.clock import ManualClock
from hookline.events.model import EventType
from hookline.ids import AccountId
from hookline.principal import Principal
from tests.webhooks.nodes import (
    Node,
    Receiver,
    answer,
    caller,
    message_event,
    receiving,
    running_node,
)


async def test_delivery_verifies_with_the_official_library(
    node: Node, owner: Principal, receiver: Receiver
) -> None:
    _, secret = await node.endpoint(owner, receiver.url)
    await node.append(message_event(owner.account_id))
    headers, body = (await receiver.take())[0]
    event = Webhook(secret).verify(body, headers)
    assert event["type"] == "message.sent"
    assert event["id"] == headers["webhook-id"]
    assert event["data"]["text"] == "Hello"
    assert headers["user-agent"] == f"Hookline/{__version__}"
    assert headers["content-type"] == "application/json"


async def test_delivery_and_attempt_are_recorded(
    node: Node, owner: Principal, receiver: Receiver
) -> None:
    receiver.answers = [answer(201, "X-Trace: abc", body=b"thanks")]
    await node.endpoint(owner, receiver.url)
    await node.append(message_event(owner.account_id))
    await receiver.take()
    await node.quiet()
    delivery, attempt = (await node.deliveries())[0], (await node.attempts())[0]
    assert (delivery.status, delivery.attempts, delivery.last_status) == ("delivered", 1, 201)
    assert (delivery.owner, delivery.next_attempt_at) == (None, None)
    assert (attempt.number, attempt.status, bytes(attempt.response_body)) == (1, 201, b"thanks")
    assert attempt.address == "127.0.0.1"
    assert ["X-Trace", "abc"] in json.loads(attempt.response_headers)


async def test_status_url_is_signed_with_the_account_secret(
    node: Node, account: AccountId, receiver: Receiver
) -> None:
    await node.append(message_event(account, status_url=receiver.url))
    headers, body = (await receiver.take())[0]
    Webhook(await node.account_secret(account)).verify(body, headers)
    await node.quiet()
    delivery = (await node.deliveries())[0]
    assert (delivery.status, delivery.endpoint_id, delivery.url) == (
        "delivered",
        None,
        receiver.url,
    )


async def test_many_deliveries_share_the_permitted_connections(
    node: Node, owner: Principal, receiver: Receiver
) -> None:
    await node.endpoint(owner, receiver.url)
    drafts = [message_event(owner.account_id, resource_id=f"msg_{n}") for n in range(200)]
    await node.append(*drafts)
    bodies = [msgspec.json.decode(body) for _, body in await receiver.take(200)]
    await node.quiet()
    assert len({body["id"] for body in bodies}) == 200
    assert receiver.waiting_max <= node.settings.webhook_in_flight_max
    assert {row.status for row in await node.deliveries()} == {"delivered"}


async def test_slow_endpoint_holds_up_no_other(node: Node, owner: Principal) -> None:
    async with receiving(is_held=True) as slow, receiving() as quick:
        await node.endpoint(owner, slow.url)
        await node.endpoint(owner, quick.url)
        drafts = [message_event(owner.account_id, resource_id=f"msg_{n}") for n in range(50)]
        await node.append(*drafts)
        await quick.take(50)
        assert slow.waiting_max == node.settings.webhook_in_flight_max
        slow.gate.set()
        await slow.take(50)
        await node.quiet()


async def test_own_headers_are_sent(node: Node, owner: Principal, receiver: Receiver) -> None:
    await node.endpoint(owner, receiver.url, headers={"X-Api-Key": "k1"})
    await node.append(message_event(owner.account_id))
    headers, _ = (await receiver.take())[0]
    assert headers["x-api-key"] == "k1"


async def test_webhook_timestamp_is_the_time_of_the_attempt(
    node: Node, owner: Principal, receiver: Receiver
) -> None:
    await node.endpoint(owner, receiver.url)
    await node.append(message_event(owner.account_id))
    headers, _ = (await receiver.take())[0]
    sent_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    assert abs(sent_at.timestamp() * 1_000 - node.store.now()) < 60_000


async def test_private_target_is_refused_at_delivery(migrated_url: str, receiver: Receiver) -> None:

    async with running_node(migrated_url) as maker:
        account_id = await maker.account()
        await maker.endpoint(caller(account_id), receiver.url)
    async with running_node(migrated_url, allow_targets="") as strict:
        await strict.append(message_event(account_id))

        async def is_recorded() -> bool:
            return bool(await strict.attempts())

        await strict.until(is_recorded)
        attempt = (await strict.attempts())[0]
    assert attempt.error.startswith("target_not_allowed")
    assert attempt.address == "127.0.0.1"
    assert receiver.requests.empty()


async def test_format_writes_the_body(node: Node, owner: Principal, receiver: Receiver) -> None:
    def build(event_type: EventType, body: bytes) -> bytes | None:
        return b'{"v":3}' if event_type is EventType.MESSAGE_SENT else None

    node.webhooks.formats.register("v3", build, 5.0)
    _, secret = await node.endpoint(owner, receiver.url, format="v3")
    await node.append(
        message_event(owner.account_id, EventType.MESSAGE_DELIVERED),
        message_event(owner.account_id, EventType.MESSAGE_SENT),
    )
    headers, body = (await receiver.take())[0]
    await node.quiet()
    assert body == b'{"v":3}'
    Webhook(secret).verify(body, headers)
    assert len(await node.deliveries()) == 1


async def test_failing_format_spares_the_others(
    node: Node, owner: Principal, receiver: Receiver
) -> None:
    def build(event_type: EventType, body: bytes) -> bytes | None:
        raise ZeroDivisionError

    node.webhooks.formats.register("v3", build, 5.0)
    await node.endpoint(owner, receiver.url, format="v3")
    await node.endpoint(owner, receiver.url)
    await node.append(message_event(owner.account_id))
    await receiver.take()

    async def is_recorded() -> bool:
        return len(await node.attempts()) == 2

    await node.until(is_recorded)
    errors = {row.error for row in await node.attempts()}
    assert errors == {
        None,
        "internal_error: The attempt failed on our side; it will be repeated.",
    }


async def test_few_workers_serve_every_endpoint_in_turn(migrated_url: str) -> None:
    async with (
        receiving() as one,
        receiving() as other,
        receiving() as third,
        running_node(migrated_url, webhook_workers_max=1) as node,
    ):
        owner = caller(await node.account())
        for receiver in (one, other, third):
            await node.endpoint(owner, receiver.url)
        drafts = [message_event(owner.account_id, resource_id=f"msg_{n}") for n in range(120)]
        await node.append(*drafts)
        for receiver in (one, other, third):
            await receiver.take(120)
        await node.quiet()
        assert {row.status for row in await node.deliveries()} == {"delivered"}


async def test_a_lane_that_has_ended_meanwhile_keeps_no_other_waiting(migrated_url: str) -> None:
    async with (
        receiving(is_held=True) as one,
        receiving() as other,
        running_node(migrated_url, webhook_workers_max=1) as node,
    ):
        owner = caller(await node.account())
        await node.endpoint(owner, one.url)
        for number in range(2):  # the second comes while the only worker is busy with the first
            await node.append(message_event(owner.account_id, resource_id=f"msg_{number}"))
        await node.endpoint(owner, other.url)
        await node.append(message_event(owner.account_id, resource_id="msg_2"))
        one.gate.set()
        await one.take(3)
        await other.take(1)


async def test_endpoint_that_times_out_gets_one_request_at_a_time(
    paused_node: Node, clock: ManualClock
) -> None:
    owner = caller(await paused_node.account())
    async with receiving(b"no answer at all\r\n\r\n", is_held=True) as receiver:
        await paused_node.endpoint(owner, receiver.url)
        drafts = [message_event(owner.account_id, resource_id=f"msg_{n}") for n in range(9)]
        await paused_node.append(*drafts)
        await receiver.take(9)

        async def all_wait() -> bool:
            return len(await paused_node.attempts()) == 9

        receiver.gate.set()
        await paused_node.until(all_wait)
        receiver.gate.clear()
        receiver.waiting_max = 0
        clock.advance(seconds=10)
        paused_node.webhooks.wake()
        await receiver.take()
        assert receiver.waiting_max == 1
        receiver.gate.set()
