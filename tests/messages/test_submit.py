"""What is accepted, and what is refused with a pointer to the field."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hookline.clock import DAY_MS, ManualClock, to_datetime
from hookline.errors import HooklineError
from hookline.messages.submission import SendMessage
from tests.messages.room import PHONE, REAL_NUMBER, SANDBOX_NUMBER, PlayedLink, Room


async def refusal(room: Room, **changes: Any) -> tuple[str, str]:
    """The pointer and the code of the one error."""
    values: dict[str, Any] = {"from_": SANDBOX_NUMBER, "to": PHONE, "text": "hello", **changes}
    with pytest.raises(HooklineError) as refused:
        await room.submission.submit(room.live, SendMessage(**values))
    assert refused.value.status == 422
    (error,) = refused.value.errors
    return error.pointer, error.code


WRONG: list[tuple[dict[str, Any], str, str | None]] = [
    ({"from_": "+12025550199"}, "/from", "unknown_sender"),
    ({"from_": "Nobody"}, "/from", "unknown_sender"),
    ({"from_": "hookline"}, "/from", "unknown_sender"),
    ({"from_": "+1202"}, "/from", "invalid_number"),
    ({"from_": "\x00"}, "/from", "unknown_sender"),
    ({"to": "+1"}, "/to", "invalid_number"),
    ({"to": "12025550110"}, "/to", "invalid_number"),
    ({"to": "Hookline"}, "/to", "invalid_number"),
    ({"to": "+12025550110\x00"}, "/to", "invalid_number"),
    ({"text": "é" * 1_531}, "/text", "text_too_long"),
    ({"text": "й" * 671}, "/text", "text_too_long"),
    ({"text": "\x00"}, "/text", "invalid_character"),
    ({"status_url": "ftp://example.com"}, "/status_url", None),
    ({"status_url": "http://127.0.0.1/x"}, "/status_url", None),
    ({"status_url": "https://example.com/\x00"}, "/status_url", None),
    ({"status_url": "not a url"}, "/status_url", None),
    ({"status_events": ["message.sent", "message.lost"]}, "/status_events", "unknown_event"),
    ({"status_events": ["credential.created"]}, "/status_events", "unknown_event"),
    ({"tags": ["a", "\x00"]}, "/tags", "invalid_character"),
    ({"metadata": {"\x00": "a"}}, "/metadata", "invalid_character"),
    ({"metadata": {"a": "\x00"}}, "/metadata", "invalid_character"),
]


async def test_a_wrong_value_is_refused_where_it_is(room: Room) -> None:
    for changes, pointer, code in WRONG:
        found = await refusal(room, **changes)
        assert found == (pointer, code or found[1]), changes


async def test_send_at_is_bounded(room: Room, clock: ManualClock) -> None:
    latest = to_datetime(clock.now_ms() + 366 * DAY_MS)
    await room.send(PHONE, send_at=latest)
    too_far = latest + timedelta(milliseconds=1)
    assert await refusal(room, send_at=too_far) == ("/send_at", "too_far_ahead")
    last = datetime.max.replace(tzinfo=UTC)
    assert await refusal(room, send_at=last) == ("/send_at", "too_far_ahead")


async def test_a_time_that_has_passed_means_now(room: Room) -> None:
    message = await room.get(await room.send(PHONE, send_at=datetime.min.replace(tzinfo=UTC)))
    assert message.send_at is None
    assert (await room.statuses(message.id))[0] == "queued"


async def test_the_longest_text_is_taken(room: Room) -> None:
    message = await room.get(await room.send(PHONE, "a" * 1_530))
    assert (message.encoding, message.segments) == ("gsm7", 10)


async def test_the_sender_may_be_written_with_spaces(room: Room) -> None:
    message_id = await room.send(" +1 202 555 0111 ".strip(), sender="+1 (202) 555-0100")
    message = await room.get(message_id)
    assert (message.sender, message.recipient) == ("+12025550100", "+12025550111")


async def test_a_registered_name_sends(room: Room, link: PlayedLink) -> None:
    await room.send(PHONE, sender="Hookline")
    (taken,) = await link.taking(1)
    assert taken.sender == "Hookline"


async def test_a_test_message_never_reaches_a_real_carrier(room: Room, link: PlayedLink) -> None:
    message_id = await room.send_played(by=room.test)
    await room.until_status("delivered", message_id)
    assert (await room.get(message_id)).carrier_id == "sandbox"
    assert link.taken == []


async def test_what_was_asked_for_is_kept(room: Room) -> None:
    message_id = await room.send(PHONE, tags=["a", "b"], metadata={"order": "1"})
    message = await room.get(message_id)
    assert (message.tags, message.metadata) == ('["a","b"]', '{"order":"1"}')
    assert message.credential_id == "crd_live"


async def test_a_status_url_goes_with_the_wanted_events(room: Room) -> None:
    url = "https://example.com/status"
    wanted = await room.send(PHONE, status_url=url, status_events=["message.delivered"])
    await room.until_status("delivered", wanted)
    targets = {event.draft.type: event.draft.status_url for event in room.fan_out.events}
    assert targets == {"message.sent": None, "message.delivered": url}


async def test_validity_begins_when_the_message_is_due(room: Room, clock: ManualClock) -> None:
    due = clock.now_ms() + DAY_MS
    message = await room.get(await room.send(PHONE, send_at=to_datetime(due), validity_seconds=60))
    assert message.valid_until == due + 60_000


async def test_a_number_on_a_carrier_without_a_link_waits(room: Room) -> None:
    room.links.played.clear()
    message = await room.get(await room.send(PHONE, sender=REAL_NUMBER))
    assert (message.status, message.owner) == ("queued", None)
