"""The HTTP surface of events."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient
from starlette.requests import Request

from hookline.accounts.model import Account
from hookline.events.catalogue import EXAMPLES, example_body
from hookline.events.model import EventType
from hookline.events.routes import routes
from hookline.events.schemas import EventList, EventShape
from hookline.events.stream import Streams
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.storage.wakeups import Wakeups
from tests.events.conftest import Appending
from tests.services.store import owner_of
from tests.services.web import KnownCallers, bearer, web_client

PATIENCE_S = 5


@pytest.fixture
def streams(store: Store) -> Streams:
    return Streams(store, Wakeups(store.database, store.writer), recheck_s=0.02)


@pytest.fixture
async def web(
    store: Store, streams: Streams, account: Account, reader: Principal
) -> AsyncIterator[AsyncClient]:
    callers = KnownCallers(reader=reader, other=owner_of(account, Scope.EVENTS_READ))

    async def reauthenticate(request: Request) -> Principal:
        streams.close()  # one look at the caller, then the test is over
        return reader

    router = routes(streams, reauthenticate)
    async with web_client(store, callers, router) as client:
        yield client


async def test_list_is_an_envelope_of_event_bodies(web: AsyncClient, tell: Appending) -> None:
    await tell(*[EventType.MESSAGE_SENT] * 3)
    first = await web.get("/v1/events?limit=2", headers=bearer("reader"))
    page = EventList.model_validate(first.json())
    assert [event.sequence for event in page.data] == [1, 2]
    assert (page.has_more, page.next_cursor) == (True, page.data[-1].id)
    rest = await web.get(f"/v1/events?after={page.next_cursor}", headers=bearer("reader"))
    assert [event["sequence"] for event in rest.json()["data"]] == [3]
    assert rest.json()["next_cursor"] is None


async def test_callers_without_token_or_scope_are_refused(web: AsyncClient) -> None:
    for path in ("/v1/events", "/v1/events/stream"):
        assert (await web.get(path)).status_code == 401
        refused = await web.get(path, headers=bearer("other"))
        assert refused.status_code == 403
        assert "events:read" in refused.headers["www-authenticate"]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "type=nothing", "after=evt_1", "page=2"])
async def test_bad_queries_are_refused(web: AsyncClient, query: str) -> None:
    answer = await web.get(f"/v1/events?{query}", headers=bearer("reader"))
    assert answer.status_code == 422


async def test_stream_resumes_by_the_header(
    web: AsyncClient, streams: Streams, tell: Appending
) -> None:
    await tell(EventType.MESSAGE_SENT, EventType.MESSAGE_DELIVERED)
    listed = (await web.get("/v1/events", headers=bearer("reader"))).json()["data"]
    headers = bearer("reader", **{"Last-Event-ID": listed[0]["id"]})
    answer = await web.get("/v1/events/stream", headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert f"id: {listed[1]['id']}\nevent: message.delivered\ndata: {{" in answer.text
    assert listed[0]["id"] not in answer.text
    assert streams.count == 0


async def test_stream_ends_when_the_caller_may_read_less(
    store: Store, streams: Streams, account: Account, reader: Principal
) -> None:
    async def reauthenticate(request: Request) -> Principal:
        return owner_of(account, Scope.EVENTS_READ)

    router = routes(streams, reauthenticate)
    async with web_client(store, KnownCallers(reader=reader), router) as client:
        async with asyncio.timeout(PATIENCE_S):
            await client.get("/v1/events/stream", headers=bearer("reader"))
    assert streams.count == 0


@pytest.mark.parametrize("kind", list(EventType))
def test_every_type_has_an_example_of_the_right_shape(kind: EventType) -> None:
    body = example_body(kind, event_id="evt_1", account_id="acc_1", at=0)
    assert EventShape.model_validate_json(body).type is kind
    assert set(EXAMPLES) == set(EventType)
