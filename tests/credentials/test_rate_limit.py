"""A credential's own rate, told in the headers and kept on every surface."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from httpx import AsyncClient

from hookline.accounts.model import Account
from hookline.api.limits import OverRate, RateLimiter
from hookline.clock import ManualClock
from hookline.credentials.authentication import CredentialAuthenticator
from hookline.credentials.changing import Change, patch_credential
from hookline.credentials.issuing import Issued
from hookline.credentials.last_use import LastUses
from hookline.credentials.routes import routes
from hookline.principal import Scope
from hookline.restrictions import Restrictions
from hookline.storage.store import Store
from tests.credentials.issued import issue
from tests.services.store import owner_of
from tests.services.web import bearer, web_client

SELF = "/v1/credentials/self"


@dataclass(frozen=True)
class Caller:
    """Whoever has the credential."""

    client: AsyncClient
    issued: Issued

    async def ask(self) -> tuple[int, str, str]:
        answer = await self.client.get(SELF, headers=bearer(self.issued.token))
        return answer.status_code, answer.headers["ratelimit-policy"], answer.headers["ratelimit"]


@pytest.fixture
async def caller(store: Store, account: Account) -> AsyncIterator[Caller]:
    authenticator = CredentialAuthenticator(store.database, LastUses(store.writer, store.clock))
    issued = await issue(store, owner_of(account), scopes=frozenset(Scope), rate_limit=2)
    async with web_client(store, authenticator, routes()) as client:
        yield Caller(client, issued)


async def test_its_own_rate_is_told_and_kept(caller: Caller, clock: ManualClock) -> None:
    policy = '"credential";q=2;w=1'
    assert await caller.ask() == (200, policy, '"credential";r=1;t=1')
    assert await caller.ask() == (200, policy, '"credential";r=0;t=1')
    assert await caller.ask() == (429, policy, '"credential";r=0;t=1')
    clock.advance(seconds=1)
    assert (await caller.ask())[0] == 200


async def test_a_change_counts_from_the_next_request(
    caller: Caller, store: Store, account: Account
) -> None:
    known, owner = caller.issued.credential.id, owner_of(account)
    for wanted, policy in ((5, '"credential";q=5;w=1'), (None, '"default";q=10000;w=1')):
        change = Change(restrictions={"rate_limit": wanted})
        await store.commit(
            lambda tx, change=change: patch_credential(tx, store, owner, known, change)
        )
        assert (await caller.ask())[1] == policy


def test_the_servers_limit_holds_as_well(clock: ManualClock) -> None:
    limiter = RateLimiter(clock, 1)
    assert limiter.count("crd_1", 100)[0] == (b"ratelimit-policy", b'"default";q=1;w=1')
    with pytest.raises(OverRate):
        limiter.count("crd_1", 100)


@pytest.mark.parametrize("field", ["rate_limit", "daily_message_cap", "daily_call_cap"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "10", True, 10**12, []])
async def test_what_is_no_limit_is_refused(caller: Caller, field: str, value: object) -> None:
    body = {"description": "x", "scopes": ["messages:send"], field: value}
    headers = bearer(caller.issued.token)
    refused = await caller.client.post("/v1/credentials", json=body, headers=headers)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, f"/{field}")


@pytest.mark.parametrize("name", ["rate_limit", "daily_message_cap", "daily_call_cap"])
def test_a_higher_limit_is_wider(name: str) -> None:
    five, ten = Restrictions(**{name: 5}), Restrictions(**{name: 10})  # type: ignore[arg-type]  # by name
    assert list(ten.wider_than(five)) == list(Restrictions().wider_than(five)) == [name]
    assert list(five.wider_than(ten)) == list(five.wider_than(Restrictions())) == []
