"""Which events go where, and when a change of an endpoint counts."""

from collections.abc import AsyncIterator

import pytest

from hookline.clock import ManualClock
from hookline.events.append import EventLog, append
from hookline.events.model import Draft, EventType
from hookline.ids import AccountId
from hookline.principal import Mode, Principal, Scope
from hookline.storage.transaction import Transaction
from hookline.webhooks.endpoints import (
    EndpointChange,
    NewEndpoint,
    create_endpoint,
    delete_endpoint,
    patch_endpoint,
)
from hookline.webhooks.fan_out import FanOut
from tests.webhooks.nodes import (
    BOX,
    Node,
    Receiver,
    caller,
    make_node,
    message_event,
    receiving,
    running_node,
)


def credential_event(account_id: AccountId) -> Draft:
    return Draft(
        account_id, EventType.CREDENTIAL_CREATED, Mode.LIVE, "crd_9", b"{}", 1_780_000_000_000
    )


async def types_at(node: Node) -> list[str]:
    return [row.event_type for row in await node.deliveries()]


@pytest.fixture
async def still(migrated_url: str) -> AsyncIterator[Node]:
    """A node that makes deliveries and sends none."""
    async with running_node(migrated_url, delivers=False) as running:
        yield running


async def test_patterns_choose_events(still: Node) -> None:
    owner = caller(await still.account())
    await still.endpoint(owner, "https://example.com/", "message.sent", "credential.*")
    await still.append(
        message_event(owner.account_id),
        message_event(owner.account_id, EventType.MESSAGE_FAILED),
        credential_event(owner.account_id),
    )
    assert await types_at(still) == ["message.sent", "credential.created"]


async def test_star_means_what_the_creator_could_read(still: Node) -> None:
    account_id = await still.account()
    reader = caller(account_id, Scope.WEBHOOKS_WRITE, Scope.MESSAGES_READ)
    await still.endpoint(reader, "https://example.com/", "*")
    await still.append(message_event(account_id), credential_event(account_id))
    assert await types_at(still) == ["message.sent"]


async def test_numbers_choose_events(still: Node) -> None:
    owner = caller(await still.account())
    await still.endpoint(owner, "https://example.com/", "*", numbers=("+1 202 555 0100",))
    await still.append(
        message_event(owner.account_id, numbers=("+12025550100",)),
        message_event(owner.account_id, EventType.MESSAGE_FAILED, numbers=("+12025550101",)),
        credential_event(owner.account_id),
    )
    assert await types_at(still) == ["message.sent", "credential.created"]


async def test_modes_do_not_meet(still: Node) -> None:
    account_id = await still.account()
    await still.endpoint(caller(account_id, mode=Mode.TEST), "https://example.com/")
    await still.append(
        message_event(account_id), message_event(account_id, resource_id="msg_2", mode=Mode.TEST)
    )
    assert [row.mode for row in await still.deliveries()] == ["test"]


async def test_other_accounts_get_nothing(still: Node) -> None:
    mine, theirs = await still.account(), await still.account()
    await still.endpoint(caller(theirs), "https://example.com/")
    await still.append(message_event(mine))
    assert not await still.deliveries()


async def test_changes_count_at_once(still: Node) -> None:
    owner = caller(await still.account())
    made, _ = await still.endpoint(owner, "https://example.com/", "message.sent")
    await still.append(message_event(owner.account_id))
    change = EndpointChange(events=("message.failed",))
    await still.store.commit(
        lambda tx: patch_endpoint(tx, still.store, BOX, owner, made.id, change)
    )
    await still.append(
        message_event(owner.account_id),
        message_event(owner.account_id, EventType.MESSAGE_FAILED),
    )
    await still.store.commit(lambda tx: delete_endpoint(tx, still.store, owner, made.id))
    await still.append(message_event(owner.account_id, EventType.MESSAGE_FAILED))
    assert await types_at(still) == ["message.sent", "message.failed"]


@pytest.mark.postgres  # on SQLite one process serves
async def test_endpoint_of_another_node_misses_nothing(migrated_postgres_url: str) -> None:
    async with (
        running_node(migrated_postgres_url, delivers=False) as here,
        running_node(migrated_postgres_url, delivers=False) as there,
    ):
        owner = caller(await here.account())
        await here.append(message_event(owner.account_id))
        await there.endpoint(owner, "https://example.com/")
        await here.append(message_event(owner.account_id))
        assert len(await here.deliveries()) == 1


async def test_rolled_back_endpoint_is_not_remembered(still: Node) -> None:
    owner = caller(await still.account())

    async def doomed(tx: Transaction) -> None:
        new = NewEndpoint("https://example.com/", ("message.*",))
        await create_endpoint(tx, still.store, BOX, owner, new)
        append(tx, message_event(owner.account_id))
        tx.defer("events", "no event at all")  # fails when the batch is finished

    with pytest.raises(AttributeError):
        await still.store.commit(doomed)
    await still.endpoint(owner, "https://example.com/", "credential.*")
    await still.append(message_event(owner.account_id))
    assert not await still.deliveries()


async def test_what_a_command_makes_is_delivered_by_the_server(
    node: Node, account: AccountId, receiver: Receiver
) -> None:
    beside = make_node(node.settings.database_url, allow_targets="127.0.0.0/8")
    beside.writer._finishers[0] = EventLog(  # the program beside a server has no engine
        beside.store.ids, FanOut(beside.store.ids, beside.store.clock, beside.webhooks.formats)
    )
    await node.endpoint(caller(account), receiver.url)
    await beside.writer.start()
    await beside.append(message_event(account, status_url=receiver.url))
    await receiver.take(2)
    await beside.writer.stop()
    await beside.client.close()
    await beside.database.close()


async def test_disabled_endpoint_gets_nothing_and_keeps_what_was_pending(
    paused_node: Node, clock: ManualClock
) -> None:
    async with receiving(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n") as receiver:
        owner: Principal = caller(await paused_node.account())
        made, _ = await paused_node.endpoint(owner, receiver.url)
        await paused_node.append(message_event(owner.account_id))
        await receiver.take()

        async def switch(*, disabled: bool) -> None:
            change = EndpointChange(disabled=disabled)
            await paused_node.store.commit(
                lambda tx: patch_endpoint(tx, paused_node.store, BOX, owner, made.id, change)
            )

        await switch(disabled=True)
        await paused_node.append(message_event(owner.account_id, resource_id="msg_2"))

        async def is_held_back() -> bool:
            return [row.owner for row in await paused_node.deliveries()] == [None]

        await paused_node.until(is_held_back)
        clock.advance(seconds=60)
        paused_node.webhooks.wake()
        await paused_node.append(message_event(owner.account_id, resource_id="msg_3"))
        assert receiver.requests.empty()
        await switch(disabled=False)
        await receiver.take()
        assert len(await paused_node.deliveries()) == 1


async def test_deleted_endpoint_cancels_what_was_pending(node: Node) -> None:
    async with receiving(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n") as receiver:
        owner = caller(await node.account())
        made, _ = await node.endpoint(owner, receiver.url)
        await node.append(message_event(owner.account_id))
        await receiver.take()
        await node.store.commit(lambda tx: delete_endpoint(tx, node.store, owner, made.id))
        await node.quiet()
        assert [row.status for row in await node.deliveries()] == ["canceled"]
