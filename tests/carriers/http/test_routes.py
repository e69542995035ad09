"""Carriers that are asked by HTTP, over the API: settings, secrets by name, and requests that are shown."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx import AsyncClient

from hookline.accounts.model import Account
from hookline.carriers.http import preview_routes
from hookline.carriers.kinds import KINDS
from hookline.carriers.routes import routes
from hookline.carriers.schemas import CarrierShapes
from hookline.carriers.store import by_id
from hookline.carriers.trial import TrialMessage
from hookline.outbound.sealing import SecretBox
from hookline.principal import Scope
from hookline.settings import Settings
from hookline.storage.store import Store
from tests.services.store import owner_of
from tests.services.web import KnownCallers, bearer, web_client

PUBLIC = "https://sms.example.com"
ACCOUNT = "AC" + "0123456789abcdef" * 2
TWILIO = {"account_sid": ACCOUNT, "auth_token": "a-token"}
TEMPLATE = {
    "request": {
        "url": "https://api.example.com/{from_digits}",
        "headers": {"X-Key": "{secret.api_key}"},
        "body": {"type": "json", "content": {"to": "{to}", "cb": "{receipt_url}"}},
    },
    "check": {"type": "query", "secret": "callback"},
    "receipts": {"id": "id", "status": "status", "delivered": ["ok"]},
}
SECRETS = {"api_key": "a-key", "callback": "a-secret"}
Json = Any  # Any: JSON


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"public_url": PUBLIC})


@pytest.fixture
async def web(
    store: Store, box: SecretBox, account: Account, other_account: Account
) -> AsyncIterator[AsyncClient]:
    callers = KnownCallers(
        owner=owner_of(account),
        reader=owner_of(account, Scope.CARRIERS_WRITE),
        outsider=owner_of(other_account),
    )
    shapes = CarrierShapes(KINDS, PUBLIC)

    async def send(*_: object) -> TrialMessage:
        raise NotImplementedError("nothing is sent here")

    routers = preview_routes.routes(shapes), routes(shapes, box, send)
    async with web_client(store, callers, *routers) as client:
        client.headers.update(bearer("owner"))
        yield client


async def add(web: AsyncClient, kind: str, **section: Json) -> Json:
    answer = await web.post("/v1/carriers", json={"name": kind, "kind": kind, kind: section})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_twilio_is_shown_without_its_secrets_and_with_where_it_calls(
    web: AsyncClient, store: Store, account: Account
) -> None:
    made = await add(web, "twilio", **TWILIO)
    shown = made["twilio"]
    assert (shown["account_sid"], shown["auth_token_set"]) == (ACCOUNT, True)
    assert shown["api_key_secret_set"] is False
    place = f"{PUBLIC}/callbacks/{made['id']}"
    assert made["callbacks"] == {
        "receipts_url": f"{place}/receipts", "messages_url": f"{place}/messages",
    }  # fmt: skip
    [row] = await store.read(by_id(account.id, made["id"]))
    assert "a-token" not in f"{row.settings}{row.secrets}{made}"


async def test_a_template_keeps_its_secrets_by_name(
    web: AsyncClient, store: Store, account: Account
) -> None:
    made = await add(web, "http", template=TEMPLATE, secrets=SECRETS)
    assert made["http"]["secrets_set"] == ["api_key", "callback"]
    assert made["callbacks"]["receipts_url"].endswith("/receipts?key={secret.callback}")
    assert made["callbacks"]["messages_url"] is None  # the template has none
    path = f"/v1/carriers/{made['id']}"
    body = {"http": {"window": 3, "secrets": {"spare": "x"}}}
    changed = (await web.patch(path, json=body)).json()["http"]
    assert changed["secrets_set"] == ["api_key", "callback", "spare"]
    assert (changed["window"], changed["template"]) == (3, made["http"]["template"])
    changed = (await web.patch(path, json={"http": {"secrets": {"spare": ""}}})).json()["http"]
    assert changed["secrets_set"] == ["api_key", "callback"]
    needed = await web.patch(path, json={"http": {"secrets": {"api_key": ""}}})
    assert needed.status_code == 422
    assert [one["pointer"] for one in needed.json()["errors"]] == ["/http/secrets/api_key"]
    [row] = await store.read(by_id(account.id, made["id"]))
    assert not [one for one in SECRETS.values() if one in f"{row.settings}{row.secrets}"]


@pytest.mark.parametrize(
    ("kind", "section", "pointer"),
    [
        ("twilio", {"account_sid": "AC1", "auth_token": "a"}, "/twilio/account_sid"),
        ("twilio", {"account_sid": ACCOUNT}, "/twilio/auth_token"),
        ("twilio", {**TWILIO, "api_key_sid": "SK" + "0" * 32}, "/twilio/api_key_secret"),
        ("twilio", {**TWILIO, "base_url": "ftp://x"}, "/twilio/base_url"),
        ("twilio", {**TWILIO, "window": 0}, "/twilio/window"),
        ("http", {"template": TEMPLATE}, "/http/secrets/api_key"),
        ("http", {"template": TEMPLATE, "secrets": {"A": "x"}}, "/http/secrets/A/[key]"),
        ("http", {"template": {"request": {}}}, "/http/template/request/url"),
        (
            "http",
            {"template": {"request": {"url": "https://a.b", "query": {"x": "{nothing}"}}}},
            "/http/template/request/query/x",
        ),
        (
            "http",
            {"template": {"request": {"url": "https://a.b"}, "answer": {"id": {"pointer": "x"}}}},
            "/http/template/answer/id/pointer",
        ),
    ],
)
async def test_what_cannot_work_is_refused_at_its_place(
    web: AsyncClient, kind: str, section: Json, pointer: str
) -> None:
    body = {"name": "wrong", "kind": kind, kind: section}
    for path in ("/v1/carriers", "/v1/carriers/preview"):
        answer = await web.post(path, json=body)
        assert answer.status_code == 422, answer.text
        assert pointer in [one["pointer"] for one in answer.json()["errors"]]
    assert (await web.get("/v1/carriers")).json()["data"] == []


async def test_a_request_is_shown_with_its_secrets_masked(web: AsyncClient) -> None:
    section = {"template": TEMPLATE, "secrets": SECRETS}
    body = {"name": "x", "kind": "http", "http": section, "message": {"to": "+15550001111"}}
    shown = (await web.post("/v1/carriers/preview", json=body)).json()
    assert (shown["method"], shown["url"]) == ("POST", "https://api.example.com/12025550100")
    assert {"name": "X-Key", "value": "MASKED"} in shown["headers"]
    assert '"to":"+15550001111"' in shown["body"]
    assert "&key=MASKED" in shown["body"]
    made = await add(web, "http", **section)
    path = f"/v1/carriers/{made['id']}/preview"
    again = await web.post(path, json={"from": "Acme"}, headers=bearer("reader"))
    assert again.json()["url"] == "https://api.example.com/Acme"
    assert made["id"] in again.json()["body"]
    assert (await web.post(path)).status_code == 200
    assert (await web.post(path, headers=bearer("outsider"))).status_code == 404
    refused = await web.post("/v1/carriers/preview", json=body, headers=bearer("reader"))
    assert refused.status_code == 403


async def test_twilios_password_is_not_shown_in_base64_either(web: AsyncClient) -> None:
    made = await add(web, "twilio", **TWILIO)
    shown = (await web.post(f"/v1/carriers/{made['id']}/preview")).json()
    assert {"name": "Authorization", "value": "Basic MASKED"} in shown["headers"]


async def test_other_kinds_have_no_requests(web: AsyncClient) -> None:
    smpp = {"host": "127.0.0.1", "port": 9, "system_id": "us", "password": "secret"}
    made = await add(web, "smpp", **smpp)
    assert made["callbacks"] is None
    answer = await web.post(f"/v1/carriers/{made['id']}/preview")
    assert (answer.status_code, answer.json()["code"]) == (409, "carrier_no_requests")
    body = {"name": "x", "kind": "smpp", "smpp": smpp}
    answer = await web.post("/v1/carriers/preview", json=body)
    assert answer.json()["errors"][0]["pointer"] == "/kind"
