"""What holds a credential holds both its tokens while it is rotated, and whoever acts on the grace."""

import pytest

from hookline.accounts.model import Account
from hookline.credentials.issuing import Issued
from hookline.principal import Principal, Scope
from hookline.restrictions import parse_network
from hookline.storage.store import Store
from tests.credentials.addresses import ELSEWHERE, OFFICE, From
from tests.credentials.issued import MANAGER, issue
from tests.services.store import owner_of
from tests.services.web import bearer

BASE = "/v1/credentials"
SELF = f"{BASE}/self"
GRACE = {"grace_seconds": 3_600}


@pytest.fixture
def owner(account: Account) -> Principal:
    return owner_of(account)


@pytest.fixture
async def manager(store: Store, owner: Principal) -> str:
    return (await issue(store, owner, scopes=frozenset(Scope))).token


@pytest.fixture
async def bound(store: Store, owner: Principal) -> Issued:
    """A credential that only the office may use."""
    ips = (parse_network(OFFICE),)
    return await issue(store, owner, scopes=MANAGER, allowed_ips=ips, daily_call_cap=7)


async def statuses(client_from: From, peer: str, *tokens: str) -> list[int]:
    client = client_from(peer)
    return [(await client.get(SELF, headers=bearer(token))).status_code for token in tokens]


async def test_new_token_is_held_as_the_old_one(client_from: From, bound: Issued) -> None:
    path = f"{SELF}/rotate"
    rotated = await client_from(OFFICE).post(path, json=GRACE, headers=bearer(bound.token))
    shown = rotated.json()
    assert (shown["allowed_ips"], shown["daily_call_cap"]) == ([f"{OFFICE}/32"], 7)
    both = bound.token, shown["token"]
    assert await statuses(client_from, OFFICE, *both) == [200, 200]
    assert await statuses(client_from, ELSEWHERE, *both) == [403, 403]


async def test_change_reaches_both_tokens_and_outlives_a_cancel(
    client_from: From, bound: Issued, manager: str
) -> None:
    client, path = client_from(OFFICE), f"{BASE}/{bound.credential.id}"
    rotated = await client.post(f"{path}/rotate", json=GRACE, headers=bearer(manager))
    both = bound.token, rotated.json()["token"]
    await client.patch(path, json={"allowed_ips": [ELSEWHERE]}, headers=bearer(manager))
    assert await statuses(client_from, ELSEWHERE, *both) == [200, 200]
    assert await statuses(client_from, OFFICE, *both) == [403, 403]
    await client.post(f"{path}/rotate/cancel", headers=bearer(manager))
    assert await statuses(client_from, ELSEWHERE, *both) == [200, 401]
    assert await statuses(client_from, OFFICE, *both) == [403, 401]


async def test_change_of_expiry_and_restrictions_is_one(
    client_from: From, bound: Issued, manager: str
) -> None:
    path = f"{BASE}/{bound.credential.id}"
    body = {"expires_in_days": 30, "daily_call_cap": None}
    changed = await client_from(OFFICE).patch(path, json=body, headers=bearer(manager))
    shown = changed.json()
    assert shown["expires_at"] is not None
    assert (shown["allowed_ips"], shown["daily_call_cap"]) == ([f"{OFFICE}/32"], None)
    lifted = await client_from(OFFICE).patch(
        path, json={"expires_in_days": None}, headers=bearer(manager)
    )
    assert lifted.json()["expires_at"] is None


async def test_lost_answer_is_not_had_again_from_elsewhere(
    client_from: From, bound: Issued
) -> None:
    path, headers = f"{SELF}/rotate", bearer(bound.token, **{"Idempotency-Key": "one"})
    first = await client_from(OFFICE).post(path, headers=headers)
    refused = await client_from(ELSEWHERE).post(path, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "address_not_allowed")
    again = await client_from(OFFICE).post(path, headers=headers)
    assert again.json() == first.json()


async def test_refused_request_is_no_first_use(client_from: From, bound: Issued) -> None:
    early = {**GRACE, "end_grace_after_first_use_seconds": 0}
    path = f"{SELF}/rotate"
    rotated = await client_from(OFFICE).post(path, json=early, headers=bearer(bound.token))
    token = rotated.json()["token"]
    assert await statuses(client_from, ELSEWHERE, token) == [403]
    assert await statuses(client_from, OFFICE, bound.token) == [200]
    assert await statuses(client_from, OFFICE, token, bound.token) == [200, 401]


@pytest.mark.parametrize("act", ["rotate/cancel", "rotate/extend", "enable"])
async def test_who_is_restricted_keeps_no_wider_token_alive(
    client_from: From, store: Store, owner: Principal, bound: Issued, manager: str, act: str
) -> None:
    path = f"{BASE}/{(await issue(store, owner, scopes=MANAGER)).credential.id}"
    client = client_from(OFFICE)
    await client.post(f"{path}/rotate", json=GRACE, headers=bearer(manager))
    refused = await client.post(f"{path}/{act}", headers=bearer(bound.token))
    assert (refused.status_code, refused.json()["code"]) == (403, "restriction_widened")
    ended = await client.post(f"{path}/rotate/expire_now", headers=bearer(bound.token))
    assert ended.status_code == 200


async def test_leak_is_reported_from_anywhere(client_from: From, bound: Issued) -> None:
    path = f"{BASE}/report_leak"
    reported = await client_from(ELSEWHERE).post(path, json={"token": bound.token})
    assert reported.status_code == 202
    assert await statuses(client_from, OFFICE, bound.token) == [401]
