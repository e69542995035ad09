"""A token is bound to addresses: nothing is answered to others, whatever their headers claim."""

import pytest
from sqlalchemy import select

from hookline.accounts.model import Account
from hookline.credentials.changing import Change, patch_credential
from hookline.principal import Scope
from hookline.restrictions import parse_network
from hookline.storage.schema import audit
from hookline.storage.store import Store
from tests.credentials.addresses import ELSEWHERE, OFFICE, PROXY, From
from tests.credentials.issued import issue
from tests.services.store import owner_of
from tests.services.web import bearer

SELF = "/v1/credentials/self"


@pytest.fixture
async def token(store: Store, account: Account) -> str:
    """Of a credential that only the office may use."""
    everything = frozenset(Scope)
    bound = (parse_network(OFFICE),)
    return (await issue(store, owner_of(account), scopes=everything, allowed_ips=bound)).token


async def test_from_elsewhere_it_is_refused_with_its_own_code(
    client_from: From, token: str
) -> None:
    assert (await client_from(OFFICE).get(SELF, headers=bearer(token))).status_code == 200
    refused = await client_from(ELSEWHERE).get(SELF, headers=bearer(token))
    assert (refused.status_code, refused.json()["code"]) == (403, "address_not_allowed")
    assert ELSEWHERE in refused.json()["detail"]
    assert OFFICE not in refused.text


async def test_an_ipv4_caller_in_the_dress_of_ipv6_is_known(client_from: From, token: str) -> None:
    client = client_from("::ffff:203.0.113.7")
    assert (await client.get(SELF, headers=bearer(token))).status_code == 200


@pytest.mark.parametrize("claim", [OFFICE, f"{OFFICE}, {PROXY}", f"{ELSEWHERE}, {OFFICE}"])
async def test_a_header_of_whoever_calls_directly_changes_nothing(
    client_from: From, token: str, claim: str
) -> None:
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "CF-Connecting-IP"):
        headers = bearer(token, **{name: claim})
        assert (await client_from(ELSEWHERE).get(SELF, headers=headers)).status_code == 403
        assert (await client_from(OFFICE).get(SELF, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("forwarded", "status"),
    [
        (OFFICE, 200),
        (f"{ELSEWHERE}, {OFFICE}", 200),
        (f"{OFFICE}, {PROXY}", 200),
        (f"{OFFICE}, {ELSEWHERE}", 403),
        (f"{OFFICE}, nonsense", 403),
        (f"{OFFICE}, {OFFICE}:4711", 403),
        ("", 403),
    ],
)
async def test_of_a_trusted_proxy_the_address_that_it_has_seen_counts(
    client_from: From, token: str, forwarded: str, status: int
) -> None:
    headers = bearer(token, **{"X-Forwarded-For": forwarded})
    assert (await client_from(PROXY).get(SELF, headers=headers)).status_code == status


async def test_a_change_counts_from_the_next_request(
    client_from: From, store: Store, account: Account
) -> None:
    owner, elsewhere = owner_of(account), client_from(ELSEWHERE)
    made = await issue(store, owner, allowed_ips=(parse_network(OFFICE),))
    for ips, status in ([OFFICE, "198.51.100.0/24"], 200), ([OFFICE], 403), (None, 200):
        wanted = None if ips is None else tuple(parse_network(one) for one in ips)
        change = Change(restrictions={"allowed_ips": wanted})
        await store.commit(
            lambda tx, change=change: patch_credential(tx, store, owner, made.credential.id, change)
        )
        assert (await elsewhere.get(SELF, headers=bearer(made.token))).status_code == status


async def test_a_refused_request_is_not_a_use(
    client_from: From, store: Store, account: Account, token: str
) -> None:
    await client_from(ELSEWHERE).get(SELF, headers=bearer(token))
    shown = (await client_from(OFFICE).get(SELF, headers=bearer(token))).json()
    assert (shown["last_used"], shown["allowed_ips"]) == (None, ["203.0.113.7/32"])


async def test_the_audit_trail_has_before_and_after(
    client_from: From, store: Store, account: Account
) -> None:
    manager = (await issue(store, owner_of(account), scopes=frozenset(Scope))).token
    made = (await issue(store, owner_of(account))).credential.id
    client = client_from(OFFICE)
    answer = await client.patch(
        f"/v1/credentials/{made}", json={"allowed_ips": ["::ffff:10.0.0.0/104"]},
        headers=bearer(manager),
    )  # fmt: skip
    assert answer.json()["allowed_ips"] == ["10.0.0.0/8"]
    rows = await store.read(select(audit).where(audit.c.action == "credential.update"))
    assert '"restrictions":{}' in rows[0].before
    assert '"restrictions":{"allowed_ips":["10.0.0.0/8"]}' in rows[0].after


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        (["203.0.113.0/33"], "/allowed_ips/0"),
        (["203.0.113.0/24", "203.0.113.7/24"], "/allowed_ips/1"),
        (["10.0.0.0/8", 7], "/allowed_ips/1"),
        ([], "/allowed_ips"),
        (["10.0.0.1"] * 51, "/allowed_ips"),
        ("10.0.0.1", "/allowed_ips"),
    ],
)
async def test_a_wrong_list_is_refused_where_it_is_wrong(
    client_from: From, store: Store, account: Account, wrong: object, pointer: str
) -> None:
    manager = (await issue(store, owner_of(account), scopes=frozenset(Scope))).token
    body = {"description": "x", "scopes": ["messages:send"], "allowed_ips": wrong}
    client = client_from(OFFICE)
    refused = await client.post("/v1/credentials", json=body, headers=bearer(manager))
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_nobody_hands_out_more_addresses_than_they_have(
    client_from: From, store: Store, account: Account, token: str
) -> None:
    client, headers = client_from(OFFICE), bearer(token)
    other = (await issue(store, owner_of(account))).credential.id
    body = {"description": "x", "scopes": ["messages:send"]}
    path = f"/v1/credentials/{other}"
    refused = [
        await client.post("/v1/credentials", json=body, headers=headers),
        await client.patch(path, json={"description": "y"}, headers=headers),
        await client.post(f"{path}/rotate", headers=headers),
    ]
    assert {(one.status_code, one.json()["code"]) for one in refused} == {
        (403, "restriction_widened")
    }
    assert refused[0].json()["errors"][0]["pointer"] == "/allowed_ips"
    within = {**body, "allowed_ips": [OFFICE]}
    assert (await client.post("/v1/credentials", json=within, headers=headers)).status_code == 201
