from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import select

from hookline.accounts.model import Account
from hookline.clock import ManualClock
from hookline.credentials.authentication import CredentialAuthenticator
from hookline.credentials.last_use import LastUses
from hookline.credentials.routes import routes
from hookline.principal import Mode, Scope
from hookline.storage.schema import idempotency
from hookline.storage.store import Store
from tests.credentials.issued import MANAGER, SENDER, issue
from tests.services.store import owner_of
from tests.services.web import bearer, web_client

BASE = "/v1/credentials"
BODY = {"description": "CRM", "scopes": ["messages:send"]}


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
    known = {key: value for key, value in created.json().items() if key != "token"}
    assert {key: shown[key] for key in known} == known
    assert shown.keys() - known.keys() == {
        "last_ips", "requests_per_day", "scopes_last_used", "unused_scopes",
    }  # fmt: skip


async def test_resource_has_the_public_shape(client: AsyncClient, cast: Cast) -> None:
    assert list((await create(client, cast)).json()) == [
        "id", "object", "description", "mode", "scopes", "status", "prefix", "last4",
        "created_by", "created_at", "updated_at", "rotated_at", "rotation_due_at", "refused_from", "expires_at",
        "last_used",
        "ended", "previous_token", "end_grace_after_first_use_seconds",
        "allowed_ips", "allowed_numbers", "allowed_countries", "rate_limit", "daily_message_cap",
        "daily_call_cap", "token",
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


async def rotate(client: AsyncClient, cast: Cast, id: str, **body: object) -> Response:
    return await client.post(f"{BASE}/{id}/rotate", json=body, headers=bearer(cast.owner))


async def test_during_a_grace_both_tokens_work(
    client: AsyncClient, cast: Cast, clock: ManualClock
) -> None:
    created = (await create(client, cast)).json()
    rotated = (await rotate(client, cast, created["id"], grace_seconds=3_600)).json()
    assert rotated["status"] == "rotating"
    assert rotated["previous_token"]["last4"] == created["last4"]
    for token in (created["token"], rotated["token"]):
        answer = await client.get(f"{BASE}/self", headers=bearer(token))
        assert (answer.status_code, answer.json()["status"]) == (200, "rotating")
    clock.advance(seconds=3_600)
    refused = await client.get(f"{BASE}/self", headers=bearer(created["token"]))
    assert refused.status_code == 401
    assert rotated["rotated_at"] in refused.json()["detail"]
    assert rotated["previous_token"]["grace_ends_at"] in refused.json()["detail"]
    present = await client.get(f"{BASE}/self", headers=bearer(rotated["token"]))
    assert (present.json()["status"], present.json()["previous_token"]) == ("active", None)


async def test_another_rotation_waits_unless_it_ends_both(client: AsyncClient, cast: Cast) -> None:
    created = (await create(client, cast)).json()
    first = (await rotate(client, cast, created["id"], grace_seconds=3_600)).json()
    refused = await rotate(client, cast, created["id"], grace_seconds=60)
    assert (refused.status_code, refused.json()["code"]) == (409, "rotation_under_way")
    last = (await rotate(client, cast, created["id"])).json()
    answers = [
        await client.get(f"{BASE}/self", headers=bearer(token))
        for token in (created["token"], first["token"], last["token"])
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 200]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"grace_seconds": -1}, "/grace_seconds"),
        ({"grace_seconds": 2_592_001}, "/grace_seconds"),
        ({"grace_seconds": "1h"}, "/grace_seconds"),
        ({"end_grace_after_first_use_seconds": 60}, "/end_grace_after_first_use_seconds"),
        (
            {"grace_seconds": 60, "end_grace_after_first_use_seconds": -1},
            "/end_grace_after_first_use_seconds",
        ),
        ({"reason": "x" * 501}, "/reason"),
    ],
)
async def test_grace_that_cannot_be_is_refused(
    client: AsyncClient, cast: Cast, body: dict[str, object], pointer: str
) -> None:
    known = (await create(client, cast)).json()["id"]
    refused = await rotate(client, cast, known, **body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("act", ["cancel", "expire_now", "extend"])
async def test_without_a_rotation_there_is_no_grace_to_act_on(
    client: AsyncClient, cast: Cast, act: str
) -> None:
    known = (await create(client, cast)).json()["id"]
    refused = await client.post(f"{BASE}/{known}/rotate/{act}", headers=bearer(cast.owner))
    assert (refused.status_code, refused.json()["code"]) == (409, "not_rotating")


@pytest.mark.parametrize(
    ("act", "statuses"),
    [("cancel", [200, 401]), ("expire_now", [401, 200]), ("extend", [200, 200])],
)
async def test_acts_on_a_grace_count_at_once(
    client: AsyncClient, cast: Cast, act: str, statuses: list[int]
) -> None:
    created = (await create(client, cast)).json()
    rotated = (await rotate(client, cast, created["id"], grace_seconds=60)).json()
    path = f"{BASE}/{created['id']}/rotate/{act}"
    assert (await client.post(path, headers=bearer(cast.owner))).status_code == 200
    answers = [
        await client.get(f"{BASE}/self", headers=bearer(token))
        for token in (created["token"], rotated["token"])
    ]
    assert [answer.status_code for answer in answers] == statuses


async def test_tokens_of_a_credential_are_listed(client: AsyncClient, cast: Cast) -> None:
    created = (await create(client, cast)).json()
    rotated = (await rotate(client, cast, created["id"], grace_seconds=60)).json()
    listed = await client.get(f"{BASE}/{created['id']}/tokens", headers=bearer(cast.owner))
    assert [(item["last4"], item["status"]) for item in listed.json()["data"]] == [
        (rotated["last4"], "active"),
        (created["last4"], "rotated"),
    ]
    assert created["token"] not in listed.text


async def test_lost_answer_of_a_self_rotation_is_had_again(
    client: AsyncClient, store: Store, account: Account, clock: ManualClock
) -> None:
    mine = (await issue(store, owner_of(account), scopes=MANAGER)).token
    headers = bearer(mine, **{"Idempotency-Key": "5f0c2d1e-rotate"})
    path = f"{BASE}/self/rotate"
    first = await client.post(path, headers=headers)
    clock.advance(seconds=599)
    again = await client.post(path, headers=headers)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
    assert again.json() == first.json()
    clock.advance(seconds=1)
    late = await client.post(path, headers=headers)
    assert (late.status_code, late.json()["code"]) == (409, "idempotent_answer_gone")


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "another"}])
async def test_rotated_out_token_cannot_rotate_again(
    client: AsyncClient, store: Store, account: Account, key: dict[str, str]
) -> None:
    mine = (await issue(store, owner_of(account), scopes=MANAGER)).token
    first = await client.post(
        f"{BASE}/self/rotate", headers=bearer(mine, **{"Idempotency-Key": "one"})
    )
    refused = await client.post(f"{BASE}/self/rotate", headers=bearer(mine, **key))
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")
    assert "rotated out at" in refused.json()["detail"]
    works = await client.get(f"{BASE}/self", headers=bearer(first.json()["token"]))
    assert works.status_code == 200


async def test_rotated_out_token_does_nothing_else(
    client: AsyncClient, store: Store, account: Account
) -> None:
    mine = (await issue(store, owner_of(account), scopes=MANAGER)).token
    await client.post(f"{BASE}/self/rotate", headers=bearer(mine))
    for method, path in (("GET", "/self"), ("DELETE", "/self"), ("GET", ""), ("POST", "")):
        answer = await client.request(method, f"{BASE}{path}", headers=bearer(mine))
        assert answer.status_code == 401


async def test_kept_answer_is_sealed(client: AsyncClient, cast: Cast, store: Store) -> None:
    created = (await create(client, cast)).json()
    headers = bearer(cast.owner, **{"Idempotency-Key": "one"})
    rotated = await client.post(f"{BASE}/{created['id']}/rotate", headers=headers)
    again = await client.post(f"{BASE}/{created['id']}/rotate", headers=headers)
    assert again.json() == rotated.json()
    rows = await store.read(select(idempotency.c.body, idempotency.c.sealed))
    assert [row.sealed for row in rows] == [1]
    assert rotated.json()["token"].encode() not in bytes(rows[0].body)


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


async def test_policy_is_read_and_changed(client: AsyncClient, cast: Cast) -> None:
    path, headers = f"{BASE}/policy", bearer(cast.owner)
    before = (await client.get(path, headers=headers)).json()
    assert before["rotation_days"] == 90
    body = {"refuse_overdue_after_days": 14, "rotation_days": 30}
    after = (await client.patch(path, json=body, headers=headers)).json()
    assert after == {**before, **body}
    cleared = await client.patch(path, json={"refuse_overdue_after_days": None}, headers=headers)
    assert cleared.json() == {**before, "rotation_days": 30}
    assert (await client.get(path, headers=bearer(cast.outsider))).json() == before
    assert (await client.get(path, headers=bearer(cast.reader))).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"rotation_days": 0},
        {"rotation_days": None},
        {"refuse_overdue_after_days": 91},
        {"disable_idle_after_days": 13},
        {"surprise": 1},
    ],
)
async def test_policy_out_of_bounds_is_refused(
    client: AsyncClient, cast: Cast, body: dict[str, object]
) -> None:
    refused = await client.patch(f"{BASE}/policy", json=body, headers=bearer(cast.owner))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == f"/{next(iter(body))}"
