from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from httpx import AsyncClient, Response

from hookline.accounts.model import Account
from hookline.clock import ManualClock
from hookline.credentials.authentication import CredentialAuthenticator
from hookline.credentials.last_use import LastUses
from hookline.credentials.routes import routes
from hookline.principal import Mode, Scope
from hookline.storage.store import Store
from tests.credentials.issued import MANAGER, SENDER, issue
from tests.services.store import owner_of
from tests.services.web import bearer, web_client

BASE = "/v1/credentials"
BODY = {"description": "CRM", "scopes": ["messages:send"]}
UNBUILT = ["expires_in_days"]


@dataclass(frozen=True)
class Cast:
    """The fixed cast: tokens of an owner, a reader and an outsider."""

    owner: str
    reader: str
    outsider: str


@pytest.fixture
async def cast(store: Store, account: Account, other_account: Account) -> Cast:
    everything = frozenset(Scope)
    return Cast(
        owner=(await issue(store, owner_of(account), scopes=everything)).token,
        reader=(await issue(store, owner_of(account), scopes=SENDER)).token,
        outsider=(await issue(store, owner_of(other_account), scopes=everything)).token,
    )


@pytest.fixture
async def client(store: Store) -> AsyncIterator[AsyncClient]:
    authenticator = CredentialAuthenticator(store.database, LastUses(store.writer, store.clock))
    async with web_client(store, authenticator, routes()) as opened:
        yield opened


async def create(client: AsyncClient, cast: Cast, **body: object) -> Response:
    return await client.post(BASE, json={**BODY, **body}, headers=bearer(cast.owner))


async def test_created_credential_works_at_once(client: AsyncClient, cast: Cast) -> None:
    created = await create(client, cast)
    assert (created.status_code, created.headers["cache-control"]) == (201, "no-store")
    shown = (await client.get(f"{BASE}/self", headers=bearer(created.json()["token"]))).json()
    assert "token" not in shown
    assert shown == {key: value for key, value in created.json().items() if key != "token"}


async def test_resource_has_the_public_shape(client: AsyncClient, cast: Cast) -> None:
    assert list((await create(client, cast)).json()) == [
        "id", "object", "description", "mode", "scopes", "status", "prefix", "last4",
        "created_by", "created_at", "updated_at", "rotated_at", "rotation_due_at", "last_used",
        "ended", "allowed_ips", "allowed_numbers", "allowed_countries",
        "rate_limit", "daily_message_cap", "daily_call_cap", "token",
    ]  # fmt: skip


async def test_repeated_create_answers_the_same_token(client: AsyncClient, cast: Cast) -> None:
    headers = bearer(cast.owner, **{"Idempotency-Key": "one"})
    first = await client.post(BASE, json=BODY, headers=headers)
    again = await client.post(BASE, json=BODY, headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()


async def test_kept_answer_is_for_its_caller_alone(
    client: AsyncClient, store: Store, account: Account
) -> None:
    made = []
    for _ in range(2):
        mine = (await issue(store, owner_of(account), scopes=MANAGER)).token
        headers = bearer(mine, **{"Idempotency-Key": "rotate"})
        made.append(await client.post(f"{BASE}/self/rotate", headers=headers))
    assert [answer.status_code for answer in made] == [200, 200]
    assert made[0].json()["id"] != made[1].json()["id"]


@pytest.mark.parametrize("field", UNBUILT)
async def test_restriction_that_is_not_built_is_refused(
    client: AsyncClient, cast: Cast, field: str
) -> None:
    refused = await create(client, cast, **{field: 1})
    assert refused.status_code == 422
    error = refused.json()["errors"][0]
    assert (error["pointer"], error["code"]) == (f"/{field}", "not_supported_yet")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"surprise": 1}, "/surprise"),
        ({"scopes": ["messages:shout"]}, "/scopes/0"),
        ({"scopes": []}, "/scopes"),
        ({"description": " "}, "/description"),
        ({"mode": "prod"}, "/mode"),
    ],
)
async def test_wrong_value_is_named(
    client: AsyncClient, cast: Cast, body: dict[str, object], pointer: str
) -> None:
    refused = await create(client, cast, **body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer


async def test_grace_is_refused_until_it_is_built(client: AsyncClient, cast: Cast) -> None:
    known = (await create(client, cast)).json()["id"]
    refused = await client.post(
        f"{BASE}/{known}/rotate", json={"grace_seconds": 3600}, headers=bearer(cast.owner)
    )
    error = refused.json()["errors"][0]
    assert (refused.status_code, error["pointer"], error["code"]) == (
        422,
        "/grace_seconds",
        "not_supported_yet",
    )


@pytest.mark.parametrize("body", [None, {}, {"grace_seconds": 0, "reason": "leaked"}])
async def test_rotated_out_token_gets_the_challenge(
    client: AsyncClient, cast: Cast, clock: ManualClock, body: dict[str, object] | None
) -> None:
    created = (await create(client, cast)).json()
    clock.advance(seconds=60)
    rotated = await client.post(
        f"{BASE}/{created['id']}/rotate", json=body, headers=bearer(cast.owner)
    )
    assert rotated.status_code == 200
    refused = await client.get(f"{BASE}/self", headers=bearer(created["token"]))
    assert refused.status_code == 401
    assert refused.json()["code"] == "invalid_token"
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    assert rotated.json()["rotated_at"] in refused.json()["detail"]
    works = await client.get(f"{BASE}/self", headers=bearer(rotated.json()["token"]))
    assert works.json()["rotated_at"] == rotated.json()["rotated_at"]


async def test_deleted_credential_stays_listed(client: AsyncClient, cast: Cast) -> None:
    created = (await create(client, cast)).json()
    path = f"{BASE}/{created['id']}"
    deleted = await client.delete(path, params={"reason": "unused"}, headers=bearer(cast.owner))
    assert deleted.json()["status"] == "revoked"
    refused = await client.get(f"{BASE}/self", headers=bearer(created["token"]))
    assert refused.status_code == 401
    listed = await client.get(BASE, params={"status": "revoked"}, headers=bearer(cast.owner))
    assert [item["ended"]["reason"] for item in listed.json()["data"]] == ["unused"]


async def test_credential_deletes_itself(client: AsyncClient, cast: Cast) -> None:
    deleted = await client.delete(f"{BASE}/self", headers=bearer(cast.reader))
    assert deleted.json()["status"] == "revoked"
    again = await client.delete(f"{BASE}/self", headers=bearer(cast.reader))
    assert again.status_code == 401


async def test_credential_cannot_patch_itself(client: AsyncClient, cast: Cast) -> None:
    own = (await client.get(f"{BASE}/self", headers=bearer(cast.owner))).json()
    refused = await client.patch(
        f"{BASE}/{own['id']}", json={"description": "x"}, headers=bearer(cast.owner)
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "credential_not_on_itself")


async def test_scope_that_is_not_held_is_named(
    client: AsyncClient, store: Store, account: Account
) -> None:
    manager = (await issue(store, owner_of(account), scopes=MANAGER)).token
    refused = await client.post(BASE, json=BODY, headers=bearer(manager))
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_not_held")
    assert "messages:send" in refused.json()["detail"]


async def test_test_credential_makes_test_credentials_only(
    client: AsyncClient, store: Store, account: Account
) -> None:
    token = (await issue(store, owner_of(account), scopes=frozenset(Scope), mode=Mode.TEST)).token
    live = await client.post(BASE, json=BODY, headers=bearer(token))
    test = await client.post(BASE, json={**BODY, "mode": "test"}, headers=bearer(token))
    assert (live.status_code, test.status_code) == (422, 201)
    assert test.json()["token"].startswith("hk_test_")


ROUTES = [
    ("GET", ""),
    ("POST", ""),
    ("GET", "/{id}"),
    ("PATCH", "/{id}"),
    ("POST", "/{id}/rotate"),
    ("DELETE", "/{id}"),
]


async def call(client: AsyncClient, method: str, path: str, token: str | None) -> int:
    json = BODY if method in {"POST", "PATCH"} and not path.endswith("rotate") else None
    headers = bearer(token) if token else {}
    return (await client.request(method, BASE + path, json=json, headers=headers)).status_code


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_every_route_guards_itself(
    client: AsyncClient, cast: Cast, method: str, path: str
) -> None:
    path = path.format(id=(await create(client, cast)).json()["id"])
    assert await call(client, method, path, None) == 401
    assert await call(client, method, path, cast.reader) == 403
    if path:
        assert await call(client, method, path, cast.outsider) == 404
    assert await call(client, method, path, cast.owner) in {200, 201}
