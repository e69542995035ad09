"""Removing a text: from the message, its events, and those that are just being written."""

import asyncio

import msgspec
import pytest
from sqlalchemy import select

from hookline.errors import NotFound
from hookline.messages.cancelling import redact_message
from hookline.messages.errors import StillUnderWay
from hookline.messages.kept_answers import with_texts, without_texts
from hookline.messages.resource import encode
from hookline.messages.submission import SendMessage
from hookline.principal import Principal
from hookline.storage.schema import audit, events, idempotency
from tests.messages.room import PHONE, SANDBOX_NUMBER, PlayedLink, Room, claim, part_ids
from tests.storage.rows import held_up, queued

SECRET = "the code is 4711"


async def redact(room: Room, message_id: str, by: Principal | None = None) -> None:
    caller = by or room.live
    await room.store.commit(lambda tx: redact_message(tx, caller, message_id))


async def logged(room: Room) -> bytes:
    """Every event body there is."""
    rows = await room.store.read(select(events.c.body))
    return b"\n".join(bytes(row.body) for row in rows)


async def kept(room: Room) -> bytes:
    """Every answer that is kept for an Idempotency-Key."""
    rows = await room.store.read(select(idempotency.c.body))
    assert rows
    return b"\n".join(bytes(row.body) for row in rows)


async def test_the_text_is_gone_from_the_message_and_its_events(room: Room) -> None:
    message_id = await room.send(PHONE, SECRET)
    await room.until_status("delivered", message_id)
    assert SECRET.encode() in await logged(room)
    await redact(room, message_id)
    assert (await room.get(message_id)).text is None
    assert SECRET.encode() not in await logged(room)
    told = await room.events(message_id)
    assert [event["data"]["text"] for event in told] == [None, None]
    assert [event["data"]["to"] for event in told] == [PHONE, PHONE]
    await room.check_history(message_id)


async def test_what_was_received_can_be_redacted(room: Room) -> None:
    message_id = await room.phones.send(room.live, PHONE, to=SANDBOX_NUMBER, text=SECRET)
    await redact(room, message_id)
    assert SECRET.encode() not in await logged(room)


async def test_a_later_receipt_tells_without_the_text(room: Room, link: PlayedLink) -> None:
    message_id = await room.send_played(text=SECRET)
    (taken,) = await link.taking(1)
    link.answer()
    await room.settle()
    await redact(room, message_id)
    link.receipt(*part_ids(taken))
    await room.settle()
    assert await room.status(message_id) == "delivered"
    assert SECRET.encode() not in await logged(room)


async def test_a_receipt_in_the_same_batch_tells_without_the_text(
    room: Room, link: PlayedLink
) -> None:
    message_id = await room.send_played(text=SECRET)
    (taken,) = await link.taking(1)
    link.answer()
    await room.settle()
    async with held_up(room.store.writer):
        link.receipt(*part_ids(taken))
        work = await queued(room.store.writer, redact(room, message_id))
    await asyncio.gather(*work)
    assert await room.types(message_id) == ["message.sent", "message.delivered"]
    assert SECRET.encode() not in await logged(room)


async def test_a_repeated_answer_tells_without_the_text(room: Room) -> None:
    wanted = SendMessage(SANDBOX_NUMBER, PHONE, SECRET)
    first = msgspec.json.decode((await room.submission.submit(room.live, wanted, claim("k"))).body)
    await room.until_status("delivered", first["id"])
    assert SECRET.encode() not in await kept(room)
    await redact(room, first["id"])
    again = await room.submission.submit(room.live, wanted, claim("k"))
    assert again.replayed
    assert msgspec.json.decode(again.body) == first | {"text": None}


async def test_a_repeated_batch_tells_only_the_texts_that_are_left(room: Room) -> None:
    removed, stays = [await room.send(PHONE, text) for text in (SECRET, "stays")]
    sent = [
        {"message": msgspec.json.decode(encode(await room.get(one)))} for one in (removed, stays)
    ]
    first = {"object": "batch", "data": [*sent, {"message": None}]}
    await room.until_status("delivered", removed)
    await redact(room, removed)
    answer = without_texts(msgspec.json.encode(first))
    assert b"stays" not in answer
    again = await room.store.commit(lambda tx: with_texts(tx, [answer]))
    sent[0]["message"]["text"] = None
    assert msgspec.json.decode(again[0]) == first


async def test_a_text_that_is_still_needed_stays(room: Room, link: PlayedLink) -> None:
    message_id = await room.send_played(text=SECRET)
    await link.taking(1)
    with pytest.raises(StillUnderWay):
        await redact(room, message_id)
    assert (await room.get(message_id)).text == SECRET


async def test_it_is_noted_in_the_audit_trail_without_the_text(room: Room) -> None:
    message_id = await room.send(PHONE, SECRET)
    await room.until_status("delivered", message_id)
    await redact(room, message_id)
    rows = await room.store.read(select(audit).where(audit.c.resource_id == message_id))
    assert [row.action for row in rows] == ["message.redact"]
    assert SECRET not in msgspec.json.encode([tuple(row) for row in rows]).decode()


async def test_other_modes_and_ids_are_not_found(room: Room) -> None:
    message_id = await room.send(PHONE, SECRET)
    with pytest.raises(NotFound):
        await redact(room, message_id, by=room.test)
    for unknown in ("msg_00000000000000000000000001", "msg_\x00", ""):
        with pytest.raises(NotFound):
            await redact(room, unknown)
