from datetime import UTC, datetime, timedelta

import pytest

from hookline.clock import ManualClock, to_datetime
from tests.requests.logged import BASE, SELF, Logged


async def test_the_newest_come_first_a_page_at_a_time(logged: Logged, clock: ManualClock) -> None:
    ids = []
    for _ in range(3):
        ids.append((await logged.ask("GET", SELF)).headers["request-id"])
        clock.advance(seconds=1)
    await logged.log.flush()
    first = (await logged.ask("GET", f"{BASE}?limit=2")).json()
    rest = (await logged.ask("GET", f"{BASE}?limit=2&cursor={first['next_cursor']}")).json()
    assert [row["id"] for row in first["data"] + rest["data"]] == ids[::-1]
    assert (first["has_more"], rest["has_more"], rest["next_cursor"]) == (True, False, None)


@pytest.mark.parametrize(
    ("query", "statuses"),
    [
        ("?status=404", [404]),
        ("?status=2xx", [200, 201]),
        ("?status=4xx", [403, 404]),
        ("?method=POST", [201]),
        ("?path=/v1/credentials", [200, 201, 403]),
        ("?path=/V1/credentials", []),
        ("?mode=test", [403]),
        ("?ip=127.0.0.1", [200, 201, 403, 404]),
        ("?ip=192.0.2.1", []),
        ("?token=zzzz", []),
    ],
)
async def test_a_filter_narrows_the_list(logged: Logged, query: str, statuses: list[int]) -> None:
    await logged.ask("GET", SELF)
    await logged.ask("POST", "/v1/credentials", json={"description": "x", "scopes": ["audit:read"]})
    await logged.ask("GET", "/v1/nowhere")
    await logged.ask("PATCH", "/v1/credentials/policy", logged.tester.token, json={})
    assert sorted(row["status"] for row in await logged.rows(query)) == statuses


async def test_a_credential_and_a_token_can_be_asked_for(logged: Logged) -> None:
    mine = await logged.ask("GET", SELF)
    await logged.ask("GET", SELF, logged.tester.token)
    reader = logged.reader.credential
    for query in (f"?credential={reader.id}", f"?token={reader.last4}"):
        assert mine.headers["request-id"] in [row["id"] for row in await logged.rows(query)]
    rows = await logged.rows(f"?credential={logged.tester.credential.id}")
    assert [row["mode"] for row in rows] == ["test"]


async def test_a_time_can_be_asked_for(logged: Logged, clock: ManualClock) -> None:
    before = (await logged.ask("GET", SELF)).headers["request-id"]
    clock.advance(seconds=60)
    between = to_datetime(clock.now_ms()) - timedelta(seconds=30)
    await logged.log.flush()
    stamp = between.astimezone(UTC).isoformat().replace("+00:00", "Z")
    for query in (f"until={stamp}", f"created[lt]={stamp}"):
        assert [row["id"] for row in await logged.rows(f"?{query}")] == [before]
    for query in (f"since={stamp}", f"created[gte]={stamp}"):
        assert before not in [row["id"] for row in await logged.rows(f"?{query}")]
    assert isinstance(between, datetime)


async def test_the_request_id_finds_its_request(logged: Logged) -> None:
    answer = await logged.ask("GET", "/v1/nowhere")
    request_id = answer.headers["request-id"]
    assert [row["id"] for row in await logged.rows(f"?request_id={request_id}")] == [request_id]


async def test_a_test_credential_sees_only_test_requests(logged: Logged) -> None:
    live = await logged.ask("GET", SELF)
    test = await logged.ask("GET", SELF, logged.tester.token)
    rows = await logged.rows(token=logged.tester.token)
    assert [row["id"] for row in rows] == [test.headers["request-id"]]
    one = await logged.ask("GET", f"{BASE}/{live.headers['request-id']}", logged.tester.token)
    assert one.status_code == 404


async def test_another_account_sees_nothing(logged: Logged) -> None:
    answer = await logged.ask("GET", SELF)
    assert await logged.rows(token=logged.outsider.token) == []
    path = f"{BASE}/{answer.headers['request-id']}"
    assert (await logged.ask("GET", path, logged.outsider.token)).status_code == 404


async def test_without_the_scope_nothing_is_shown(logged: Logged) -> None:
    answer = await logged.ask("GET", BASE, logged.blind.token)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


@pytest.mark.parametrize(
    "query",
    ["status=999", "status=ok", "method=get", "token=a", "since=now", "mode=both", "x=1", "path="],
)
async def test_a_bad_filter_is_refused(logged: Logged, query: str) -> None:
    assert (await logged.ask("GET", f"{BASE}?{query}")).status_code == 422
