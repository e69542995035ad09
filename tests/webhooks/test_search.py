"""Deliveries found by phone number, answer, time, status and id."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from hookline.clock import to_datetime
from hookline.errors import Invalid
from hookline.ids import EndpointId, first_of, time_of
from hookline.principal import InsufficientScope, Principal, Scope
from hookline.storage.schema import attempts, calls, deliveries, messages, recordings
from hookline.webhooks import stats
from hookline.webhooks.search import DeliverySearch, search_deliveries
from hookline.webhooks.stats import get_stats, glance_at, percentile
from tests.webhooks.nodes import Node, caller

OURS, THEIRS, OTHERS = "+12025550100", "+12025550110", "+12025550111"
NOBODY = "http://127.0.0.1:1/"


async def add(node: Node, table: Any, **values: Any) -> None:
    await node.store.commit(lambda tx: tx.execute(insert(table).values(**values)))


async def delivery(node: Node, owner: Principal, resource: str = "msg_1", **values: Any) -> str:
    now = node.store.now()
    made = str(values.get("id") or node.store.ids.new("dlv"))
    row = {
        "id": made, "account_id": owner.account_id, "mode": "live", "endpoint_id": "whk_1",
        "event_id": "evt_1", "event_type": "message.sent", "resource_id": resource,
        "status": "delivered", "attempts": 1, "created_at": now, "last_status": 200,
    }  # fmt: skip
    await add(node, deliveries, **{**row, **values})
    return made


async def message(node: Node, owner: Principal, known: str, recipient: str) -> None:
    await add_messages(node, owner, [known], recipient)


async def add_messages(
    node: Node, owner: Principal, ids: Sequence[str], recipient: str = THEIRS
) -> None:
    rows = [
        {
            "id": one, "account_id": owner.account_id, "mode": "live", "direction": "outbound",
            "sender": OURS, "recipient": recipient, "encoding": "gsm7", "segments": 1,
            "status": "sent", "created_at": 1, "updated_at": 1,
        }
        for one in ids
    ]  # fmt: skip
    await node.store.commit(lambda tx: tx.execute(insert(messages).values(rows)))


async def recorded_call(node: Node, owner: Principal, number: int, sender: str) -> None:
    await add(
        node, calls, id=f"call_{number}", account_id=owner.account_id, mode="live",
        direction="inbound", sender=sender, recipient=OURS, carrier_id="sandbox",
        status="completed", plan="{}", created_at=1, updated_at=1,
    )  # fmt: skip
    await add(
        node, recordings, id=f"rec_{number}", account_id=owner.account_id, mode="live",
        call_id=f"call_{number}", status="completed", channels=1, started_at=1,
    )  # fmt: skip


async def found(node: Node, principal: Principal, **wanted: Any) -> set[str]:
    rows = await search_deliveries(node.store, principal, DeliverySearch(**wanted))
    return {row.id for row in rows}


async def with_number(node: Node, owner: Principal) -> dict[str, str]:
    """A delivery about a message, a call and a recording of each of two people."""
    await message(node, owner, "msg_1", THEIRS)
    await message(node, owner, "msg_2", OTHERS)
    await recorded_call(node, owner, 1, THEIRS)
    await recorded_call(node, owner, 2, OTHERS)
    names = [f"{kind}_{n}" for kind in ("msg", "call", "rec") for n in (1, 2)]
    return {name: await delivery(node, owner, name) for name in names}


@pytest.mark.parametrize("crowd", [0, 1_100], ids=["few", "many"])
async def test_number_finds_all_that_it_was_in(node: Node, owner: Principal, crowd: int) -> None:
    made = await with_number(node, owner)
    for n in range(0, crowd, 100):
        await add_messages(node, owner, [f"msg_{number}" for number in range(n + 10, n + 110)])
    expected = {made["msg_1"], made["call_1"], made["rec_1"]}
    assert await found(node, owner, number=" 1 202 555 0110") == expected
    assert not await found(node, owner, number=THEIRS) & {
        made["msg_2"],
        made["call_2"],
        made["rec_2"],
    }
    assert len(await found(node, owner, number=OURS)) == 6


async def test_number_finds_what_the_caller_may_read(node: Node, owner: Principal) -> None:
    made = await with_number(node, owner)
    reader = caller(owner.account_id, Scope.WEBHOOKS_READ, Scope.RECORDINGS_READ)
    nobody = caller(owner.account_id, Scope.WEBHOOKS_READ)
    assert await found(node, reader, number=THEIRS) == {made["rec_1"]}
    with pytest.raises(InsufficientScope):
        await found(node, nobody, number=THEIRS)
    with pytest.raises(Invalid):
        await found(node, owner, number="nobody at all!")


async def test_answers_are_found_by_status_and_class(node: Node, owner: Principal) -> None:
    error = "timeout: No answer."
    made = {
        "200": await delivery(node, owner),
        "503": await delivery(node, owner, status="pending", last_status=503),
        "500": await delivery(node, owner, status="failed", last_status=500),
        "none": await delivery(node, owner, status="failed", last_status=None, last_error=error),
        "new": await delivery(node, owner, status="pending", attempts=0, last_status=None),
        "gone": await delivery(node, owner, status="canceled", last_status=None),
    }
    expected = {
        "5xx": {"503", "500"}, "503": {"503"}, "none": {"none"}, "2xx": {"200"}, "404": set(),
    }  # fmt: skip
    for text, names in expected.items():
        assert await found(node, owner, response_status=text) == {made[one] for one in names}
    for status, names in (
        ("failed", {"500", "none"}), ("pending", {"503", "new"}), ("canceled", {"gone"}),
        ("delivered", {"200"}),
    ):  # fmt: skip
        if status != "pending":  # which needs endpoints: the next test
            assert await found(node, owner, status=status) == {made[one] for one in names}


@pytest.mark.parametrize("crowd", [0, 1_100], ids=["few", "many"])
async def test_pending_ones_are_found(node: Node, owner: Principal, crowd: int) -> None:
    mine = await with_pending(node, owner)
    other = caller(await node.account())
    await with_pending(node, other)
    of_message = await delivery(
        node, owner, endpoint_id=None, url=NOBODY, status="pending", next_attempt_at=10**14
    )
    for _ in range(0, crowd, 100):
        await add_pending(node, owner, mine, 100)
    listed = await found(node, owner, status="pending", order="asc")
    assert {mine, of_message} <= listed
    assert len(listed) == min(crowd + 2, 21)


async def add_pending(node: Node, owner: Principal, like: str, count: int) -> None:
    [row] = await node.store.read(select(deliveries).where(deliveries.c.id == like))
    rows = [{**row._mapping, "id": node.store.ids.new("dlv")} for _ in range(count)]
    await node.store.commit(lambda tx: tx.execute(insert(deliveries).values(rows)))


async def with_pending(node: Node, owner: Principal) -> str:
    endpoint, _ = await node.endpoint(owner, NOBODY)
    await delivery(node, owner, endpoint_id=endpoint.id)
    return await delivery(
        node, owner, endpoint_id=endpoint.id, status="pending", next_attempt_at=10**14
    )


@pytest.mark.parametrize("crowd", [0, 1_100], ids=["few", "many"])
async def test_types_are_found_whether_seldom_or_not(
    node: Node, owner: Principal, crowd: int
) -> None:
    await add_messages(node, owner, ["msg_1"])
    for n in range(0, crowd, 100):
        await add_messages(node, owner, [f"msg_{number}" for number in range(n + 10, n + 110)])
    sent = await delivery(node, owner)
    test = await delivery(node, owner, "msg_01jz0000000000000000000000", event_type="message.sent")
    seldom = await delivery(node, owner, event_type="message.received")
    await delivery(node, owner, event_type="message.received", endpoint_id="whk_2")
    listed = await found(node, owner, event_type="message.sent")
    assert sent in listed
    assert listed <= {sent, test}
    rows = await search_deliveries(
        node.store, owner, DeliverySearch(event_type="message.received"), EndpointId("whk_1")
    )
    assert [row.id for row in rows] == [seldom]


async def test_time_and_id_narrow(node: Node, owner: Principal) -> None:
    first = await delivery(node, owner, id=first_of("dlv", node.store.now() - 60_000))
    second = await delivery(node, owner)
    between = to_datetime(time_of(second)) - timedelta(seconds=1)
    assert await found(node, owner, since=between.isoformat()) == {second}
    assert await found(node, owner, until=between.isoformat()) == {first}
    assert await found(node, owner, id=second[:-4]) == {second}
    assert await found(node, caller(await node.account())) == set()


async def test_stats_tell_how_an_endpoint_does(node: Node, owner: Principal) -> None:
    endpoint, _ = await node.endpoint(owner, NOBODY)
    now = node.store.now()
    for n in range(9):
        made = await delivery(node, owner, endpoint_id=endpoint.id, finished_at=now - n)
        await attempt(node, made, elapsed_ms=10 * (n + 1), status=200)
    bad = await delivery(node, owner, endpoint_id=endpoint.id, status="failed", last_status=500)
    await attempt(node, bad, elapsed_ms=900, status=500)
    await delivery(
        node, owner, endpoint_id=endpoint.id, status="pending", attempts=0, last_status=None,
        created_at=now - 90_000, next_attempt_at=10**14,
    )  # fmt: skip
    seen = await get_stats(node.store, owner, endpoint.id)
    assert seen.counts == stats.Counts(9, 1, 1)
    assert (seen.counts.success_rate, seen.p50_ms, seen.p95_ms) == (0.9, 50, 900)
    assert (seen.backlog, seen.is_backlog_exact) == (1, True)
    assert seen.oldest_pending_at == now - 90_000
    assert seen.last_success_at == now
    assert seen.last_failure is not None
    assert (seen.last_failure.delivery_id, seen.last_failure.status) == (bad, 500)
    other, _ = await node.endpoint(owner, NOBODY)
    glances = await glance_at(node.store, [endpoint.id, other.id])
    assert glances == {endpoint.id: stats.Counts(9, 1, 1), other.id: stats.Counts()}


async def attempt(node: Node, delivery_id: str, **values: Any) -> None:
    await add(
        node, attempts, delivery_id=delivery_id, number=1, attempted_at=1, url=NOBODY, **values
    )


async def test_stats_of_an_endpoint_that_was_never_used(node: Node, owner: Principal) -> None:
    endpoint, _ = await node.endpoint(owner, NOBODY)
    seen = await get_stats(node.store, owner, endpoint.id)
    assert (seen.counts.success_rate, seen.p50_ms, seen.backlog) == (None, None, 0)
    assert (seen.oldest_pending_s, seen.last_success_at, seen.last_failure) == (None, None, None)


def test_percentile_is_a_value_that_was_measured() -> None:
    assert [percentile([1, 2, 3, 4], part) for part in (0.5, 0.95)] == [2, 4]
    assert percentile([], 0.5) is None
