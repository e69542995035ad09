from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import select

from hookline.accounts.model import Account
from hookline.accounts.passwords import Passwords
from hookline.accounts.roles import Role
from hookline.accounts.routes import account_routes, user_routes
from hookline.accounts.tenancy import signing_secret_of
from hookline.ids import to_uuid
from hookline.outbound.sealing import SecretBox
from hookline.principal import Scope
from hookline.restrictions import Restrictions
from hookline.storage.schema import audit
from hookline.storage.store import Store
from tests.accounts.cast import PASSWORD, add, as_caller, as_credential, enter
from tests.services.web import KnownCallers, bearer, web_client

OWNER, READER, OUTSIDER, ADMIN = (bearer(name) for name in ("owner", "reader", "outsider", "admin"))
NEW = {"email": "new@example.com", "role": "developer"}


@pytest.fixture
async def client(
    store: Store,
    account: Account,
    other_account: Account,
    box: SecretBox,
    passwords: Passwords,
) -> AsyncIterator[AsyncClient]:
    owner = await add(store, account, "owner@example.com", Role.OWNER)
    callers = KnownCallers(
        owner=as_caller(owner),
        reader=as_credential(account, Scope.MESSAGES_READ),
        outsider=as_credential(other_account),
        admin=as_credential(account),
        held=replace(as_credential(account), restrictions=Restrictions(allowed_countries=("US",))),
    )
    async with web_client(store, callers, account_routes(box), user_routes(passwords)) as opened:
        yield opened


async def test_account_is_shown(client: AsyncClient, account: Account) -> None:
    shown = (await client.get("/v1/account", headers=OWNER)).json()
    names = (
        "id object client_id name created_at allowed_countries second_factor_required "
        "event_retention_days"
    )
    assert list(shown) == names.split()
    assert (shown["id"], shown["object"], shown["name"]) == (account.id, "account", "Acme")
    assert UUID(shown["client_id"]) == to_uuid(account.id)


async def test_account_is_renamed(client: AsyncClient) -> None:
    renamed = await client.patch("/v1/account", json={"name": " Acme Ltd "}, headers=OWNER)
    assert renamed.json()["name"] == "Acme Ltd"
    for body in ({}, {"name": None}):
        kept = await client.patch("/v1/account", json=body, headers=OWNER)
        assert kept.json()["name"] == "Acme Ltd"


async def test_retention_is_set_and_given_back(client: AsyncClient) -> None:
    for days in (7, None):
        body = {"event_retention_days": days}
        answer = await client.patch("/v1/account", json=body, headers=OWNER)
        assert answer.json()["event_retention_days"] == days
    refused = await client.patch("/v1/account", json={"event_retention_days": 401}, headers=OWNER)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (
        422, "/event_retention_days",
    )  # fmt: skip


async def test_countries_are_set_and_lifted(client: AsyncClient, store: Store) -> None:
    restricted = await client.patch(
        "/v1/account", json={"allowed_countries": ["us", "GB", "US"]}, headers=OWNER
    )
    assert restricted.json()["allowed_countries"] == ["GB", "US"]
    kept = await client.patch("/v1/account", json={"name": "Acme Ltd"}, headers=OWNER)
    assert kept.json()["allowed_countries"] == ["GB", "US"]
    lifted = await client.patch("/v1/account", json={"allowed_countries": None}, headers=OWNER)
    assert lifted.json()["allowed_countries"] is None
    wanted = audit.c.action == "account.set_allowed_countries"
    rows = await store.read(select(audit).where(wanted).order_by(audit.c.number))
    assert [(row.before, row.after) for row in rows] == [
        ('{"allowed_countries":null}', '{"allowed_countries":["GB","US"]}'),
        ('{"allowed_countries":["GB","US"]}', '{"allowed_countries":null}'),
    ]


@pytest.mark.parametrize(
    ("countries", "pointer"),
    [
        (["US", "XX"], "/allowed_countries/1"),
        (["UK"], "/allowed_countries/0"),
        (["USA"], "/allowed_countries/0"),
        ([""], "/allowed_countries/0"),
        ([], "/allowed_countries"),
        ("US", "/allowed_countries"),
    ],
)
async def test_a_country_that_is_none_is_refused(
    client: AsyncClient, countries: object, pointer: str
) -> None:
    body = {"allowed_countries": countries}
    refused = await client.patch("/v1/account", json=body, headers=OWNER)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_a_restricted_credential_widens_neither_account_nor_users(
    client: AsyncClient,
) -> None:
    held = bearer("held")
    wider = {"allowed_countries": ["GB", "US"]}
    for answer in (
        await client.patch("/v1/account", json=wider, headers=held),
        await client.patch("/v1/account", json={"allowed_countries": ["GB"]}, headers=held),
        await client.post("/v1/users", json=NEW, headers=held),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "restriction_widened")
    narrower = await client.patch("/v1/account", json={"allowed_countries": ["US"]}, headers=held)
    assert narrower.status_code == 200


async def test_signing_secret_is_shown_to_who_may_see_it(
    client: AsyncClient, store: Store, box: SecretBox, account: Account
) -> None:
    shown = await client.get("/v1/account/signing_secret", headers=OWNER)
    assert shown.json()["secret"] == await signing_secret_of(store, box, account.id)
    assert shown.json()["secret"].startswith("whsec_")


async def test_added_user_signs_in_with_the_generated_password(
    client: AsyncClient, store: Store, passwords: Passwords
) -> None:
    added = await client.post("/v1/users", json=NEW, headers=OWNER)
    assert added.status_code == 201
    made = await enter(store, passwords, NEW["email"], added.json()["password"])
    assert made.session.role is Role.DEVELOPER
    again = await client.get(f"/v1/users/{added.json()['id']}", headers=OWNER)
    assert "password" not in again.json()


async def test_given_password_is_not_repeated(client: AsyncClient) -> None:
    added = await client.post("/v1/users", json={**NEW, "password": PASSWORD}, headers=OWNER)
    assert added.json()["password"] is None
    assert PASSWORD not in added.text


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"email": "nobody"}, "/email"),
        ({"role": "king"}, "/role"),
        ({"password": "short"}, "/password"),
        ({"password": "aaaaaaaaaaaaaaa"}, "/password"),
        ({"permissions": {"money:print": True}}, "/permissions/money:print/[key]"),
        ({"surprise": 1}, "/surprise"),
    ],
)
async def test_wrong_value_is_named(
    client: AsyncClient, body: dict[str, object], pointer: str
) -> None:
    refused = await client.post("/v1/users", json={**NEW, **body}, headers=OWNER)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer


async def test_user_is_changed_and_removed(client: AsyncClient) -> None:
    path = f"/v1/users/{(await client.post('/v1/users', json=NEW, headers=OWNER)).json()['id']}"
    body = {"role": "admin", "permissions": {"credentials:write": False}, "name": "Nora"}
    changed = (await client.patch(path, json=body, headers=OWNER)).json()
    assert {name: changed[name] for name in body} == body
    assert "credentials:write" not in changed["scopes"]
    assert (await client.delete(path, headers=OWNER)).status_code == 204
    assert (await client.get(path, headers=OWNER)).status_code == 404


async def test_users_are_listed_newest_first(client: AsyncClient) -> None:
    await client.post("/v1/users", json=NEW, headers=OWNER)
    listed = (await client.get("/v1/users", headers=OWNER)).json()
    assert [user["email"] for user in listed["data"]] == ["new@example.com", "owner@example.com"]
    owners = await client.get("/v1/users", params={"role": "owner"}, headers=OWNER)
    assert [user["email"] for user in owners.json()["data"]] == ["owner@example.com"]


async def test_last_owner_stays(client: AsyncClient) -> None:
    listed = await client.get("/v1/users", headers=OWNER)
    path = f"/v1/users/{listed.json()['data'][0]['id']}"
    refused = await client.delete(path, headers=OWNER)
    assert (refused.status_code, refused.json()["code"]) == (409, "last_owner")
    forbidden = await client.delete(path, headers=ADMIN)
    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "owners_only")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/account"),
        ("PATCH", "/v1/account"),
        ("GET", "/v1/account/signing_secret"),
        ("GET", "/v1/users"),
        ("POST", "/v1/users"),
        ("GET", "/v1/users/{id}"),
        ("PATCH", "/v1/users/{id}"),
        ("DELETE", "/v1/users/{id}"),
    ],
)
async def test_every_route_guards_itself(client: AsyncClient, method: str, path: str) -> None:
    other = {"email": "other@example.com", "role": "viewer"}
    known = (await client.post("/v1/users", json=other, headers=OWNER)).json()["id"]
    path, body = path.format(id=known), NEW if method == "POST" else None
    if method == "PATCH":
        body = {"name": "Renamed"}
    assert (await client.request(method, path, json=body)).status_code == 401
    assert (await client.request(method, path, json=body, headers=READER)).status_code == 403
    if known in path:
        foreign = await client.request(method, path, json=body, headers=OUTSIDER)
        assert foreign.status_code == 404
    assert (await client.request(method, path, json=body, headers=OWNER)).is_success
