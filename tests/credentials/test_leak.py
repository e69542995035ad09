from collections.abc import AsyncIterator

import msgspec
import pytest
from httpx import AsyncClient, Response
from sqlalchemy import select

from hookline.accounts.model import Account
from hookline.clock import ManualClock
from hookline.credentials.authentication import CredentialAuthenticator
from hookline.credentials.last_use import LastUses
from hookline.credentials.leak_routes import routes as leak_routes
from hookline.credentials.leak_throttle import LeakThrottle
from hookline.credentials.model import Rotation, Status
from hookline.credentials.reading import get_credential
from hookline.credentials.rotation import rotate_credential
from hookline.credentials.routes import routes
from hookline.credentials.tokens import Token
from hookline.principal import Mode, Principal
from hookline.storage.schema import audit
from hookline.storage.store import Store
from tests.credentials.issued import issue
from tests.services.store import RecordingFanOut, owner_of
from tests.services.web import bearer, web_client

PATH = "/v1/credentials/report_leak"
LIMIT = 4


@pytest.fixture
def owner(account: Account) -> Principal:
    return owner_of(account)


@pytest.fixture
async def client(store: Store, clock: ManualClock) -> AsyncIterator[AsyncClient]:
    authenticator = CredentialAuthenticator(store.database, LastUses(store.writer, store.clock))
    leaks = leak_routes(LeakThrottle(clock, LIMIT))
    async with web_client(store, authenticator, leaks, routes()) as opened:
        yield opened


async def report(client: AsyncClient, token: str, **more: str) -> Response:
    return await client.post(PATH, json={"token": token, **more})


async def status(client: AsyncClient, token: str) -> int:
    return (await client.get("/v1/credentials/self", headers=bearer(token))).status_code


async def test_live_token_is_stopped_at_once_and_its_owner_told(
    client: AsyncClient, store: Store, owner: Principal, fan_out: RecordingFanOut
) -> None:
    made = await issue(store, owner)
    answer = await report(client, made.token, url="https://example.com/paste")
    assert answer.status_code == 202
    assert await status(client, made.token) == 401
    shown = await get_credential(store, owner, made.credential.id)
    assert shown.ended is not None
    assert shown.ended.reason == "leaked, found at https://example.com/paste"
    assert fan_out.types[-2:] == ["credential.revoked", "credential.leaked"]
    body = msgspec.json.decode(fan_out.events[-1].body)
    assert body["data"]["leak"]["url"] == "https://example.com/paste"
    assert made.token.encode() not in fan_out.events[-1].body
    rows = await store.read(
        select(audit.c.actor_label).where(audit.c.action == "credential.revoke")
    )
    assert [row.actor_label for row in rows] == ["leak report"]


async def test_old_token_in_its_grace_stops_and_the_new_one_stays(
    client: AsyncClient, store: Store, owner: Principal, fan_out: RecordingFanOut
) -> None:
    old = await issue(store, owner)
    known = old.credential.id
    new = await store.commit(lambda tx: rotate_credential(tx, store, owner, known, Rotation(3_600)))
    await report(client, old.token)
    assert [await status(client, one.token) for one in (old, new)] == [401, 200]
    assert (await get_credential(store, owner, known)).status is Status.ACTIVE
    assert fan_out.types[-1] == "credential.leaked"
    assert (
        old.credential.last4
        in msgspec.json.decode(fan_out.events[-1].body)["data"]["leak"]["token"]
    )


async def test_answer_is_the_same_whatever_the_token(
    client: AsyncClient, store: Store, owner: Principal, fan_out: RecordingFanOut
) -> None:
    live = await issue(store, owner)
    seen = set()
    for token in (live.token, live.token, Token.new(Mode.LIVE).text, "no token at all"):
        answer = await report(client, token)
        headers = {name for name in answer.headers if name != "request-id"}
        seen.add((answer.status_code, answer.content, frozenset(headers)))
    assert len(seen) == 1
    assert fan_out.types.count("credential.leaked") == 1


async def test_one_address_cannot_report_without_end(
    client: AsyncClient, store: Store, owner: Principal, clock: ManualClock
) -> None:
    for _ in range(LIMIT):
        assert (await report(client, "x")).status_code == 202
    made = await issue(store, owner)
    refused = await report(client, made.token)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_leak_reports")
    assert await status(client, made.token) == 200
    clock.advance(seconds=int(refused.headers["retry-after"]))
    assert (await report(client, made.token)).status_code == 202


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/token"),
        ({"token": ""}, "/token"),
        ({"token": "x" * 513}, "/token"),
        ({"token": "x", "url": "javascript:alert(1)"}, "/url"),
        ({"token": "x", "url": "https://a\nb"}, "/url"),
        ({"token": "x", "who": "me"}, "/who"),
    ],
)
async def test_report_that_cannot_be_read_is_refused(
    client: AsyncClient, body: dict[str, str], pointer: str
) -> None:
    refused = await client.post(PATH, json=body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer


def test_addresses_of_one_ipv6_site_are_one(clock: ManualClock) -> None:
    throttle = LeakThrottle(clock, 2)
    throttle.count("2001:db8::1")
    throttle.count("2001:db8::2")
    with pytest.raises(Exception, match="tokens a minute"):
        throttle.count("2001:db8::3")
    throttle.count("2001:db8:0:1::1")
