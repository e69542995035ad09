"""Carriers over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from httpx import AsyncClient

from hookline.accounts.model import Account
from hookline.api.idempotency import Claim
from hookline.carriers import store as sql
from hookline.carriers.kinds import KINDS
from hookline.carriers.routes import routes
from hookline.carriers.schemas import CarrierShapes
from hookline.carriers.trial import Trial, TrialMessage
from hookline.ids import CarrierId
from hookline.outbound.sealing import SecretBox
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.telemetry.link_state import LinkPhase, LinkState
from tests.services.store import owner_of
from tests.services.web import KnownCallers, bearer, web_client

UNKNOWN = "car_00000000000000000000000001"
PASSWORD = "s3cr3t-of-acme"
SMPP = {"host": "smsc.example.com", "system_id": "us", "password": PASSWORD}
Json = Any  # Any: JSON


class Sender:
    """Stands at the port where messages will be."""

    def __init__(self) -> None:
        self.trials: list[tuple[CarrierId, Trial]] = []
        self.result = TrialMessage("msg_1", "delivered", None)

    async def send(
        self, principal: Principal, carrier_id: CarrierId, trial: Trial, claim: Claim | None
    ) -> TrialMessage:
        self.trials.append((carrier_id, trial))
        return self.result


@pytest.fixture
def sender() -> Sender:
    return Sender()


@pytest.fixture
async def web(
    store: Store, box: SecretBox, account: Account, other_account: Account, sender: Sender
) -> AsyncIterator[AsyncClient]:
    callers = KnownCallers(
        owner=owner_of(account),
        nothing=owner_of(account, *Scope),
        silent=owner_of(account, Scope.MESSAGES_SEND),
        outsider=owner_of(other_account),
    )
    async with web_client(store, callers, routes(CarrierShapes(KINDS), box, sender.send)) as client:
        client.headers.update(bearer("owner"))
        yield client


async def added(web: AsyncClient, name: str = "Acme", **changes: Json) -> Json:
    body = {"name": name, "kind": "smpp", "smpp": SMPP | changes}
    answer = await web.post("/v1/carriers", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def bind(store: Store, carrier_id: str) -> None:
    state = LinkState(phase=LinkPhase.BOUND, since=store.now(), window=50, submitted=7)
    row = (
        carrier_id, "main", "node", "bound", msgspec.json.encode(state).decode(), store.now(),
        store.now(),
    )  # fmt: skip
    await store.commit(lambda tx: tx.insert(sql.INSERT_LINK, [row]))


async def test_every_route_knows_who_may(web: AsyncClient) -> None:
    carrier_id = (await added(web))["id"]
    for method, path, body, expected in (
        ("GET", "/v1/carriers", None, 200),
        ("POST", "/v1/carriers", {"name": "box", "kind": "sandbox"}, 201),
        ("GET", f"/v1/carriers/{carrier_id}", None, 200),
        ("PATCH", f"/v1/carriers/{carrier_id}", {"name": "Other"}, 200),
        ("POST", f"/v1/carriers/{carrier_id}/test", None, 200),
        ("DELETE", f"/v1/carriers/{carrier_id}", None, 204),
    ):
        statuses = [
            (await web.request(method, path, json=body, headers=headers)).status_code
            for headers in ({"Authorization": ""}, bearer("who"), bearer("nothing"))
        ]
        assert statuses == [401, 401, 403], path
        if carrier_id in path:
            for headers, place in (
                (bearer("outsider"), carrier_id),
                ({}, UNKNOWN),
                ({}, "nonsense"),
            ):
                url = path.replace(carrier_id, place)
                missing = await web.request(method, url, json=body, headers=headers)
                assert missing.status_code == 404, url
                assert missing.json()["code"] == "carrier_not_found"
        assert (await web.request(method, path, json=body)).status_code == expected, path


async def test_a_carrier_is_shown_without_its_secrets(web: AsyncClient) -> None:
    made = await added(web, port=3_550, tls=True)
    answer = await web.get(f"/v1/carriers/{made['id']}")
    assert PASSWORD not in answer.text
    shown = answer.json()
    assert shown == made
    assert (shown["object"], shown["kind"], shown["disabled"]) == ("carrier", "smpp", False)
    smpp = shown["smpp"]
    assert (smpp["host"], smpp["port"], smpp["tls"]) == ("smsc.example.com", 3_550, True)
    assert (smpp["password_set"], "password" in smpp) == (True, False)
    assert shown["link"]["state"] == "down"


async def test_the_sandbox_has_no_section_and_is_bound(web: AsyncClient) -> None:
    answer = await web.post("/v1/carriers", json={"name": "box", "kind": "sandbox"})
    assert (answer.json()["smpp"], answer.json()["link"]["state"]) == (None, "bound")


async def test_the_link_is_as_its_keeper_wrote_it_down(web: AsyncClient, store: Store) -> None:
    made = await added(web)
    await bind(store, made["id"])
    link = (await web.get("/v1/carriers")).json()["data"][0]["link"]
    assert (link["state"], link["submitted"], link["detail"]) == ("bound", 7, None)
    assert link["since"].endswith("Z")


async def test_lists_come_in_stable_pages(web: AsyncClient) -> None:
    made = [(await added(web, f"Carrier {n}"))["id"] for n in range(5)]
    first = (await web.get("/v1/carriers?limit=3")).json()
    rest = (await web.get("/v1/carriers", params={"cursor": first["next_cursor"]})).json()
    assert [one["id"] for one in first["data"] + rest["data"]] == made[::-1]
    assert (first["has_more"], rest["has_more"]) == (True, False)


async def test_a_patch_merges(web: AsyncClient) -> None:
    made = await added(web, window=7)
    body = {"disabled": True, "smpp": {"port": 2_776, "tls_ca": None, "password": "new"}}
    patched = (await web.patch(f"/v1/carriers/{made['id']}", json=body)).json()
    assert patched["smpp"] == made["smpp"] | {"port": 2_776}
    assert (patched["disabled"], patched["link"]["state"]) == (True, "closed")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "smpp", "smpp": SMPP}, "/name"),
        ({"name": "", "kind": "sandbox"}, "/name"),
        ({"name": "a\nb", "kind": "sandbox"}, "/name"),
        ({"name": " a", "kind": "sandbox"}, "/name"),
        ({"name": "x" * 65, "kind": "sandbox"}, "/name"),
        ({"name": UNKNOWN, "kind": "sandbox"}, "/name"),
        ({"name": "x", "kind": "pigeon"}, "/kind"),
        ({"name": "x", "kind": "smpp"}, "/smpp"),
        ({"name": "x", "kind": "sandbox", "smpp": SMPP}, "/smpp"),
        ({"name": "x", "kind": "smpp", "smpp": SMPP | {"host": ""}}, "/smpp/host"),
        ({"name": "x", "kind": "smpp", "smpp": SMPP | {"port": 0}}, "/smpp/port"),
        ({"name": "x", "kind": "smpp", "smpp": SMPP | {"rate": -1}}, "/smpp/rate"),
        ({"name": "x", "kind": "smpp", "smpp": SMPP | {"bind": "x"}}, "/smpp/bind"),
        ({"name": "x", "kind": "smpp", "smpp": SMPP | {"password": "ö"}}, "/smpp/password"),
        ({"name": "x", "kind": "smpp", "smpp": SMPP | {"pasword": "x"}}, "/smpp/pasword"),
        ({"name": "x", "kind": "smpp", "smpp": {"host": "h", "system_id": "u"}}, "/smpp/password"),
    ],
)
async def test_wrong_bodies_are_pointed_at(web: AsyncClient, body: Json, pointer: str) -> None:
    answer = await web.post("/v1/carriers", json=body)
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert PASSWORD not in answer.text


async def test_wrong_patches_are_pointed_at(web: AsyncClient) -> None:
    made = (await added(web))["id"]
    box = (await web.post("/v1/carriers", json={"name": "box", "kind": "sandbox"})).json()["id"]
    for carrier_id, body, pointer in (
        (made, {"smpp": {"port": 0}}, "/smpp/port"),
        (made, {"smpp": {"port": None}}, "/smpp/port"),
        (made, {"kind": "sandbox"}, "/kind"),
        (box, {"smpp": {"port": 1}}, "/smpp"),
    ):
        answer = await web.patch(f"/v1/carriers/{carrier_id}", json=body)
        assert answer.status_code == 422, body
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_adding_can_be_repeated_with_a_key(web: AsyncClient) -> None:
    key = {"Idempotency-Key": "k"}
    body = {"name": "Acme", "kind": "smpp", "smpp": SMPP}
    first = await web.post("/v1/carriers", json=body, headers=key)
    again = await web.post("/v1/carriers", json=body, headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    taken = await web.post("/v1/carriers", json=body)
    assert (taken.status_code, taken.json()["code"]) == (409, "carrier_name_taken")


async def test_a_test_says_how_the_link_is(web: AsyncClient, store: Store) -> None:
    carrier_id = (await added(web))["id"]
    down = (await web.post(f"/v1/carriers/{carrier_id}/test")).json()
    assert (down["ok"], down["link"]["state"], down["message"]) == (False, "down", None)
    assert "hookline up" in down["advice"]
    await bind(store, carrier_id)
    bound = (await web.post(f"/v1/carriers/{carrier_id}/test")).json()
    assert (bound["ok"], bound["advice"]) == (True, None)


async def test_a_test_sends_a_message(web: AsyncClient, sender: Sender) -> None:
    carrier_id = (await added(web))["id"]
    body = {"to": "+447700900001", "from": "+447700900002", "text": "Hello"}
    answer = (await web.post(f"/v1/carriers/{carrier_id}/test", json=body)).json()
    assert sender.trials == [(carrier_id, Trial("+447700900001", "+447700900002", "Hello"))]
    message = {"id": "msg_1", "object": "message", "status": "delivered", "error": None}
    assert (answer["ok"], answer["message"]) == (True, message)


async def test_a_test_that_fails_says_what_to_do(web: AsyncClient, sender: Sender) -> None:
    carrier_id = (await added(web))["id"]
    place, body = f"/v1/carriers/{carrier_id}/test", {"to": "+447700900001"}
    sender.result = TrialMessage("msg_1", "failed", "The carrier refused the message.")
    failed = (await web.post(place, json=body)).json()
    assert (failed["ok"], failed["advice"]) == (False, "The carrier refused the message.")
    sender.result = TrialMessage("msg_1", "queued", None)
    waiting = (await web.post(place, json=body)).json()
    assert (waiting["ok"], "hookline up" in waiting["advice"]) == (False, True)


async def test_sending_a_test_needs_the_scope_to_send(web: AsyncClient, sender: Sender) -> None:
    place = f"/v1/carriers/{(await added(web))['id']}/test"
    refused = await web.post(place, json={"to": "+447700900001"}, headers=bearer("silent"))
    assert (refused.status_code, sender.trials) == (403, [])
    assert "messages:send" in refused.json()["detail"]


async def test_half_a_test_message_is_refused(web: AsyncClient) -> None:
    place = f"/v1/carriers/{(await added(web))['id']}/test"
    answer = await web.post(place, json={"from": "+447700900001"})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/to"]


async def test_a_test_can_be_repeated_with_a_key(web: AsyncClient, sender: Sender) -> None:
    place = f"/v1/carriers/{(await added(web))['id']}/test"
    key, body = {"Idempotency-Key": "k"}, {"to": "+447700900001"}
    first = await web.post(place, json=body, headers=key)
    sender.result = TrialMessage("msg_1", "failed", None)
    again = await web.post(place, json=body, headers=key)
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotency-replayed"] == "true"
