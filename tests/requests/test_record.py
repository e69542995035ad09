from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from sqlalchemy import func, select

from hookline.accounts.model import Account
from hookline.clock import ManualClock
from hookline.credentials.model import Rotation
from hookline.credentials.revocation import revoke_credential
from hookline.credentials.rotation import rotate_credential
from hookline.storage.schema import requests
from hookline.storage.store import Store
from hookline.telemetry import metrics
from tests.credentials.issued import issue
from tests.requests.logged import AGENT, BASE, SELF, Logged, logged_server

CREATE = {"description": "Shop", "scopes": ["messages:send"]}


async def count(logged: Logged) -> int:
    rows = await logged.store.read(select(func.count()).select_from(requests))
    return int(rows[0][0])


async def test_an_answered_request_is_kept_with_its_facts(logged: Logged) -> None:
    answer = await logged.ask("GET", f"{SELF}?verbose=1")
    row = await logged.row_of(answer)
    shown = {
        name: row[name]
        for name in ("method", "path", "route", "status", "code", "ip", "user_agent")
    }
    assert shown == {
        "method": "GET", "path": SELF, "route": SELF, "status": answer.status_code, "code": None,
        "ip": "127.0.0.1", "user_agent": AGENT,
    }  # fmt: skip
    assert (row["query"], row["mode"]) == ("verbose=1", "live")
    assert row["credential_id"] == logged.reader.credential.id
    assert row["token"] == {
        "prefix": logged.reader.credential.prefix, "last4": logged.reader.credential.last4,
    }  # fmt: skip
    assert row["duration_ms"] >= 0
    assert (row["idempotency_key"], row["body"], row["resource_ids"]) == (False, None, [])


async def test_what_the_request_made_is_named(logged: Logged) -> None:
    answer = await logged.ask(
        "POST", "/v1/credentials", json=CREATE, headers={"Idempotency-Key": "once"}
    )
    row = await logged.row_of(answer)
    assert (row["status"], row["resource_ids"]) == (201, [answer.json()["id"]])
    assert row["idempotency_key"] is True
    assert row["body"] == '{"description":"Shop","scopes":["messages:send"]}'


async def test_the_token_that_was_made_is_nowhere_in_the_row(logged: Logged) -> None:
    answer = await logged.ask("POST", "/v1/credentials", json=CREATE)
    token, row = answer.json()["token"], await logged.row_of(answer)
    rows = await logged.store.read(select(requests))
    assert token not in str(row) + str(rows)
    assert logged.reader.token not in str(rows)


async def test_a_refused_request_is_kept_with_its_code(logged: Logged) -> None:
    answer = await logged.ask("POST", "/v1/credentials", json={"scopes": []})
    row = await logged.row_of(answer)
    assert (row["status"], row["code"]) == (422, answer.json()["code"])


async def test_a_missing_scope_is_kept(logged: Logged) -> None:
    answer = await logged.ask("GET", BASE, logged.blind.token)
    row = await logged.row_of(answer)
    assert (row["status"], row["code"]) == (403, "insufficient_scope")


async def test_a_revoked_tokens_failure_is_kept(logged: Logged) -> None:
    ended = await issue(logged.store, logged.owner)
    await logged.store.commit(
        lambda tx: revoke_credential(tx, logged.store, logged.owner, ended.credential.id)
    )
    answer = await logged.ask("GET", SELF, ended.token)
    row = await logged.row_of(answer)
    assert (row["status"], row["code"]) == (401, "invalid_token")
    assert row["credential_id"] == ended.credential.id


async def test_an_unknown_token_leaves_no_trace(logged: Logged) -> None:
    await logged.ask("GET", SELF, "hk_live_" + "0" * 49)
    await logged.client.get(SELF)
    await logged.log.flush()
    assert await count(logged) == 0


async def test_during_a_grace_the_row_says_which_token_it_was(logged: Logged) -> None:
    old = await issue(logged.store, logged.owner)
    new = await logged.store.commit(
        lambda tx: rotate_credential(
            tx, logged.store, logged.owner, old.credential.id, Rotation(3_600)
        )
    )
    rows = [await logged.row_of(await logged.ask("GET", SELF, one.token)) for one in (old, new)]
    assert [row["token"]["last4"] for row in rows] == [one.token[-4:] for one in (old, new)]
    assert {row["credential_id"] for row in rows} == {old.credential.id}


@pytest.mark.parametrize("changes", [{"request_log_per_s": 2, "request_log_errors_per_s": 1}])
async def test_beyond_the_rate_requests_are_counted_but_not_kept(
    logged: Logged, changes: dict[str, Any], clock: ManualClock
) -> None:
    skipped = metrics.REQUESTS_NOT_KEPT.labels("rate")
    before = skipped._value.get()
    for _ in range(4):
        await logged.ask("GET", SELF)
        await logged.ask("GET", "/v1/nowhere")
    assert logged.log.waiting == 3
    assert skipped._value.get() - before == 5
    clock.advance(seconds=1)
    await logged.ask("GET", SELF)
    assert logged.log.waiting == 4


@pytest.mark.parametrize("changes", [{"request_log_buffer_max": 3}])
async def test_a_full_buffer_takes_no_more(logged: Logged, changes: dict[str, Any]) -> None:
    for _ in range(5):
        await logged.ask("GET", SELF)
    assert await logged.log.flush() == 3
    assert await count(logged) == 3


@pytest.mark.parametrize("changes", [{"request_log_days": 0}])
async def test_no_log_is_kept_for_no_days(logged: Logged, changes: dict[str, Any]) -> None:
    await logged.ask("GET", SELF)
    await logged.log.flush()
    assert await count(logged) == 0


async def test_the_use_of_a_credential_is_known_from_its_requests(logged: Logged) -> None:
    await logged.ask("GET", BASE)
    await logged.ask("GET", "/v1/nowhere")
    await logged.usage.flush()
    shown = (await logged.ask("GET", SELF)).json()
    today = shown["requests_per_day"][-1]
    assert (today["requests"], today["errors"], today["not_logged"]) == (2, 1, 0)
    assert [one["ip"] for one in shown["last_ips"]] == ["127.0.0.1"]
    used = [scope for scope, at in shown["scopes_last_used"].items() if at is not None]
    assert (used, shown["unused_scopes"]) == (["requests:read"], None)


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/v1/credentials/+12025550110", "GET /v1/credentials/{id}"),
        ("/v1/nothing/+12025550110", "GET unknown"),
    ],
)
async def test_the_last_use_names_the_declared_path_and_nobody_in_it(
    logged: Logged, path: str, kept: str
) -> None:
    """What stands in a path may be a person's number, or a token that was put there by mistake."""
    await logged.ask("GET", path)
    logged.last_uses.flush(everything=True)
    await logged.log.flush()
    await logged.usage.flush()
    shown = (await logged.ask("GET", f"/v1/credentials/{logged.reader.credential.id}")).json()
    assert shown["last_used"]["route"] == kept


async def test_a_mapped_address_is_the_ipv4_address(
    store: Store, account: Account, other_account: Account
) -> None:
    async with logged_server(store, account, other_account, "::ffff:203.0.113.7") as logged:
        row = await logged.row_of(await logged.ask("GET", SELF))
        await logged.usage.flush()
        shown = (await logged.ask("GET", SELF)).json()
    assert (row["ip"], shown["last_ips"][0]["ip"]) == ("203.0.113.7", "203.0.113.7")


async def test_behind_a_trusted_proxy_it_is_the_callers_address(
    store: Store, account: Account, other_account: Account
) -> None:
    trusted = {"trusted_proxies": [ip_network("10.0.0.1")]}
    behind = replace(store, settings=store.settings.model_copy(update=trusted))
    forwarded = {"X-Forwarded-For": "192.0.2.66, 198.51.100.9"}
    async with logged_server(behind, account, other_account, "10.0.0.1") as logged:
        row = await logged.row_of(await logged.ask("GET", SELF, headers=forwarded))
    assert row["ip"] == "198.51.100.9"


async def test_writing_the_same_requests_twice_keeps_them_once(logged: Logged) -> None:
    await logged.ask("GET", SELF)
    waiting = list(logged.log._waiting)
    await logged.log.flush()
    logged.log._waiting.extend(waiting)
    await logged.log.flush()
    assert await count(logged) == 1
