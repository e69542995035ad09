"""Events read back: order, pages, filters, and who sees what."""

import json

import msgspec
import pytest

from hookline.accounts.model import Account
from hookline.errors import Invalid
from hookline.events.model import EventType
from hookline.events.read import list_events, redact
from hookline.principal import InsufficientScope, Mode, Principal
from hookline.storage.store import Store
from tests.events.conftest import Appending
from tests.services.store import owner_of

SENT, DELIVERED = EventType.MESSAGE_SENT, EventType.MESSAGE_DELIVERED
CREATED = EventType.CREDENTIAL_CREATED


async def types(store: Store, principal: Principal, pattern: str | None = None) -> list[str]:
    page = await list_events(store, principal, after=None, pattern=pattern, limit=100)
    return [event.type for event in page.events]


async def test_pages_follow_each_other_without_gap(
    store: Store, reader: Principal, tell: Appending
) -> None:
    await tell(*[SENT] * 5)
    seen: list[int] = []
    after, has_more = None, True
    while has_more:
        page = await list_events(store, reader, after=after, pattern=None, limit=2)
        seen += [event.position for event in page.events]
        after, has_more = page.events[-1].id, page.has_more
    assert seen == [1, 2, 3, 4, 5]


async def test_only_readable_resources_are_shown(
    store: Store, account: Account, reader: Principal, tell: Appending
) -> None:
    await tell(SENT, CREATED)
    assert await types(store, reader) == ["message.sent"]
    assert await types(store, reader, "*") == ["message.sent"]
    assert await types(store, owner_of(account)) == ["message.sent", "credential.created"]


async def test_asking_for_what_one_may_not_read_is_refused(store: Store, reader: Principal) -> None:
    with pytest.raises(InsufficientScope):
        await types(store, reader, "credential.*")


async def test_patterns_filter(store: Store, account: Account, tell: Appending) -> None:
    await tell(SENT, CREATED, DELIVERED)
    owner = owner_of(account)
    assert await types(store, owner, "message.*") == ["message.sent", "message.delivered"]
    assert await types(store, owner, "message.delivered") == ["message.delivered"]


async def test_unknown_type_is_refused(store: Store, reader: Principal) -> None:
    with pytest.raises(Invalid):
        await types(store, reader, "message.read")


async def test_modes_and_accounts_do_not_meet(
    store: Store, other_account: Account, reader: Principal, tell: Appending
) -> None:
    await tell(SENT, mode=Mode.TEST)
    assert await types(store, reader) == []
    assert await types(store, owner_of(other_account)) == []


async def test_unknown_start_is_refused(
    store: Store, other_account: Account, reader: Principal, tell: Appending
) -> None:
    await tell(SENT)
    page = await list_events(store, reader, after=None, pattern=None, limit=1)
    stranger = owner_of(other_account)
    for principal, after in ((reader, "evt_unknown"), (stranger, page.events[0].id)):
        with pytest.raises(Invalid):
            await list_events(store, principal, after=after, pattern=None, limit=1)


async def test_redaction_rewrites_the_resource_in_every_event(
    store: Store, account: Account, reader: Principal, tell: Appending
) -> None:
    await tell(SENT, DELIVERED)
    await tell(SENT, about="msg_2")
    count = await store.commit(
        lambda tx: redact(tx, account.id, "msg_1", lambda data: {**data, "text": None})
    )
    page = await list_events(store, reader, after=None, pattern=None, limit=9)
    bodies = [msgspec.json.decode(event.body) for event in page.events]
    assert count == 2
    assert [body["data"]["text"] for body in bodies] == [None, None, "Hello"]
    assert list(bodies[0]) == ["id", "type", "timestamp", "account_id", "sequence", "data"]


async def test_redaction_reaches_events_of_the_same_page_only_once(
    store: Store, account: Account, tell: Appending
) -> None:
    await tell(SENT)
    for _ in range(2):
        await store.commit(
            lambda tx: redact(tx, account.id, "msg_1", lambda data: {**data, "text": None})
        )
    page = await list_events(store, owner_of(account), after=None, pattern=None, limit=9)
    assert json.loads(page.events[0].body)["data"] == {"text": None}
