"""The cap on a credential's messages of a day is exact, whoever counts at once, and survives a crash."""

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import func, select

from hookline.clock import DAY_MS, ManualClock
from hookline.credentials.daily_caps import Kind, forget_old_usage, used_on_day
from hookline.credentials.errors import DailyMessageCapReached
from hookline.errors import HooklineError
from hookline.messages.errors import RecipientOptedOut
from hookline.messages.opt_outs import add as add_opt_out
from hookline.messages.send_routes import _accept, _prepare
from hookline.messages.submission import SendMessage
from hookline.principal import Principal
from hookline.restrictions import Restrictions
from hookline.storage.schema import credential_usage, messages
from tests.messages.room import PHONE, SANDBOX_NUMBER, Room, another_node, claim

ROOT = Path(__file__).parents[2]
WANTED = SendMessage(SANDBOX_NUMBER, PHONE, "hello")


def capped(room: Room, cap: int | None, name: str = "crd_capped") -> Principal:
    return replace(room.live, id=name, restrictions=Restrictions(daily_message_cap=cap))


async def stored(room: Room, name: str = "crd_capped") -> int:
    mine = select(func.count()).where(messages.c.credential_id == name)
    return int((await room.store.read(mine))[0][0])


async def used(room: Room) -> list[int]:
    rows = await room.store.read(select(credential_usage).order_by(credential_usage.c.day))
    return [row.used for row in rows]


async def submit_many(room: Room, principal: Principal, count: int) -> list[object]:
    return await asyncio.gather(
        *(room.submission.submit(principal, WANTED) for _ in range(count)), return_exceptions=True
    )


async def test_what_does_not_fit_is_refused_until_the_day_ends(
    room: Room, clock: ManualClock
) -> None:
    bound = capped(room, 2)
    await room.send(PHONE, by=bound)
    await room.send(PHONE, by=bound)
    with pytest.raises(DailyMessageCapReached) as refused:
        await room.send(PHONE, by=bound)
    wait_s = int(refused.value.headers["Retry-After"])
    assert refused.value.status == 429
    assert (wait_s - 1) * 1_000 < DAY_MS - clock.now_ms() % DAY_MS <= wait_s * 1_000
    clock.advance(seconds=wait_s)
    await room.send(PHONE, by=bound)
    assert (await stored(room), await used(room)) == (3, [2, 1])


async def test_of_many_at_once_exactly_so_many_are_taken(room: Room) -> None:
    outcomes = await submit_many(room, capped(room, 17), 60)
    refused = [one for one in outcomes if isinstance(one, Exception)]
    assert {type(one) for one in refused} == {DailyMessageCapReached}
    assert (len(refused), await stored(room), await used(room)) == (43, 17, [17])


async def test_two_nodes_share_the_cap(room: Room) -> None:
    async with another_node(room) as other:
        bound = capped(room, 30)
        await asyncio.gather(
            *(submit_many(node, bound, 20) for node in (room, other) for _ in range(2))
        )
    assert (await stored(room), await used(room)) == (30, [30])


async def test_each_of_a_batch_is_judged_by_itself(room: Room) -> None:
    item = msgspec.Raw(msgspec.json.encode({"from": SANDBOX_NUMBER, "to": PHONE, "text": "hello"}))
    prepared = [
        await _prepare(room.submission, capped(room, 2), item, is_keyed=False) for _ in range(3)
    ]
    body = await room.store.commit(lambda tx: _accept(tx, room.submission, prepared, "req_1"))
    answer = msgspec.json.decode(body)
    assert [one["status"] for one in answer["data"]] == [202, 202, 429]
    assert answer["data"][2]["error"]["code"] == "daily_message_cap_reached"


async def test_what_is_refused_or_repeated_does_not_count(room: Room) -> None:
    bound = capped(room, 2)
    await room.store.commit(lambda tx: add_opt_out(tx, room.store, room.live, "+12025550177"))
    with pytest.raises(RecipientOptedOut):
        await room.send("+12025550177", by=bound)
    for _ in range(3):
        await room.submission.submit(bound, WANTED, claim("one"))
    assert await used(room) == [1]
    await room.submission.submit(bound, WANTED, claim("two"))
    with pytest.raises(DailyMessageCapReached):
        await room.submission.submit(bound, WANTED, claim("three"))
    assert (await room.submission.submit(bound, WANTED, claim("one"))).replayed
    await room.submission.submit(capped(room, 3), WANTED, claim("three"))
    assert (await stored(room), await used(room)) == (3, [3])


async def test_one_key_on_two_nodes_counts_once(room: Room) -> None:
    bound = capped(room, 100)
    async with another_node(room) as other:
        for number in range(20):
            outcomes = await asyncio.gather(
                *(
                    node.submission.submit(bound, WANTED, claim(str(number)))
                    for node in (room, other)
                ),
                return_exceptions=True,
            )
            assert not [one for one in outcomes if isinstance(one, Exception)]
    assert (await stored(room), await used(room)) == (20, [20])


async def test_a_lower_cap_counts_what_was_sent_before(room: Room) -> None:
    await submit_many(room, capped(room, 5), 5)
    with pytest.raises(DailyMessageCapReached):
        await room.send(PHONE, by=capped(room, 3))
    today = await used_on_day(room.store, capped(room, 3).id, room.store.now())
    assert (today, await used(room)) == ({Kind.MESSAGES: 5, Kind.CALLS: 0}, [5])


async def test_who_has_no_cap_has_no_counter(room: Room) -> None:
    await submit_many(room, capped(room, None), 3)
    assert (await stored(room), await used(room)) == (3, [])


async def test_counters_of_past_days_are_dropped(room: Room, clock: ManualClock) -> None:
    await room.send(PHONE, by=capped(room, 1))
    clock.advance(seconds=7 * 86_400)
    await forget_old_usage(room.store)
    assert await used(room) == [1]
    clock.advance(seconds=86_400)
    await forget_old_usage(room.store)
    assert await used(room) == []


async def test_after_a_crash_the_counter_is_what_was_stored(room: Room, migrated_url: str) -> None:
    """Of a process that was killed while it was sending."""
    command = (sys.executable, "-m", "tests.messages.capped", migrated_url, room.account_id)
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    acknowledged = 0
    while acknowledged < 200 and await process.stdout.readline():
        acknowledged += 1
    os.kill(process.pid, signal.SIGKILL)
    rest, _ = await process.communicate()
    found = await stored(room)
    assert await used(room) == [found]
    assert found >= acknowledged + rest.count(b"\n")


async def test_a_refusal_is_no_fault_of_the_batch(room: Room) -> None:
    """Others in the same commit are taken."""
    bound, free = capped(room, 1), capped(room, None, "crd_free")
    outcomes = await asyncio.gather(
        *(room.submission.submit(who, WANTED) for who in (bound, free) * 10),
        return_exceptions=True,
    )
    assert sum(isinstance(one, HooklineError) for one in outcomes) == 9
    assert (await stored(room), await stored(room, "crd_free")) == (1, 10)
