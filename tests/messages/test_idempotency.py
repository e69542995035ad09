"""An Idempotency-Key makes one message, however often and wherever the request comes."""

import asyncio

import msgspec
import pytest
from sqlalchemy import func, select

from hookline.api.idempotency import Claim, KeyReused
from hookline.clock import HOUR_MS, ManualClock
from hookline.errors import HooklineError
from hookline.messages import opt_outs
from hookline.messages.acceptance import Acceptance
from hookline.messages.errors import RecipientOptedOut
from hookline.messages.submission import SendMessage
from hookline.storage.schema import idempotency, messages
from tests.messages.room import PHONE, REAL_NUMBER, Room, another_node, claim
from tests.storage.rows import held_up, queued


async def submit(room: Room, used: Claim, to: str = PHONE) -> Acceptance:
    wanted = SendMessage(REAL_NUMBER, to, "hello")
    return await room.submission.submit(room.live, wanted, used)


async def count(room: Room) -> int:
    return int((await room.store.read(select(func.count()).select_from(messages)))[0][0])


async def test_the_same_again_gets_the_same_answer(room: Room) -> None:
    first = await submit(room, claim("k"))
    again = await submit(room, claim("k"))
    assert (again.body, again.replayed, first.replayed) == (first.body, True, False)
    assert await count(room) == 1


async def test_another_body_is_refused(room: Room) -> None:
    await submit(room, claim("k"))
    with pytest.raises(KeyReused):
        await submit(room, claim("k", b"another"))
    assert await count(room) == 1


async def test_concurrent_repetitions_make_one_message(room: Room) -> None:
    answers = await asyncio.gather(*(submit(room, claim(f"k{n % 3}")) for n in range(60)))
    assert await count(room) == len({answer.body for answer in answers}) == 3
    assert sum(not answer.replayed for answer in answers) == 3


async def test_two_bodies_for_one_key_in_one_batch(room: Room) -> None:
    async with held_up(room.store.writer):
        work = await queued(
            room.store.writer, submit(room, claim("k")), submit(room, claim("k", b"another"))
        )
    answers = await asyncio.gather(*work, return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["Acceptance", "KeyReused"]


async def test_a_key_is_remembered_by_another_process(room: Room) -> None:
    first = await submit(room, claim("k"))
    async with another_node(room) as other:
        again = await submit(other, claim("k"))
    assert (again.body, again.replayed) == (first.body, True)


async def test_two_processes_that_use_a_key_at_once_make_one_message(room: Room) -> None:
    async with another_node(room) as other:
        for round_ in range(10):
            used = claim(f"k{round_}")
            answers = await asyncio.gather(*(submit(node, used) for node in (room, other) * 3))
            assert len({answer.body for answer in answers}) == 1
    assert await count(room) == 10


async def test_a_key_can_be_used_anew_after_its_time(room: Room, clock: ManualClock) -> None:
    first = await submit(room, claim("k"))
    clock.advance(seconds=24 * HOUR_MS / 1_000 + 1)
    second = await submit(room, claim("k", b"another"))
    assert not second.replayed
    assert second.body != first.body
    assert (await submit(room, claim("k", b"another"))).replayed


async def test_a_refused_request_leaves_the_key_unused(room: Room) -> None:
    await room.store.commit(lambda tx: opt_outs.add(tx, room.store, room.live, PHONE))
    with pytest.raises(RecipientOptedOut):
        await submit(room, claim("k"))
    with pytest.raises(HooklineError):
        await submit(room, claim("k"), to="+1")
    assert await room.store.read(select(idempotency)) == []
    await room.store.commit(lambda tx: opt_outs.remove(tx, room.live, PHONE))
    assert not (await submit(room, claim("k"))).replayed


async def test_a_replay_is_told_although_the_recipient_has_opted_out_since(room: Room) -> None:
    first = await submit(room, claim("k"))
    await room.store.commit(lambda tx: opt_outs.add(tx, room.store, room.live, PHONE))
    assert (await submit(room, claim("k"))).body == first.body


async def test_a_replayed_message_is_not_sent_again(room: Room) -> None:
    link = await room.link()
    body = (await submit(room, claim("k"))).body
    await submit(room, claim("k"))
    await room.settle()
    assert [taken.message_id for taken in link.taken] == [msgspec.json.decode(body)["id"]]
