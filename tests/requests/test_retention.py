from typing import Any

import pytest
from sqlalchemy import select

from hookline.clock import ManualClock
from hookline.requests.retention import drop_old_requests, drop_surplus_requests
from hookline.storage.schema import requests
from tests.requests.logged import SELF, Logged

DAY_S = 86_400


async def ids(logged: Logged) -> list[str]:
    return [row.id for row in await logged.store.read(select(requests.c.id).order_by("id"))]


async def test_requests_are_dropped_after_their_days(logged: Logged, clock: ManualClock) -> None:
    await logged.ask("GET", SELF)
    clock.advance(seconds=20 * DAY_S)
    young = (await logged.ask("GET", SELF)).headers["request-id"]
    await logged.log.flush()
    clock.advance(seconds=10 * DAY_S + 1)
    assert await drop_old_requests(logged.store) == 1
    assert await ids(logged) == [young]


@pytest.mark.parametrize(
    "changes",
    [{"request_log_rows_max": 1_000, "request_log_per_s": 9_999, "request_log_buffer_max": 9_999}],
)
async def test_of_each_account_the_newest_are_kept(logged: Logged, changes: dict[str, Any]) -> None:
    await logged.ask("GET", SELF)
    [row] = logged.log._waiting
    made = [(logged.store.ids.new("req"), *row[1:]) for _ in range(1_001)]
    logged.log._waiting.extend(made)
    await logged.log.flush()
    await logged.ask("GET", SELF, logged.outsider.token)
    await logged.log.flush()
    assert await drop_surplus_requests(logged.store) == 2
    kept = await ids(logged)
    assert len(kept) == 1_001
    assert (row[0] in kept, made[0][0] in kept, made[1][0] in kept) == (False, False, True)
