"""Invitations, sessions and second factors of others over HTTP."""

from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient

from hookline.accounts.access_routes import invitation_routes, user_access_routes
from hookline.accounts.joining import find_invitation
from hookline.accounts.model import Account, NewSession
from hookline.accounts.passwords import Passwords
from hookline.accounts.roles import Role
from hookline.accounts.routes import user_routes
from hookline.accounts.sessions import find_session
from hookline.clock import ManualClock
from hookline.outbound.sealing import SecretBox
from hookline.principal import Scope
from hookline.storage.store import Store
from tests.accounts.cast import PASSWORD, add, as_caller, as_credential, enter, set_up
from tests.services.web import KnownCallers, bearer, web_client

OWNER, READER, OUTSIDER = (bearer(name) for name in ("owner", "reader", "outsider"))
NEW = {"email": "new@example.com", "role": "developer"}


@pytest.fixture
async def client(
    store: Store, account: Account, other_account: Account, box: SecretBox, passwords: Passwords
) -> AsyncIterator[AsyncClient]:
    owner = await add(store, account, "owner@example.com", Role.OWNER)
    callers = KnownCallers(
        owner=as_caller(owner),
        reader=as_credential(account, Scope.MESSAGES_READ),
        outsider=as_credential(other_account),
    )
    routes = (user_routes(passwords), user_access_routes(), invitation_routes(box))
    async with web_client(store, callers, *routes) as opened:
        yield opened


@pytest.fixture
async def here(
    store: Store, account: Account, passwords: Passwords, client: AsyncClient
) -> NewSession:
    chosen = await passwords.choose(PASSWORD)
    await add(store, account, "dana@example.com", Role.DEVELOPER, password=chosen)
    return await enter(store, passwords, "dana@example.com")


async def test_invitation_with_its_link_is_answered_once(client: AsyncClient, store: Store) -> None:
    made = await client.post("/v1/invitations", json=NEW, headers=OWNER)
    assert made.status_code == 201
    link = made.json()["link"]
    assert link.startswith("http://localhost/join/")
    assert (await find_invitation(store, link.rpartition("/")[2])).invitation.email == NEW["email"]
    shown = (await client.get(f"/v1/invitations/{made.json()['id']}", headers=OWNER)).json()
    assert "link" not in shown
    assert (shown["status"], shown["role"], shown["object"]) == ("open", "developer", "invitation")


async def test_invitations_are_listed_until_they_are_revoked(
    client: AsyncClient, clock: ManualClock
) -> None:
    known = (await client.post("/v1/invitations", json=NEW, headers=OWNER)).json()["id"]
    clock.advance(seconds=7 * 86_400)
    listed = (await client.get("/v1/invitations", headers=OWNER)).json()["data"]
    assert [(one["id"], one["status"]) for one in listed] == [(known, "expired")]
    again = await client.post(f"/v1/invitations/{known}/resend", headers=OWNER)
    assert (again.json()["status"], again.json()["link"] is None) == ("open", False)
    assert (await client.delete(f"/v1/invitations/{known}", headers=OWNER)).status_code == 204
    assert (await client.get("/v1/invitations", headers=OWNER)).json()["data"] == []


async def test_repeated_invitation_is_one(client: AsyncClient) -> None:
    key = {**OWNER, "Idempotency-Key": "invite-new"}
    first = await client.post("/v1/invitations", json=NEW, headers=key)
    again = await client.post("/v1/invitations", json=NEW, headers=key)
    assert again.json() == first.json()
    refused = await client.post("/v1/invitations", json=NEW, headers=OWNER)
    assert (refused.status_code, refused.json()["code"]) == (409, "invitation_exists")


async def test_known_address_must_be_invited(
    client: AsyncClient, store: Store, other_account: Account
) -> None:
    await add(store, other_account, NEW["email"])
    refused = await client.post("/v1/users", json=NEW, headers=OWNER)
    assert (refused.status_code, refused.json()["code"]) == (409, "invitation_needed")
    assert (await client.post("/v1/invitations", json=NEW, headers=OWNER)).status_code == 201


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({"email": "nobody"}, "/email"), ({"role": "king"}, "/role"), ({"x": 1}, "/x")],
)
async def test_wrong_value_is_named(
    client: AsyncClient, body: dict[str, object], pointer: str
) -> None:
    refused = await client.post("/v1/invitations", json={**NEW, **body}, headers=OWNER)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_sessions_are_listed_and_ended(
    client: AsyncClient, store: Store, passwords: Passwords, here: NewSession
) -> None:
    path = f"/v1/users/{here.session.user_id}/sessions"
    await enter(store, passwords, here.session.email)
    listed = (await client.get(path, headers=OWNER)).json()
    assert len(listed["data"]) == 2
    assert {one["ip"] for one in listed["data"]} == {"192.0.2.9"}
    assert here.token not in repr(listed)
    one = f"{path}/{here.session.id}"
    assert (await client.delete(one, headers=OWNER)).status_code == 204
    assert (await client.delete(one, headers=OWNER)).status_code == 404
    assert await find_session(store, here.token) is None
    assert (await client.delete(path, headers=OWNER)).json()["count"] == 1


async def test_disabling_is_a_patch(client: AsyncClient, here: NewSession, store: Store) -> None:
    path = f"/v1/users/{here.session.user_id}"
    shown = (await client.patch(path, json={"disabled": True}, headers=OWNER)).json()
    assert shown["disabled_at"] is not None
    assert await find_session(store, here.token) is None
    again = (await client.patch(path, json={"disabled": False}, headers=OWNER)).json()
    assert again["disabled_at"] is None


async def test_second_factor_is_shown_and_reset(
    client: AsyncClient, store: Store, box: SecretBox, here: NewSession
) -> None:
    await set_up(store, box, here)
    path = f"/v1/users/{here.session.user_id}"
    assert (await client.get(path, headers=OWNER)).json()["second_factor"] is True
    assert (await client.delete(f"{path}/second_factor", headers=OWNER)).status_code == 204
    assert (await client.get(path, headers=OWNER)).json()["second_factor"] is False
    refused = await client.delete(f"{path}/second_factor", headers=OWNER)
    assert (refused.status_code, refused.json()["code"]) == (409, "second_factor_off")


async def test_every_route_guards_itself(
    client: AsyncClient, store: Store, box: SecretBox, here: NewSession
) -> None:
    invited = (await client.post("/v1/invitations", json=NEW, headers=OWNER)).json()["id"]
    await set_up(store, box, here)
    user = f"/v1/users/{here.session.user_id}"
    for method, path in (
        ("GET", "/v1/invitations"),
        ("GET", f"/v1/invitations/{invited}"),
        ("POST", f"/v1/invitations/{invited}/resend"),
        ("DELETE", f"/v1/invitations/{invited}"),
        ("GET", f"{user}/sessions"),
        ("DELETE", f"{user}/sessions/{here.session.id}"),
        ("DELETE", f"{user}/sessions"),
        ("DELETE", f"{user}/second_factor"),
    ):
        assert (await client.request(method, path)).status_code == 401, path
        assert (await client.request(method, path, headers=READER)).status_code == 403, path
        if path != "/v1/invitations":
            foreign = await client.request(method, path, headers=OUTSIDER)
            assert foreign.status_code == 404, path
    assert (await client.get("/v1/invitations", headers=OUTSIDER)).json()["data"] == []
    assert (await client.post("/v1/invitations", json=NEW)).status_code == 401
    assert (await client.post("/v1/invitations", json=NEW, headers=READER)).status_code == 403
