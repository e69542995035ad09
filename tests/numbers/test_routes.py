"""Numbers over HTTP."""

from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient

from hookline.accounts.model import Account
from hookline.ids import CarrierId
from hookline.numbers.routes import routes
from hookline.principal import Scope
from hookline.storage.store import Store
from tests.services.store import owner_of
from tests.services.web import KnownCallers, bearer, web_client

UNKNOWN = "num_00000000000000000000000001"


@pytest.fixture
async def web(
    store: Store, account: Account, other_account: Account, sandbox: CarrierId
) -> AsyncIterator[AsyncClient]:
    callers = KnownCallers(
        owner=owner_of(account),
        nothing=owner_of(account, *Scope),
        outsider=owner_of(other_account),
    )
    async with web_client(store, callers, routes()) as client:
        client.headers.update(bearer("owner"))
        yield client


async def added(web: AsyncClient, number: str) -> str:
    answer = await web.post("/v1/numbers", json={"number": number})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_every_route_knows_who_may(web: AsyncClient) -> None:
    number_id = await added(web, "Hookline")
    for method, path, body, expected in (
        ("GET", "/v1/numbers", None, 200),
        ("POST", "/v1/numbers", {"number": "12345"}, 201),
        ("GET", f"/v1/numbers/{number_id}", None, 200),
        ("PATCH", f"/v1/numbers/{number_id}", {"carrier": "sandbox"}, 200),
        ("DELETE", f"/v1/numbers/{number_id}", None, 204),
    ):
        statuses = [
            (await web.request(method, path, json=body, headers=headers)).status_code
            for headers in ({"Authorization": ""}, bearer("who"), bearer("nothing"))
        ]
        assert statuses == [401, 401, 403], path
        if number_id in path:
            for headers, url in (
                (bearer("outsider"), path),
                ({}, f"/v1/numbers/{UNKNOWN}"),
                ({}, "/v1/numbers/%00"),
            ):
                missing = await web.request(method, url, json=body, headers=headers)
                assert (missing.status_code, missing.json()["code"]) == (404, "not_found"), url
        assert (await web.request(method, path, json=body)).status_code == expected, path


async def test_a_number_is_shown(web: AsyncClient, sandbox: CarrierId) -> None:
    shown = (await web.get(f"/v1/numbers/{await added(web, '+44 7700 900123')}")).json()
    assert (shown["object"], shown["number"], shown["kind"]) == (
        "number",
        "+447700900123",
        "number",
    )
    assert (shown["carrier_id"], shown["voice_carrier_id"]) == (sandbox, None)


async def test_null_takes_the_carrier_of_calls_away(web: AsyncClient, sandbox: CarrierId) -> None:
    path = f"/v1/numbers/{await added(web, '+447700900123')}"
    for body, carrier_id in (
        ({"voice_carrier": "sandbox"}, sandbox),
        ({}, sandbox),
        ({"carrier": "sandbox"}, sandbox),
        ({"voice_carrier": None}, None),
        ({"inbound_voice": {"voicemail": True}}, None),
    ):
        answer = await web.patch(path, json=body)
        assert (answer.status_code, answer.json()["voice_carrier_id"]) == (200, carrier_id), body
        assert answer.json()["carrier_id"] == sandbox


async def test_lists_come_in_stable_pages(web: AsyncClient) -> None:
    made = [await added(web, f"+44770090010{n}") for n in range(5)]
    first = (await web.get("/v1/numbers?limit=3")).json()
    await added(web, "Hookline")
    rest = (await web.get("/v1/numbers", params={"cursor": first["next_cursor"]})).json()
    seen = [number["id"] for number in first["data"] + rest["data"]]
    assert seen[:5] == made[::-1]
    assert len(seen) == 7
    assert rest["has_more"] is False


async def test_wrong_bodies_are_pointed_at(web: AsyncClient) -> None:
    for body, pointer in (
        ({}, "/number"),
        ({"number": "+1"}, "/number"),
        ({"number": 5}, "/number"),
        ({"number": "a\x00"}, None),
        ({"number": "Hookline", "colour": 1}, "/colour"),
        ({"number": "Hookline", "carrier": "nobody's"}, "/carrier"),
        ({"number": "Hookline", "voice_carrier": "nobody's"}, "/voice_carrier"),
    ):
        answer = await web.post("/v1/numbers", json=body)
        assert answer.status_code == 422, body
        (error,) = answer.json()["errors"]
        assert pointer in (None, error["pointer"]), body
    taken = await web.post("/v1/numbers", json={"number": "+12025550100"})
    assert (taken.status_code, taken.json()["code"]) == (409, "number_taken")


async def test_adding_can_be_repeated_with_a_key(web: AsyncClient) -> None:
    key = {"Idempotency-Key": "k"}
    first = await web.post("/v1/numbers", json={"number": "Hookline"}, headers=key)
    again = await web.post("/v1/numbers", json={"number": "Hookline"}, headers=key)
    assert (again.status_code, again.content) == (201, first.content)
