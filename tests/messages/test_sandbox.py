"""Messages over the sandbox: its special recipients do what the API reference says."""

from tests.messages.room import PHONE, Room

SENT = ["queued", "sending", "sent"]
LONG = "long " * 80


async def test_an_ordinary_recipient_gets_it(room: Room) -> None:
    for principal, text in ((room.live, "hello"), (room.live, LONG), (room.test, "hello")):
        message_id = await room.send("+447700900123", text, by=principal)
        await room.until_status("delivered", message_id)
        assert await room.statuses(message_id) == [*SENT, "delivered"]
        await room.check_history(message_id)


async def test_0001_is_undelivered(room: Room) -> None:
    for text in ("hello", LONG):
        message_id = await room.send("+15005550001", text)
        await room.until_ended(message_id)
        message = await room.get(message_id)
        assert (message.status, message.error_code) == ("undelivered", "undelivered")
        assert message.carrier_code == "UNDELIV"
        assert await room.types(message_id) == ["message.sent", "message.failed"]


async def test_0002_is_refused(room: Room) -> None:
    message_id = await room.send("+15005550002")
    await room.until_ended(message_id)
    message = await room.get(message_id)
    assert (message.status, message.error_code) == ("failed", "carrier_rejected")
    assert message.carrier_code == "REJECTD"
    assert await room.types(message_id) == ["message.failed"]
    await room.check_history(message_id)


async def test_0003_expires(room: Room) -> None:
    message_id = await room.send("+15005550003")
    await room.until_ended(message_id)
    message = await room.get(message_id)
    assert (message.status, message.error_code) == ("expired", "expired")
    assert await room.types(message_id) == ["message.sent", "message.failed"]


async def test_0004_is_throttled_twice_and_keeps_the_order(room: Room) -> None:
    accepted = [await room.send("+15005550004", f"number {n}") for n in range(3)]
    await room.until_status("delivered", *accepted)
    for message_id in accepted:
        assert await room.statuses(message_id) == [*SENT[:2], *SENT[:2], *SENT, "delivered"]
        await room.check_history(message_id)
    sent = [event.draft.resource_id for event in room.fan_out.events if event.sequence == 1]
    assert sent == accepted


async def test_0005_has_no_receipt_yet(room: Room) -> None:
    message_id = await room.send("+15005550005")
    other = await room.send(PHONE)
    await room.until_status("delivered", other)
    assert await room.status(message_id) == "sent"
