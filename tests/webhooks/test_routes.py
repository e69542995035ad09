"""The HTTP surface of webhooks and deliveries."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from httpx import AsyncClient

from hookline.events.model import EventType
from hookline.ids import AccountId
from hookline.principal import Scope
from hookline.webhooks.routes import routes
from tests.services.web import KnownCallers, bearer, web_client
from tests.webhooks.nodes import Node, Receiver, caller, message_event

BODY = {"url": "https://example.com/hook", "events": ["message.*"]}


@pytest.fixture
async def web(node: Node, account: AccountId) -> AsyncIterator[AsyncClient]:
    callers = KnownCallers(
        owner=caller(account),
        reader=caller(account, Scope.WEBHOOKS_READ),
        outsider=caller(await node.account()),
    )
    async with web_client(node.store, callers, routes(node.webhooks)) as client:
        yield client


async def test_created_webhook_shows_its_secret_once_to_readers(web: AsyncClient) -> None:
    made = await web.post("/v1/webhooks", json=BODY, headers=bearer("owner"))
    seen = await web.get(f"/v1/webhooks/{made.json()['id']}", headers=bearer("reader"))
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    assert seen.json()["secret"] is None
    assert seen.json()["events"] == ["message.*"]


async def test_create_is_idempotent(web: AsyncClient) -> None:
    headers = bearer("owner", **{"Idempotency-Key": "k1"})
    first = await web.post("/v1/webhooks", json=BODY, headers=headers)
    second = await web.post("/v1/webhooks", json=BODY, headers=headers)
    listed = await web.get("/v1/webhooks", headers=bearer("owner"))
    assert first.json() == second.json()
    assert len(listed.json()["data"]) == 1


POLICY = {
    "failover_url": "https://example.org/hooks",
    "rate_limit_per_second": 2.5,
    "ordered": "resource",
    "retry_schedule": [5, 60],
}


async def test_policy_is_kept_changed_and_taken_away(web: AsyncClient) -> None:
    made = await web.post("/v1/webhooks", json=BODY | POLICY, headers=bearer("owner"))
    assert made.json().items() >= POLICY.items()
    at = f"/v1/webhooks/{made.json()['id']}"
    kept = await web.patch(at, json={"rate_limit_per_second": 7}, headers=bearer("owner"))
    assert kept.json().items() >= (POLICY | {"rate_limit_per_second": 7}).items()
    nothing: dict[str, object] = dict.fromkeys(POLICY) | {"ordered": "none"}
    gone = await web.patch(at, json=nothing, headers=bearer("owner"))
    assert gone.json().items() >= nothing.items()


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"failover_url": "http://10.0.0.1/"}, "/failover_url"),
        ({"failover_url": "ftp://example.org/"}, "/failover_url"),
        ({"rate_limit_per_second": 0}, "/rate_limit_per_second"),
        ({"ordered": "endpoint"}, "/ordered"),
        ({"retry_schedule": [0]}, "/retry_schedule/0"),
        ({"retry_schedule": [60] * 21}, "/retry_schedule"),
    ],
)
async def test_a_wrong_policy_is_refused(
    web: AsyncClient, wrong: dict[str, object], pointer: str
) -> None:
    made = await web.post("/v1/webhooks", json=BODY, headers=bearer("owner"))
    at = f"/v1/webhooks/{made.json()['id']}"
    created = await web.post("/v1/webhooks", json=BODY | wrong, headers=bearer("owner"))
    patched = await web.patch(at, json=wrong, headers=bearer("owner"))
    for answer in (created, patched):
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_test_event_can_have_other_data(web: AsyncClient, receiver: Receiver) -> None:
    made = await web.post(
        "/v1/webhooks", json=BODY | {"url": receiver.url}, headers=bearer("owner")
    )
    at = f"/v1/webhooks/{made.json()['id']}/test"
    body = {"event_type": "message.sent", "data": {"text": "Bonjour"}}
    tried = await web.post(at, json=body, headers=bearer("owner"))
    [[_, sent]] = await receiver.take()
    assert msgspec.json.decode(sent)["data"] == {"text": "Bonjour"}
    again = f"/v1/deliveries/{tried.json()['delivery_id']}/resend"
    assert (await web.post(again, headers=bearer("owner"))).status_code == 202
    [[_, repeated]] = await receiver.take()
    assert repeated == sent
    large = body | {"data": {"text": "x" * 20_480}}
    refused = await web.post(at, json=large, headers=bearer("owner"))
    assert refused.json()["errors"][0]["pointer"] == "/data"


async def test_unregistered_format_is_refused(web: AsyncClient) -> None:
    answer = await web.post("/v1/webhooks", json=BODY | {"format": "v3"}, headers=bearer("owner"))
    assert answer.json()["errors"][0]["code"] == "unknown_format"


async def test_every_route_refuses_the_wrong_callers(
    web: AsyncClient, node: Node, account: AccountId
) -> None:
    made = (await web.post("/v1/webhooks", json=BODY, headers=bearer("owner"))).json()["id"]
    await node.append(message_event(account))
    delivery = (await node.deliveries())[0].id
    writes = [
        ("PATCH", f"/v1/webhooks/{made}", {}),
        ("DELETE", f"/v1/webhooks/{made}", None),
        ("POST", f"/v1/webhooks/{made}/rotate_secret", None),
        ("POST", f"/v1/webhooks/{made}/test", {"event_type": "message.sent"}),
        ("POST", f"/v1/deliveries/{delivery}/resend", None),
    ]
    reads = [
        ("GET", f"/v1/webhooks/{made}", None),
        ("GET", f"/v1/webhooks/{made}/deliveries", None),
        ("GET", f"/v1/deliveries/{delivery}", None),
    ]
    for method, path, body in writes + reads:
        nobody = await web.request(method, path, json=body)
        outsider = await web.request(method, path, json=body, headers=bearer("outsider"))
        assert (nobody.status_code, outsider.status_code) == (401, 404), path
    for method, path, body in writes:
        reader = await web.request(method, path, json=body, headers=bearer("reader"))
        assert reader.status_code == 403, path
        assert "webhooks:write" in reader.headers["www-authenticate"]


async def test_deliveries_are_listed_and_filtered(
    web: AsyncClient, node: Node, account: AccountId, receiver: Receiver
) -> None:
    body = {"url": receiver.url, "events": ["*"]}
    made = (await web.post("/v1/webhooks", json=body, headers=bearer("owner"))).json()["id"]
    kind = EventType.MESSAGE_RECEIVED
    await node.append(
        message_event(account, kind), message_event(account, kind, status_url=receiver.url)
    )
    await receiver.take(3)
    await node.quiet()
    everything = (await web.get("/v1/deliveries", headers=bearer("owner"))).json()["data"]
    its = (await web.get(f"/v1/webhooks/{made}/deliveries?status=delivered&event_type={kind}",
                         headers=bearer("owner"))).json()["data"]  # fmt: skip
    none = (await web.get("/v1/deliveries?status=failed", headers=bearer("owner"))).json()["data"]
    assert (len(everything), len(its), len(none)) == (3, 2, 0)
    assert {row["url"] for row in everything} == {receiver.url}
    detail = (await web.get(f"/v1/deliveries/{its[0]['id']}", headers=bearer("owner"))).json()
    assert detail["attempts"][0]["response_body"] == "ok"
    assert detail["attempts"][0]["address"] == "127.0.0.1"


async def test_test_answers_with_the_attempt(web: AsyncClient, receiver: Receiver) -> None:
    body = {"url": receiver.url, "events": ["*"]}
    made = (await web.post("/v1/webhooks", json=body, headers=bearer("owner"))).json()["id"]
    answer = await web.post(
        f"/v1/webhooks/{made}/test", json={"event_type": "message.sent"}, headers=bearer("owner")
    )
    assert answer.status_code == 200
    assert answer.json()["status"] == 200
    assert answer.json()["delivery_id"].startswith("dlv_")


async def test_rotation_shows_the_new_secret(web: AsyncClient) -> None:
    made = (await web.post("/v1/webhooks", json=BODY, headers=bearer("owner"))).json()
    rotated = await web.post(f"/v1/webhooks/{made['id']}/rotate_secret", headers=bearer("owner"))
    assert rotated.status_code == 200
    assert rotated.json()["secret"] not in {None, made["secret"]}
    assert rotated.json()["previous_secret_expires_at"]


async def test_patch_and_delete(web: AsyncClient) -> None:
    made = (await web.post("/v1/webhooks", json=BODY, headers=bearer("owner"))).json()["id"]
    path = f"/v1/webhooks/{made}"
    patched = await web.patch(path, json={"disabled": True}, headers=bearer("owner"))
    deleted = await web.delete(path, headers=bearer("owner"))
    gone = await web.get(path, headers=bearer("owner"))
    assert patched.json()["disabled"] is True
    assert patched.json()["disabled_reason"] == "by_request"
    assert (deleted.status_code, gone.status_code) == (204, 404)
