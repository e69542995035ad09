"""The v3 surface answers in its own envelope, keeps one URL a channel, and writes notifications."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import select

from hookline.accounts.model import Account
from hookline.api.edge import Edge
from hookline.api.limits import RateLimiter
from hookline.compat.v3 import V3, build
from hookline.events.catalogue import example_body
from hookline.events.model import EventType
from hookline.ids import to_uuid
from hookline.outbound.sealing import SecretBox
from hookline.principal import Scope
from hookline.restrictions import Restrictions
from hookline.storage.schema import endpoints
from hookline.storage.store import Store
from tests.services.store import owner_of
from tests.services.web import KnownCallers, bearer

SMS = "/api/v3/integrations/sms/webhooks"
CALLS = "/api/v3/calls/webhooks"
URL = "https://hooks.example.com/sms"


@pytest.fixture
async def client(
    store: Store, account: Account, other_account: Account, box: SecretBox
) -> AsyncIterator[AsyncClient]:
    callers = KnownCallers(
        owner=owner_of(account),
        reader=owner_of(account, Scope.WEBHOOKS_WRITE),
        nobody=owner_of(account, Scope.WEBHOOKS_WRITE, Scope.WEBHOOKS_READ),
        outsider=owner_of(other_account),
        slow=replace(owner_of(account), restrictions=Restrictions(rate_limit=1)),
    )
    app = FastAPI()
    app.router.routes.extend(V3(store, box, callers, RateLimiter(store.clock, 100)).routes())
    edge = Edge(
        app, authenticator=callers, settings=store.settings, clock=store.clock, ids=store.ids
    )
    async with AsyncClient(transport=ASGITransport(edge), base_url="http://localhost") as running:
        yield running


def headers(account: Account, token: str = "owner") -> dict[str, str]:
    return bearer(token, **{"X-Client-Id": str(account.client_id)})


async def test_a_credentials_own_rate_holds_here_too(client: AsyncClient, account: Account) -> None:
    answers = [await client.get(SMS, headers=headers(account, "slow")) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[0].headers["ratelimit-policy"] == '"credential";q=1;w=1'
    assert answers[1].headers["retry-after"] == "1"


async def test_without_a_webhook_the_url_is_null(client: AsyncClient, account: Account) -> None:
    answer = await client.get(SMS, headers=headers(account))
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "success", "data": {"url": None}, "message": "Webhook retrieved successfully",
    }  # fmt: skip


async def test_put_sets_what_get_shows(client: AsyncClient, account: Account) -> None:
    put = await client.put(SMS, headers=headers(account), json={"url": URL})
    assert put.json() == {
        "status": "success", "data": {"url": URL}, "message": "Webhook updated successfully",
    }  # fmt: skip
    assert (await client.get(SMS, headers=headers(account))).json()["data"] == {"url": URL}


async def test_one_endpoint_a_channel_is_kept(
    client: AsyncClient, account: Account, store: Store
) -> None:
    for number in range(3):
        await client.put(SMS, headers=headers(account), json={"url": f"{URL}{number}"})
    await client.post(CALLS, headers=headers(account), json={"url": URL})
    rows = await store.read(select(endpoints.c.channel, endpoints.c.format, endpoints.c.url))
    assert sorted(map(tuple, rows)) == [("calls", "v3", URL), ("sms", "v3", f"{URL}2")]


async def test_accounts_do_not_see_each_other(
    client: AsyncClient, account: Account, other_account: Account
) -> None:
    await client.put(SMS, headers=headers(account), json={"url": URL})
    theirs = await client.get(SMS, headers=headers(other_account, "outsider"))
    assert theirs.json()["data"] == {"url": None}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"Authorization": "Bearer unknown"},
        {"Authorization": "Bearer owner"},
        {"Authorization": "Bearer owner", "X-Client-Id": "00000000-0000-7000-8000-000000000000"},
        {"Authorization": "Bearer owner", "X-Client-Id": "not a uuid"},
    ],
)
async def test_wrong_callers_get_401(client: AsyncClient, given: dict[str, str]) -> None:
    answer = await client.get(SMS, headers=given)
    assert answer.status_code == 401
    assert answer.json()["status"] == "error"
    assert answer.json()["data"] is None
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_missing_client_id_is_asked_for(client: AsyncClient) -> None:
    answer = await client.get(SMS, headers={"Authorization": "Bearer owner"})
    assert answer.json()["message"] == "Send the header X-Client-Id with the account's client id."


@pytest.mark.parametrize(
    ("method", "token", "scope"),
    [("GET", "nobody", "webhooks:read"), ("PUT", "reader", "webhooks:write")],
)
async def test_a_missing_scope_is_403_and_named(
    client: AsyncClient, account: Account, method: str, token: str, scope: str
) -> None:
    answer = await client.request(method, SMS, headers=headers(account, token), json={"url": URL})
    assert answer.status_code == 403
    assert scope in answer.json()["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"{}", b'{"url":null}', b'{"url":""}', b'{"url":5}',
        b'{"url":"http://hooks.example.com/"}', b'{"url":"https://10.0.0.1/"}',
        b'{"url":"https://localhost/"}', b'{"url":"ftp://example.com/"}',
        b'{"url":"https://a.example/\\u0000"}', b'{"url":"https://a.example/","more":1}',
        b'{"url":"https://a.example/' + b"a" * 20_000 + b'"}', b"\xff\xfe", b"[" * 10_000,
    ],
)  # fmt: skip
async def test_bad_input_is_400(client: AsyncClient, account: Account, body: bytes) -> None:
    answer = await client.put(SMS, headers=headers(account), content=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["status"] == "error"


@pytest.mark.parametrize(
    ("event_type", "status"),
    [
        (EventType.MESSAGE_SENT, "sent"),
        (EventType.MESSAGE_DELIVERED, "delivered"),
        (EventType.MESSAGE_FAILED, "failed"),
        (EventType.MESSAGE_RECEIVED, "received"),
    ],
)
def test_messages_are_told_in_the_contract_s_shape(event_type: EventType, status: str) -> None:
    body = example_body(event_type, event_id="evt_x", account_id="acc_x", at=0)
    told = msgspec.json.decode(build(event_type, body) or b"")
    message = json.loads(body)["data"]
    assert set(told) == {"status", "data", "message"}
    assert told["status"] == status
    assert told["data"] == {
        "id": str(to_uuid(message["id"])),
        "segments": message["segments"],
        "direction": message["direction"],
        "messageText": message["text"],
        "from": message["from"],
        "to": message["to"],
        "medias": [],
    }


def test_an_incoming_call_is_told_with_three_fields() -> None:
    body = example_body(EventType.CALL_INCOMING, event_id="evt_x", account_id="acc_x", at=0)
    assert msgspec.json.decode(build(EventType.CALL_INCOMING, body) or b"") == {
        "caller_id_name": "Mara Okafor",
        "caller_id_number": "+447700900123",
        "destination_number": "+12025550100",
    }


def test_other_events_are_not_told() -> None:
    body = example_body(EventType.CREDENTIAL_CREATED, event_id="evt_x", account_id="acc_x", at=0)
    assert build(EventType.CREDENTIAL_CREATED, body) is None
