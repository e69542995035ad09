"""What an account's rules and pools do to its messages."""

import asyncio
from typing import Any

import msgspec
import pytest
from httpx import AsyncClient
from sqlalchemy import select

from hookline.carriers.encoding import Encoding, segment
from hookline.carriers.smart_encoding import REPLACEMENTS, replace_smartly
from hookline.clock import ManualClock
from hookline.errors import HooklineError
from hookline.messages.errors import AccountMessageCapReached, DuplicateMessage, NoSenderThere
from hookline.messages.sending_rules import change_rules
from hookline.messages.submission import SendMessage
from hookline.numbers import store as number_sql
from hookline.numbers.pool import Pool, PoolSender
from hookline.numbers.pools import PoolChange, add_pool, change_pool
from hookline.numbers.registration import NumberInPool, Registration, add_number, remove_number
from hookline.storage.schema import credential_usage, messages
from tests.messages.room import REAL_NUMBER, Room, another_node, claim

TO = "+447700900123"
RECIPIENTS = [f"+4477009{n:05}" for n in range(200)]


async def rule(room: Room, **changes: Any) -> None:
    await room.store.commit(lambda tx: change_rules(tx, room.live, changes))


async def refused(room: Room, to: str = TO, text: str = "hello", **more: Any) -> HooklineError:
    with pytest.raises(HooklineError) as error:
        await room.send(to, text, **more)
    return error.value


async def count(room: Room) -> int:
    return len(await room.store.read(select(messages.c.id)))


# --- smart encoding -----------------------------------------------------------------------------


def test_a_text_is_replaced_only_when_it_then_fits_the_cheap_alphabet() -> None:
    text, replaced = replace_smartly("It’s “on” – now…")
    assert text == 'It\'s "on" - now...'
    assert [(one.character, one.by, one.count) for one in replaced] == [
        ("’", "'", 1), ("“", '"', 1), ("”", '"', 1), ("–", "-", 1), ("…", "...", 1),
    ]  # fmt: skip
    for kept in ("It’s 🎉", "naïve – ok", "plain", "Żółć", "\u200b"):
        assert replace_smartly(kept) == (kept, [])


def test_every_replacement_is_of_a_costly_character_by_cheap_ones() -> None:
    for character, by in REPLACEMENTS.items():
        assert segment(character).encoding is Encoding.UCS2, character
        assert segment(by + "x").encoding is Encoding.GSM7, character


async def test_smart_encoding_is_the_accounts_rule_or_the_messages_wish(room: Room) -> None:
    async def sent(**more: Any) -> dict[str, Any]:
        wanted = SendMessage(REAL_NUMBER, TO, "a – b", **more)
        return dict(msgspec.json.decode((await room.submission.submit(room.live, wanted)).body))

    assert (await sent())["encoding"] == "ucs2"
    asked = await sent(smart_encoding=True)
    assert (asked["text"], asked["encoding"]) == ("a - b", "gsm7")
    assert asked["replaced"] == [{"character": "–", "by": "-", "count": 1}]
    await rule(room, smart_encoding=True)
    assert (await sent())["text"] == "a - b"
    assert "replaced" not in await sent(smart_encoding=False)
    assert (await room.get(asked["id"])).text == "a - b"


# --- duplicates -----------------------------------------------------------------------------------


async def test_the_same_text_is_refused_within_the_window(room: Room, clock: ManualClock) -> None:
    await rule(room, duplicate_window_s=60)
    first = await room.send(TO)
    error = await refused(room)
    assert isinstance(error, DuplicateMessage)
    assert first in error.detail
    await room.send(TO, "another text")
    await room.send(RECIPIENTS[0])
    await room.send(TO, by=room.test)
    clock.advance(seconds=61)
    await room.send(TO)
    assert await count(room) == 5


async def test_of_two_at_once_one_is_sent_also_over_two_nodes(room: Room) -> None:
    await rule(room, duplicate_window_s=60)
    async with another_node(room) as other:
        outcomes = await asyncio.gather(
            *(one.send(TO) for one in (room, other) for _ in range(4)), return_exceptions=True
        )
    assert sum(isinstance(one, str) for one in outcomes) == 1
    assert sum(isinstance(one, DuplicateMessage) for one in outcomes) == 7
    assert await count(room) == 1


async def test_an_idempotency_key_says_what_is_meant(room: Room) -> None:
    await rule(room, duplicate_window_s=60)
    wanted = SendMessage(REAL_NUMBER, TO, "hello")
    for key in ("one", "two"):
        await room.submission.submit(room.live, wanted, claim(key))
    assert await count(room) == 2


# --- the account's cap ----------------------------------------------------------------------------


async def test_the_accounts_cap_holds_for_live_messages_of_all_credentials(
    room: Room, clock: ManualClock
) -> None:
    await rule(room, daily_message_cap=3)
    for _ in range(3):
        await room.send(TO)
    error = await refused(room)
    assert isinstance(error, AccountMessageCapReached)
    assert "Retry-After" in error.headers
    await room.send(TO, by=room.test)
    clock.advance(seconds=86_400)
    await room.send(TO)


async def test_what_the_account_refuses_the_credential_has_not_used(room: Room) -> None:
    from dataclasses import replace

    from hookline.restrictions import Restrictions

    await rule(room, daily_message_cap=1)
    capped = replace(room.live, restrictions=Restrictions(daily_message_cap=5))
    await room.send(TO, by=capped)
    await refused(room, by=capped)
    used = await room.store.read(
        select(credential_usage.c.used).where(credential_usage.c.credential_id == capped.id)
    )
    assert [row.used for row in used] == [1]


# --- pools ----------------------------------------------------------------------------------------


async def with_pool(room: Room, *senders: PoolSender) -> Pool:
    async def add(tx: Any) -> Pool:
        for one in senders:
            if not await tx.execute(number_sql.by_number(room.account_id, one.number)):
                await add_number(tx, room.store, room.live, Registration(one.number, "sandbox"))
        return await add_pool(tx, room.store, room.live, "Support", senders)

    return await room.store.commit(add)


async def sender_of(room: Room, to: str, **more: Any) -> str:
    return (await room.get(await room.send(to, sender="Support", **more))).sender


A, B, C = "+12025550161", "+12025550162", "+12025550163"


async def test_each_recipient_always_hears_the_same_number(room: Room) -> None:
    pool = await with_pool(room, PoolSender(A), PoolSender(B))
    before = {to: await sender_of(room, to) for to in RECIPIENTS[:40]}
    assert set(before.values()) == {A, B}

    async def grow(tx: Any) -> Pool:
        await add_number(tx, room.store, room.live, Registration(C, "sandbox"))
        change = PoolChange(senders=[PoolSender(A), PoolSender(B), PoolSender(C)])
        return await change_pool(tx, room.live, pool.id, change)

    await room.store.commit(grow)
    assert {to: await sender_of(room, to) for to in before} == before
    new = [await sender_of(room, to) for to in RECIPIENTS[40:100]]
    assert set(new) == {A, B, C}


async def test_a_number_that_leaves_moves_only_its_own_recipients(room: Room) -> None:
    pool = await with_pool(room, PoolSender(A), PoolSender(B), PoolSender(C))
    before = {to: await sender_of(room, to) for to in RECIPIENTS[:40]}
    left = PoolChange(senders=[PoolSender(A), PoolSender(B)])
    await room.store.commit(lambda tx: change_pool(tx, room.live, pool.id, left))
    after = {to: await sender_of(room, to) for to in before}
    assert {to for to in before if before[to] != after[to]} == {
        to for to in before if before[to] == C
    }


async def test_countries_and_restrictions_choose_among_the_numbers(room: Room) -> None:
    from dataclasses import replace

    from hookline.restrictions import Restrictions

    await with_pool(room, PoolSender(A, frozenset({"GB"})), PoolSender(B, frozenset({"US"})))
    assert await sender_of(room, TO) == A
    assert await sender_of(room, "+12025550177") == B
    assert isinstance(await refused(room, "+33612345678", sender="Support"), NoSenderThere)
    bound = replace(room.live, restrictions=Restrictions(allowed_numbers=(B,)))
    assert isinstance(await refused(room, TO, sender="Support", by=bound), NoSenderThere)


async def test_a_number_of_a_pool_cannot_be_removed(room: Room) -> None:
    await with_pool(room, PoolSender(A))
    (row,) = await room.store.read(number_sql.by_number(room.account_id, A))
    with pytest.raises(NumberInPool):
        await room.store.commit(lambda tx: remove_number(tx, room.live, row.id))


async def test_a_batch_with_an_idempotency_key_says_what_is_meant_too(
    room: Room, web: AsyncClient
) -> None:
    await rule(room, duplicate_window_s=60)
    body = {"messages": [{"from": REAL_NUMBER, "to": TO, "text": "hello"}]}
    for key in ("one", "two"):
        sent = await web.post("/v1/messages/batch", json=body, headers={"Idempotency-Key": key})
        assert sent.json()["accepted"] == 1
    assert (await web.post("/v1/messages/batch", json=body)).json()["accepted"] == 1
    again = (await web.post("/v1/messages/batch", json=body)).json()
    assert again["data"][0]["error"]["code"] == "duplicate_message"
