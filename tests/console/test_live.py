"""The stream that tells pages what has changed."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from hookline.accounts.model import Account
from hookline.api.observing import TOPIC
from hookline.calls.phone_screens import SCREEN, SOUND, phones_topic
from hookline.console.live import LiveFeed
from hookline.events.append import append
from hookline.events.model import Draft, EventType
from hookline.events.stream import TooManyStreams
from hookline.ids import AccountId
from hookline.principal import Mode
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.storage.wakeups import Wakeups

PATIENCE_S = 15


async def welcome() -> bool:
    return True


async def unwelcome() -> bool:
    return False


@pytest.fixture
async def live(store: Store) -> AsyncIterator[LiveFeed]:
    feed = LiveFeed(store, Wakeups(store.database, store.writer), quiet_s=0.01, recheck_s=0.05)
    yield feed
    feed.close()


async def tell(store: Store, account_id: AccountId, *types: EventType) -> None:
    async def act(tx: Transaction) -> None:
        for kind in types:
            append(tx, Draft(account_id, kind, Mode.LIVE, "x_1", b"{}", store.now()))

    await store.commit(act)


async def next_change(stream: AsyncIterator[bytes]) -> str:
    """The data of the next change, without the position."""
    async with asyncio.timeout(PATIENCE_S):
        async for chunk in stream:
            if chunk.startswith(b"event: change"):
                return chunk.decode().partition("data: ")[2].strip().partition(" ")[2]
    raise AssertionError("the stream ended")


async def test_it_says_where_it_begins(live: LiveFeed, store: Store, account: Account) -> None:
    await tell(store, account.id, EventType.MESSAGE_SENT)
    stream = live.listen(account.id, welcome)
    assert b"event: position\ndata: 1\n" in await anext(stream)


async def test_changes_of_one_moment_are_told_together(
    live: LiveFeed, store: Store, account: Account
) -> None:
    stream = live.listen(account.id, welcome)
    await anext(stream)
    await tell(
        store, account.id, EventType.MESSAGE_SENT, EventType.CREDENTIAL_CREATED,
        EventType.MESSAGE_DELIVERED,
    )  # fmt: skip
    assert await next_change(stream) == "credential message"


async def test_another_accounts_changes_are_not_told(
    live: LiveFeed, store: Store, account: Account, other_account: Account
) -> None:
    stream = live.listen(account.id, welcome)
    await anext(stream)
    await tell(store, other_account.id, EventType.CREDENTIAL_CREATED)
    await tell(store, account.id, EventType.MESSAGE_SENT)
    assert await next_change(stream) == "message"


async def test_it_ends_with_the_session(live: LiveFeed, account: Account) -> None:
    async with asyncio.timeout(PATIENCE_S):
        chunks = [chunk async for chunk in live.listen(account.id, unwelcome)]
    assert len(chunks) == 1
    assert live.count == 0


async def test_it_ends_when_the_server_stops(live: LiveFeed, account: Account) -> None:
    stream = live.listen(account.id, welcome)
    await anext(stream)
    live.close()
    async with asyncio.timeout(PATIENCE_S):
        assert [chunk async for chunk in stream] in ([], [b": still here\n\n"])
    with pytest.raises(TooManyStreams):
        live.check_room()


async def test_what_phones_show_is_told_to_their_account_alone(
    live: LiveFeed, store: Store, account: Account
) -> None:
    mine, others = (
        live.listen(account.id, welcome),
        live.listen(AccountId("acc_other"), unwelcome),
    )
    await anext(mine)
    await anext(others)

    async def change(tx: Transaction) -> None:
        tx.notify(phones_topic(account.id, SCREEN))
        tx.notify(phones_topic(account.id, SOUND))

    await store.commit(change)
    assert await next_change(mine) == "phone sound"
    with pytest.raises(AssertionError, match="ended"):
        await next_change(others)


async def test_it_tells_that_the_request_log_has_grown(
    live: LiveFeed, store: Store, account: Account, other_account: Account
) -> None:
    streams = [live.listen(one.id, welcome) for one in (account, other_account)]
    for stream in streams:
        await anext(stream)

    async def write(tx: Transaction) -> None:
        tx.notify(f"{TOPIC}{account.id}")

    await store.commit(write)
    await tell(store, other_account.id, EventType.MESSAGE_SENT)
    assert [await next_change(stream) for stream in streams] == ["request", "message"]
