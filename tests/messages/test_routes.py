"""The HTTP side: shapes, problems, who may, lists."""

import json
from typing import Any

from httpx import AsyncClient, Response
from sqlalchemy import func, select

from hookline.clock import ManualClock
from hookline.storage.schema import idempotency, messages
from tests.messages.room import PHONE, REAL_NUMBER, SANDBOX_NUMBER, Room
from tests.services.web import bearer

MESSAGE = {"from": SANDBOX_NUMBER, "to": PHONE, "text": "hello"}
NO_ID = "msg_00000000000000000000000001"


def problem(answer: Response, status: int, code: str) -> list[tuple[str, str]]:
    """Check the problem; the pointers and codes of its errors."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["request_id"] == answer.headers["request-id"]
    return [(error["pointer"], error["code"]) for error in body.get("errors", [])]


async def sent(web: AsyncClient, **changes: Any) -> str:
    answer = await web.post("/v1/messages", json=MESSAGE | changes)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def test_the_answer_is_the_message(web: AsyncClient, room: Room) -> None:
    extras = {"tags": ["a"], "metadata": {"k": "v"}}
    answer = await web.post("/v1/messages", json=MESSAGE | extras)
    assert answer.status_code == 202
    body = answer.json()
    given = {key: body[key] for key in (*MESSAGE, *extras)}
    assert given == MESSAGE | extras
    assert (body["object"], body["direction"], body["status"]) == ("message", "outbound", "queued")
    assert (body["encoding"], body["segments"], body["error"]) == ("gsm7", 1, None)
    assert body["created_at"].endswith("Z")
    assert list(body)[:3] == ["id", "direction", "from"]


async def test_a_message_is_read_with_its_timeline(web: AsyncClient, room: Room) -> None:
    message_id = await sent(web)
    await room.until_status("delivered", message_id)
    body = (await web.get(f"/v1/messages/{message_id}")).json()
    passed = [entry["status"] for entry in body["timeline"]]
    assert passed == ["queued", "sending", "sent", "delivered"]
    assert body["delivered_at"] == body["timeline"][-1]["at"]


BAD_BODIES: list[tuple[bytes, int, str, list[tuple[str, str]]]] = [
    (b"", 400, "malformed_request", []),
    (b"{", 400, "malformed_request", []),
    (b"\xff\xfe", 400, "malformed_request", []),
    (b'{"text":"\xed\xa0\x80"}', 400, "malformed_request", []),
    (b"[]", 422, "invalid", [("", "invalid_value")]),
    (b"null", 422, "invalid", [("", "invalid_value")]),
    (b"[" * 100_000, 422, "invalid", [("", "invalid_value")]),
    (b"{}", 422, "invalid", [("/from", "missing")]),
]
BAD_FIELDS: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"colour": 1}, [("/colour", "unknown_field")]),
    ({"a/b~`c": 1}, [("/a~1b~0`c", "unknown_field")]),
    ({"text": ""}, [("/text", "invalid_value")]),
    ({"text": None}, [("/text", "invalid_value")]),
    ({"text": "a" * 1_531}, [("/text", "invalid_value")]),
    ({"text": "й" * 671}, [("/text", "text_too_long")]),
    ({"text": "\x00"}, [("/text", "invalid_character")]),
    ({"to": 15}, [("/to", "invalid_value")]),
    ({"to": "+1"}, [("/to", "invalid_number")]),
    ({"to": "+" + "1" * 40}, [("/to", "invalid_value")]),
    ({"from": ""}, [("/from", "invalid_value")]),
    ({"from": "+12025550199"}, [("/from", "unknown_sender")]),
    ({"send_at": "2026-01-01T00:00:00"}, [("/send_at", "invalid_value")]),
    ({"send_at": 5}, [("/send_at", "invalid_value")]),
    ({"send_at": "tomorrow"}, [("/send_at", "invalid_value")]),
    ({"send_at": "9999-12-31T23:59:59-14:00"}, [("/send_at", "too_far_ahead")]),
    ({"validity_seconds": 59}, [("/validity_seconds", "invalid_value")]),
    ({"validity_seconds": 604_801}, [("/validity_seconds", "invalid_value")]),
    ({"validity_seconds": True}, [("/validity_seconds", "invalid_value")]),
    ({"validity_seconds": 1e300}, [("/validity_seconds", "invalid_value")]),
    ({"status_url": "http://10.0.0.1/"}, [("/status_url", "target_refused")]),
    ({"status_url": "x" * 2_049}, [("/status_url", "invalid_value")]),
    ({"status_events": []}, [("/status_events", "invalid_value")]),
    ({"status_events": ["nonsense"]}, [("/status_events", "unknown_event")]),
    ({"tags": ["a"] * 21}, [("/tags", "invalid_value")]),
    ({"tags": ["a", ""]}, [("/tags/1", "invalid_value")]),
    ({"metadata": {"a": 1}}, [("/metadata", "invalid_value")]),
    ({"metadata": {"": "a"}}, [("/metadata", "invalid_value")]),
    ({"metadata": {"a": "b" * 501}}, [("/metadata", "invalid_value")]),
    ({"metadata": {str(n): "" for n in range(51)}}, [("/metadata", "invalid_value")]),
]


async def test_bad_bodies_are_problems_that_point_at_the_field(web: AsyncClient) -> None:
    json_type = {"content-type": "application/json"}
    for body, status, code, errors in BAD_BODIES:
        answer = await web.post("/v1/messages", content=body, headers=json_type)
        if body:
            assert problem(answer, status, code) == errors, body[:80]
    for changes, errors in BAD_FIELDS:
        answer = await web.post("/v1/messages", json=MESSAGE | changes)
        found = problem(answer, 422, answer.json()["code"])
        assert [pointer for pointer, _ in found] == [pointer for pointer, _ in errors], changes
        if errors[0][1] != "target_refused":  # that room's own name
            assert found == errors, changes
    half = b'{"from":"+12025550100","to":"+12025550110","text":"\\ud800"}'
    problem(
        await web.post("/v1/messages", content=half, headers=json_type), 400, "malformed_request"
    )
    assert (await web.post("/v1/messages", content=b"a=b")).status_code == 415
    huge = MESSAGE | {"metadata": {"a": "b" * 3_000_000}}
    problem(await web.post("/v1/messages", json=huge), 413, "body_too_large")


async def test_the_largest_metadata_is_echoed(web: AsyncClient) -> None:
    metadata = {f"{n:040}": "й" * 500 for n in range(50)}
    message_id = await sent(web, metadata=metadata)
    assert (await web.get(f"/v1/messages/{message_id}")).json()["metadata"] == metadata


async def test_repeating_with_a_key_replays(web: AsyncClient) -> None:
    key = {"Idempotency-Key": "order:1"}
    first = await web.post("/v1/messages", json=MESSAGE, headers=key)
    again = await web.post("/v1/messages", json=MESSAGE, headers=key)
    assert (again.content, again.status_code) == (first.content, 202)
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    other = await web.post("/v1/messages", json=MESSAGE | {"text": "other"}, headers=key)
    problem(other, 422, "idempotency_key_reused")
    bad = await web.post("/v1/messages", json=MESSAGE, headers={"Idempotency-Key": "a b"})
    problem(bad, 422, "invalid")


async def test_a_batch_tells_of_each_message(web: AsyncClient) -> None:
    items: list[Any] = [MESSAGE, MESSAGE | {"to": "+1"}, 5, MESSAGE | {"colour": 1}, MESSAGE]
    answer = await web.post("/v1/messages/batch", json={"messages": items})
    body = answer.json()
    assert (answer.status_code, body["object"]) == (202, "batch")
    assert (body["accepted"], body["refused"]) == (2, 3)
    assert [item["status"] for item in body["data"]] == [202, 422, 422, 422, 202]
    assert body["data"][0]["message"]["to"] == PHONE
    assert body["data"][1]["error"]["errors"][0]["pointer"] == "/to"
    assert body["data"][3]["error"]["errors"][0]["code"] == "unknown_field"


async def test_a_batch_refuses_those_who_opted_out(web: AsyncClient) -> None:
    await web.post("/v1/opt_outs", json={"number": PHONE})
    items = [MESSAGE, MESSAGE | {"to": "+12025550111"}]
    body = (await web.post("/v1/messages/batch", json={"messages": items})).json()
    assert [item["status"] for item in body["data"]] == [422, 202]
    assert body["data"][0]["error"]["code"] == "recipient_opted_out"


async def test_a_thousand_messages_are_one_commit(web: AsyncClient, room: Room) -> None:
    commits = []
    room.store.writer.on_topics(commits.append)
    items = [MESSAGE | {"from": REAL_NUMBER, "text": f"number {n}"} for n in range(1_000)]
    key = {"Idempotency-Key": "batch"}
    room.links.played[room.carrier_id] = {"window": 0}
    first = await web.post("/v1/messages/batch", json={"messages": items}, headers=key)
    assert first.json()["accepted"] == 1_000
    again = await web.post("/v1/messages/batch", json={"messages": items}, headers=key)
    assert again.content == first.content
    kept = await room.store.read(select(idempotency.c.body))
    assert b"number 7" not in bytes(kept[0][0])  # a text is kept with its message alone
    rows = await room.store.read(select(func.count()).select_from(messages))
    assert rows[0][0] == 1_000
    texts = [item["message"]["text"] for item in first.json()["data"]]
    assert texts == [item["text"] for item in items]


async def test_batches_that_are_none(web: AsyncClient) -> None:
    url = "/v1/messages/batch"
    problem(await web.post(url, json={"messages": []}), 422, "batch_too_large")
    problem(await web.post(url, json={"messages": [MESSAGE] * 1_001}), 422, "batch_too_large")
    assert problem(await web.post(url, json={}), 422, "invalid") == [("/messages", "missing")]
    wrong = await web.post(url, json={"messages": {}})
    assert problem(wrong, 422, "invalid") == [("/messages", "invalid_value")]


async def test_preview_counts_segments(web: AsyncClient) -> None:
    answer = await web.post("/v1/messages/preview", json={"text": "ж" * 71 + "a"})
    body = answer.json()
    assert (body["encoding"], body["segments"], body["characters"]) == ("ucs2", 2, 72)
    assert body["forcing_ucs2"] == ["ж"]
    long = await web.post("/v1/messages/preview", json={"text": "a" * 10_001})
    assert problem(long, 422, "invalid")[0][0] == "/text"


async def test_canceling_over_http(web: AsyncClient, clock: ManualClock) -> None:
    message_id = await sent(web, send_at="2026-12-01T00:00:00+01:00")
    canceled = await web.post(f"/v1/messages/{message_id}/cancel")
    assert (canceled.status_code, canceled.json()["status"]) == (200, "canceled")
    problem(await web.post(f"/v1/messages/{message_id}/cancel"), 409, "message_not_cancelable")


async def test_redacting_over_http(web: AsyncClient, room: Room) -> None:
    message_id = await sent(web)
    await room.until_status("delivered", message_id)
    assert (await web.delete(f"/v1/messages/{message_id}/text")).status_code == 204
    assert (await web.get(f"/v1/messages/{message_id}")).json()["text"] is None


ROUTES = [
    ("POST", "/v1/messages", MESSAGE, 202),
    ("POST", "/v1/messages/batch", {"messages": [MESSAGE]}, 202),
    ("POST", "/v1/messages/preview", {"text": "hello"}, 200),
    ("GET", "/v1/messages", None, 200),
    ("GET", "/v1/messages/{id}", None, 200),
    ("POST", "/v1/messages/{id}/cancel", None, 200),
    ("DELETE", "/v1/messages/{id}/text", None, 204),
    ("GET", "/v1/opt_outs", None, 200),
    ("POST", "/v1/opt_outs", {"number": "+447700900999"}, 201),
    ("GET", "/v1/opt_outs/+447700900999", None, 200),
    ("DELETE", "/v1/opt_outs/+447700900999", None, 204),
    ("GET", "/v1/virtual_phones", None, 200),
    ("GET", f"/v1/virtual_phones/{PHONE}/messages", None, 200),
    ("POST", f"/v1/virtual_phones/{PHONE}/messages", {"to": SANDBOX_NUMBER, "text": "hi"}, 201),
]


async def test_every_route_knows_who_may(web: AsyncClient) -> None:
    scheduled = await sent(web, send_at="2026-12-01T00:00:00Z")
    for method, path, body, expected in ROUTES:
        url = path.format(id=scheduled)
        anonymous = await web.request(method, url, json=body, headers={"Authorization": ""})
        assert problem(anonymous, 401, "missing_token") == []
        unknown = await web.request(method, url, json=body, headers=bearer("who"))
        problem(unknown, 401, "invalid_token")
        powerless = await web.request(method, url, json=body, headers=bearer("nothing"))
        problem(powerless, 403, "insufficient_scope")
        assert 'scope="' in powerless.headers["www-authenticate"]
        if "{id}" in path or "+" in path:
            foreign = await web.request(method, url, json=body, headers=bearer("outsider"))
            problem(foreign, 404, "not_found")
        valid = await web.request(method, url, json=body)
        assert valid.status_code == expected, (path, valid.text)


async def test_a_test_credential_does_not_see_live_messages(web: AsyncClient) -> None:
    live = await sent(web)
    problem(await web.get(f"/v1/messages/{live}", headers=bearer("test")), 404, "not_found")
    assert (await web.get("/v1/messages", headers=bearer("test"))).json()["data"] == []


async def test_an_id_of_any_shape_is_not_found(web: AsyncClient) -> None:
    for text in (NO_ID, "%00", "nonsense", "msg_%F0%9F%98%80", "a" * 300, NO_ID[:-1] + "I"):
        problem(await web.get(f"/v1/messages/{text}"), 404, "not_found")
        problem(await web.post(f"/v1/messages/{text}/cancel"), 404, "not_found")
        problem(await web.delete(f"/v1/messages/{text}/text"), 404, "not_found")


async def test_pages_are_stable_while_messages_are_added(web: AsyncClient) -> None:
    made = [await sent(web, text=f"number {n}") for n in range(7)]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        page = (await web.get("/v1/messages", params=query)).json()
        seen += [message["id"] for message in page["data"]]
        await sent(web, text="newer")
        if not page["has_more"]:
            break
        query["cursor"] = page["next_cursor"]
    assert page["next_cursor"] is None
    assert seen == made[::-1]


async def test_lists_are_filtered(web: AsyncClient, room: Room, clock: ManualClock) -> None:
    first = await sent(web, send_at="2026-12-01T00:00:00Z")
    clock.advance(seconds=10)
    second = await sent(web, **{"from": "+12025550101", "to": "+447700900123"})
    await room.until_status("delivered", second)
    clock.advance(seconds=10)
    third = await room.phones.send(room.live, PHONE, to=SANDBOX_NUMBER, text="hi")

    async def listed(**query: str) -> list[str]:
        answer = await web.get("/v1/messages", params=query)
        assert answer.status_code == 200, answer.text
        return [message["id"] for message in answer.json()["data"]]

    assert await listed() == [third, second, first]
    assert await listed(order="asc") == [first, second, third]
    assert await listed(status="scheduled") == [first]
    assert await listed(direction="inbound") == [third]
    assert await listed(to="+447700900123") == [second]
    assert await listed(**{"from": "+12025550101"}) == [second]
    middle = (await web.get(f"/v1/messages/{second}")).json()["created_at"]
    assert await listed(**{"created[gte]": middle}) == [third, second]
    assert await listed(**{"created[gt]": middle}) == [third]
    assert await listed(**{"created[lt]": middle}) == [first]
    assert await listed(**{"created[lte]": middle, "to": PHONE}) == [first]
    unescaped = await web.get("/v1/messages?to=+447700900123")
    assert [message["id"] for message in unescaped.json()["data"]] == [second]


WRONG_QUERIES = (
    "limit=0", "limit=101", "limit=x", "cursor=x", "cursor=num_00000000000000000000000001",
    "status=lost", "order=up", "colour=1", "created[gte]=yesterday",
    "created[gte]=2026-01-01T00:00:00", "to=%00", "direction=up", "cursor=%00",
)  # fmt: skip


async def test_wrong_queries_are_problems(web: AsyncClient) -> None:
    for query in WRONG_QUERIES:
        errors = problem(await web.get(f"/v1/messages?{query}"), 422, "invalid")
        assert len(errors) == 1, query


async def test_opt_outs_are_kept_by_hand(web: AsyncClient) -> None:
    made = await web.post("/v1/opt_outs", json={"number": "+44 7700 900123"})
    assert (made.status_code, made.json()["number"]) == (201, "+447700900123")
    assert made.json()["source"] == "manual"
    again = await web.post("/v1/opt_outs", json={"number": "+447700900123"})
    problem(again, 409, "already_opted_out")
    problem(
        await web.post("/v1/messages", json=MESSAGE | {"to": "+447700900123"}),
        422,
        "recipient_opted_out",
    )
    assert (await web.delete("/v1/opt_outs/+447700900123")).status_code == 204
    await sent(web, to="+447700900123")
    wrong = await web.post("/v1/opt_outs", json={"number": "x"})
    assert problem(wrong, 422, "invalid_number") == [("/number", "invalid_number")]


async def test_opt_outs_are_listed_in_pages(web: AsyncClient) -> None:
    numbers = [f"+44770090010{n}" for n in range(5)]
    for number in numbers:
        await web.post("/v1/opt_outs", json={"number": number})
    first = (await web.get("/v1/opt_outs?limit=3&order=asc")).json()
    rest = (
        await web.get("/v1/opt_outs", params={"order": "asc", "cursor": first["next_cursor"]})
    ).json()
    assert [row["number"] for row in first["data"] + rest["data"]] == numbers
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert (await web.get("/v1/opt_outs?cursor=x")).status_code == 422


async def test_a_phone_over_http(web: AsyncClient, room: Room) -> None:
    await room.until_ended(await sent(web))
    url = f"/v1/virtual_phones/{PHONE}/messages"
    made = await web.post(url, json={"to": SANDBOX_NUMBER, "text": "STOP"})
    assert (made.status_code, made.json()["direction"]) == (201, "inbound")
    thread = (await web.get(url)).json()["data"]
    assert [message["text"] for message in thread] == ["STOP", "hello"]
    problem(await web.post(url, json={"to": "+12025550199", "text": "hi"}), 404, "not_found")
    opted_out = (await web.get(f"/v1/opt_outs/{PHONE}")).json()
    assert (opted_out["source"], opted_out["message_id"]) == ("keyword", made.json()["id"])


def test_batch_bodies_of_the_limit_fit() -> None:
    longest = MESSAGE | {"text": "a" * 1_530}
    assert len(json.dumps({"messages": [longest] * 1_000})) < 2 * 2**20
