"""Virtual phones, and what comes in from outside."""

from dataclasses import replace

import pytest

from hookline.carriers.encoding import Encoding
from hookline.carriers.port import Incoming
from hookline.errors import Invalid, NotFound
from hookline.messages import opt_outs
from hookline.messages.errors import RecipientOptedOut
from hookline.principal import PrincipalKind
from tests.messages.room import PHONE, REAL_NUMBER, SANDBOX_NUMBER, PlayedLink, Room

STRANGER = "+447700900123"


def person(room: Room):
    """Somebody in the console."""
    return replace(room.live, kind=PrincipalKind.USER)


async def write(room: Room, text: str, to: str = SANDBOX_NUMBER, phone: str = PHONE) -> str:
    return await room.phones.send(person(room), phone, to=to, text=text)


def incoming(text: str = "hello", recipient: str = REAL_NUMBER) -> Incoming:
    return Incoming(STRANGER, recipient, text, Encoding.GSM7, 1)


async def test_the_account_has_two_phones(room: Room) -> None:
    found = await room.phones.list_phones(room.account_id)
    assert [phone.number for phone in found] == ["+12025550110", "+12025550111"]


async def test_a_thread_has_both_directions_newest_first(room: Room) -> None:
    first = await room.send(PHONE, "how are you?")
    await room.until_status("delivered", first)
    await room.send("+15005550001", "not for this phone")
    answer = await write(room, "fine")
    thread = await room.phones.thread(room.account_id, PHONE)
    assert [(message.id, message.text) for message in thread] == [
        (answer, "fine"),
        (first, "how are you?"),
    ]


async def test_a_thread_lacks_what_never_arrived(room: Room) -> None:
    room.links.played.clear()
    await room.send_played(PHONE)
    assert await room.phones.thread(room.account_id, PHONE) == []


async def test_a_reply_is_received_with_its_event(room: Room) -> None:
    message_id = await write(room, "hello there й")
    message = await room.get(message_id)
    assert (message.status, message.direction, message.mode) == ("received", "inbound", "live")
    assert (message.sender, message.recipient) == (PHONE, SANDBOX_NUMBER)
    assert (message.encoding, message.segments) == ("ucs2", 1)
    assert await room.types(message_id) == ["message.received"]
    await room.check_history(message_id)


async def test_an_answer_from_a_phone_follows_the_mode_of_what_it_answers(room: Room) -> None:
    await room.until_ended(await room.send(PHONE, by=room.test))
    assert (await room.get(await write(room, "to the test"))).mode == "test"
    await room.until_ended(await room.send(PHONE))
    assert (await room.get(await write(room, "to the live one"))).mode == "live"


async def test_a_credential_writes_and_sees_in_its_own_mode(room: Room) -> None:
    made = {
        principal.mode: await room.phones.send(principal, PHONE, to=SANDBOX_NUMBER, text="hi")
        for principal in (room.live, room.test)
    }
    for mode, message_id in made.items():
        assert (await room.get(message_id)).mode == mode
        thread = await room.phones.thread(room.account_id, PHONE, mode=mode)
        assert [message.id for message in thread] == [message_id]
    assert len(await room.phones.thread(room.account_id, PHONE)) == 2


async def test_a_number_of_nobody_receives_nothing(room: Room, link: PlayedLink) -> None:
    with pytest.raises(NotFound):
        await write(room, "hello", to="+12025550199")
    with pytest.raises(NotFound):
        await room.dispatcher.received(link.carrier_id, incoming(recipient="+12025550199"))


async def test_a_stranger_has_no_phone(room: Room) -> None:
    with pytest.raises(NotFound):
        await write(room, "hello", phone=STRANGER)
    with pytest.raises(NotFound):
        await room.phones.thread(room.account_id, STRANGER)


async def test_texts_that_no_phone_sends(room: Room) -> None:
    for text in ("", "a" * 1_531, "nothing\x00"):
        with pytest.raises(Invalid) as refused:
            await write(room, text)
        assert refused.value.errors[0].pointer == "/text"


async def test_a_phone_number_that_is_none_is_refused(room: Room) -> None:
    with pytest.raises(Invalid) as refused:
        await write(room, "hello", to="nowhere")
    assert refused.value.errors[0].pointer == "/to"


async def test_a_carrier_brings_messages_for_the_numbers_on_it(
    room: Room, link: PlayedLink
) -> None:
    message_id = await room.dispatcher.received(link.carrier_id, incoming())
    message = await room.get(message_id)
    assert (message.carrier_id, message.account_id) == (link.carrier_id, room.account_id)


async def test_a_carrier_brings_nothing_for_numbers_on_another(
    room: Room, link: PlayedLink
) -> None:
    with pytest.raises(NotFound):
        await room.dispatcher.received(link.carrier_id, incoming(recipient=SANDBOX_NUMBER))


async def test_what_comes_from_a_real_carrier_is_live(room: Room, link: PlayedLink) -> None:
    await room.until_ended(await room.send(STRANGER, by=room.test))
    message_id = await room.dispatcher.received(link.carrier_id, incoming("STOP"))
    assert (await room.get(message_id)).mode == "live"
    with pytest.raises(RecipientOptedOut):
        await room.send(STRANGER)


async def test_stop_opts_out(room: Room) -> None:
    message_id = await write(room, "Stop.")
    assert await room.types(message_id) == ["message.received", "message.opted_out"]
    assert [event["sequence"] for event in await room.events(message_id)] == [1, 2]
    row = await opt_outs.find(room.store, room.live, PHONE)
    assert (row.source, row.message_id) == ("keyword", message_id)
    with pytest.raises(RecipientOptedOut) as refused:
        await room.send(PHONE)
    assert refused.value.errors[0].pointer == "/to"


async def test_stopping_twice_is_told_once(room: Room) -> None:
    await write(room, "STOP")
    assert await room.types(await write(room, "STOP")) == ["message.received"]


async def test_start_opts_in_again(room: Room) -> None:
    for word in ("START", "yes", "Unstop"):
        await write(room, "STOP")
        assert await room.types(await write(room, word)) == ["message.received"]
        await room.send(PHONE)


async def test_help_and_ordinary_words_change_nothing(room: Room) -> None:
    for word in ("HELP", "info", "please stop by", "start the car"):
        assert await room.types(await write(room, word)) == ["message.received"]
    await room.send(PHONE)


async def test_an_opt_out_holds_in_its_mode_only(room: Room) -> None:
    await write(room, "STOP")
    await room.send(PHONE, by=room.test)
    with pytest.raises(RecipientOptedOut):
        await room.send(PHONE, sender=REAL_NUMBER)
