"""Receipts and messages that come in: what is reported, and when each is acknowledged."""

import pytest

from hookline.carriers.encoding import Encoding
from hookline.carriers.port import Part, ReceiptState
from hookline.carriers.smpp.coding import Alphabet
from hookline.carriers.smpp.message_ids import IdFormat
from hookline.carriers.smpp.pdu import Command
from hookline.carriers.smpp.settings import ReceiptErrors
from hookline.carriers.smpp.status import Status
from hookline.errors import NotFound, Unavailable
from tests.carriers.smpp.linked import linked, outgoing, until
from tests.carriers.smpp.played import deliver, playing, receipt
from tests.services.smsc import UCS2, Rule, Smsc

PHONE, NUMBER = "447700900001", "12025550100"


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"receipt_tlvs": False},
        {"receipt_text": ""},
        {"receipts_first": True},
        {"receipt_tlvs": False, "answer_id_format": "padded"},
        {"receipt_tlvs": False, "receipt_id_format": "padded"},
        {"answer_id_format": "hex", "receipt_id_format": "HEX"},
    ],
)
async def test_receipt_of_any_form_names_the_answers_id(
    smsc: Smsc, form: dict[str, object]
) -> None:
    await smsc.change(**form)
    async with linked(smsc.port) as opened:
        [outcome] = await opened.send(outgoing())
        await smsc.wait("receipts_acknowledged")
    [heard] = opened.room.heard
    assert heard.carrier_message_id == outcome.carrier_message_ids[0]
    assert (heard.state, heard.recipient) == (ReceiptState.DELIVERED, "+" + PHONE)


@pytest.mark.parametrize(
    ("format", "answers", "receipts"),
    [
        (IdFormat.HEX_THEN_DECIMAL, "hex", "decimal"),
        (IdFormat.DECIMAL_THEN_HEX, "decimal", "HEX"),
    ],
)
async def test_ids_in_two_formats_meet(
    smsc: Smsc, format: IdFormat, answers: str, receipts: str
) -> None:
    await smsc.change(answer_id_format=answers, receipt_id_format=receipts)
    async with linked(smsc.port, message_id_format=format) as opened:
        [outcome] = await opened.send(outgoing())
        await smsc.wait("receipts_acknowledged")
        assert opened.room.heard[0].carrier_message_id == outcome.carrier_message_ids[0]


async def test_format_of_ids_is_learned_and_shown(smsc: Smsc) -> None:
    await smsc.change(answer_id_format="hex", receipt_id_format="decimal")
    async with linked(smsc.port) as opened:
        await opened.send(*(outgoing(f"+4477009000{n:02}") for n in range(40)))
        await smsc.wait("receipts_acknowledged", 40)
        assert opened.link.state().message_id_format == "hex_then_decimal"


@pytest.mark.parametrize(
    ("state", "reported"),
    [
        ("DELIVRD", ReceiptState.DELIVERED),
        ("EXPIRED", ReceiptState.EXPIRED),
        ("DELETED", ReceiptState.UNDELIVERED),
        ("UNDELIV", ReceiptState.UNDELIVERED),
        ("REJECTD", ReceiptState.UNDELIVERED),
        ("ENROUTE", None),
        ("ACCEPTD", None),
        ("UNKNOWN", None),
    ],
)
async def test_final_states_are_reported_and_all_acknowledged(
    smsc: Smsc, state: str, reported: ReceiptState | None
) -> None:
    await smsc.rule(Rule(states=[state], error="034"))
    async with linked(smsc.port) as opened:
        await opened.send(outgoing())
        await smsc.wait("receipts_acknowledged")
        assert opened.link.state().receipts == 1
    assert [one.state for one in opened.room.heard] == ([reported] if reported else [])
    assert all(one.carrier_code == f"{state} 034" for one in opened.room.heard)


async def test_accepted_may_count_as_delivered(smsc: Smsc) -> None:
    await smsc.change(states=["ACCEPTD"])
    async with linked(smsc.port, accepted_is_delivered=True) as opened:
        await opened.send(outgoing())
        await smsc.wait("receipts_acknowledged")
    assert [one.state for one in opened.room.heard] == [ReceiptState.DELIVERED]


async def test_each_segment_has_its_receipts(smsc: Smsc) -> None:
    await smsc.change(states=["ENROUTE", "DELIVRD"])
    async with linked(smsc.port) as opened:
        [outcome] = await opened.send(outgoing(text="x" * 400))
        await smsc.wait("receipts_acknowledged", 6)
    heard = sorted(one.carrier_message_id for one in opened.room.heard)
    assert tuple(heard) == outcome.carrier_message_ids


async def test_receipt_that_comes_twice_is_reported_and_acknowledged_twice() -> None:
    async with playing() as (opened, _, peer):
        peer.writer.write(receipt(7, "a") + receipt(8, "a"))
        answers = [await peer.take(Command.DELIVER_SM_RESP) for _ in range(2)]
    assert [(one.status, one.sequence) for one in answers] == [(0, 7), (0, 8)]
    assert [one.carrier_message_id for one in opened.room.heard] == ["a", "a"]


async def test_receipt_is_acknowledged_once_it_is_durable() -> None:
    async with playing() as (opened, _, peer):
        opened.room.stores = False
        peer.writer.write(receipt(7, "a") + receipt(8, "b"))
        await until(lambda: len(opened.room.heard) == 2)
        peer.put(Command.ENQUIRE_LINK, 1)
        assert (await peer.read()).command == Command.ENQUIRE_LINK_RESP
        opened.room.release()
        answers = [await peer.read() for _ in range(2)]
    assert [(one.command, one.status, one.sequence) for one in answers] == [
        (Command.DELIVER_SM_RESP, 0, 7),
        (Command.DELIVER_SM_RESP, 0, 8),
    ]


async def test_receipt_that_is_never_durable_comes_again(smsc: Smsc) -> None:
    async with linked(smsc.port) as opened:
        opened.room.stores = False
        await opened.send(outgoing())
        await until(lambda: len(opened.room.heard) == 1)
        await smsc.kick()
        await opened.bound(2)
        await until(lambda: len(opened.room.heard) == 2)
        assert (await smsc.stats()).receipts_acknowledged == 0
        opened.room.release()  # the first one's session is gone: harmless
        await smsc.wait("receipts_acknowledged")
    assert (await smsc.stats()).kept == 0


async def test_receipt_that_cannot_be_read_is_acknowledged_and_noted() -> None:
    async with playing() as (opened, _, peer):
        peer.writer.write(deliver(7, b"stat:DELIVRD", esm_class=4))
        answer = await peer.take(Command.DELIVER_SM_RESP)
        assert "receipt" in (opened.link.state().last_error or "")
    assert (answer.status, answer.sequence) == (0, 7)


async def test_receipts_beyond_what_may_be_open_are_put_off() -> None:
    async with playing(response_timeout_seconds=9) as (opened, _, peer):
        opened.room.stores = False
        peer.writer.write(b"".join(receipt(n, f"id{n}") for n in range(1, 10_003)))
        refused = [await peer.take(Command.DELIVER_SM_RESP) for _ in range(2)]
        opened.room.release()
        taken = await peer.take(Command.DELIVER_SM_RESP)
    assert [one.status for one in refused] == [Status.ESME_RX_T_APPN] * 2
    assert (taken.status, len(opened.room.heard)) == (0, 10_000)


async def test_message_is_acknowledged_once_it_is_durable() -> None:
    async with playing() as (opened, _, peer):
        opened.room.stores = False
        peer.writer.write(deliver(7, b"hello"))
        await until(lambda: len(opened.room.messages) == 1)
        peer.put(Command.ENQUIRE_LINK, 1)
        assert (await peer.read()).command == Command.ENQUIRE_LINK_RESP
        opened.room.release()
        answer = await peer.read()
    assert (answer.command, answer.status, answer.sequence) == (Command.DELIVER_SM_RESP, 0, 7)


@pytest.mark.parametrize(
    ("text", "fields", "encoding"),
    [
        ("héllo €", {}, Encoding.GSM7),
        ("smile 😀", {"data_coding": UCS2}, Encoding.UCS2),
    ],
)
async def test_message_arrives_with_its_text(
    smsc: Smsc, text: str, fields: dict[str, object], encoding: Encoding
) -> None:
    async with linked(smsc.port) as opened:
        await smsc.send(PHONE, NUMBER, text, **fields)
        await smsc.wait("messages_acknowledged")
        assert opened.link.state().received == 1
    [message] = opened.room.messages
    assert (message.text, message.encoding, message.part) == (text, encoding, None)
    assert (message.sender, message.recipient) == ("+" + PHONE, "+" + NUMBER)
    assert message.session is not None


@pytest.mark.parametrize("wide", [False, True])
async def test_parts_say_which_they_are_and_in_which_session(smsc: Smsc, wide: bool) -> None:
    async with linked(smsc.port) as opened:
        await smsc.send_parts(PHONE, NUMBER, ["a", "b"], reference=77, wide=wide, order=[1, 0])
        await smsc.wait("messages_acknowledged", 2)
    heard = [(one.text, one.part) for one in opened.room.messages]
    assert heard == [("b", Part(77, 2, 2)), ("a", Part(77, 2, 1))]
    assert len({one.session for one in opened.room.messages}) == 1


async def test_parts_in_parameters_are_read_too() -> None:
    async with playing() as (opened, _, peer):
        tlvs = {0x020C: b"\1\2", 0x020E: b"\3", 0x020F: b"\2"}
        peer.writer.write(deliver(7, b"middle", tlvs=tlvs))
        await peer.take(Command.DELIVER_SM_RESP)
    assert opened.room.messages[0].part == Part(0x0102, 3, 2)


@pytest.mark.parametrize(
    ("header", "octets", "text"),
    [
        ("250101", b"\x40zmir", "İzmir"),
        ("240101", b"i\x1bci", "içi"),
        ("240106250106", b"\x40", "ब"),
    ],
)
async def test_header_that_names_a_language_is_followed(
    smsc: Smsc, header: str, octets: bytes, text: str
) -> None:
    udh = f"{len(header) // 2 + 5:02x}0003070201{header}"
    async with linked(smsc.port, alphabet=Alphabet.LATIN1) as opened:
        await smsc.send(PHONE, NUMBER, None, octets=octets.hex(), udh=udh, esm_class=0x40)
        await smsc.wait("messages_acknowledged")
    [heard] = opened.room.messages
    assert (heard.text, heard.part) == (text, Part(7, 2, 1))
    assert heard.encoding is Encoding.UCS2


async def test_message_that_comes_whole_has_the_segments_of_its_text() -> None:
    text = "long " * 80
    async with playing() as (opened, _, peer):
        peer.writer.write(deliver(7, text.encode()))  # more than 254 octets: as message_payload
        await peer.take(Command.DELIVER_SM_RESP)
    [heard] = opened.room.messages
    assert (heard.text, heard.segments, heard.part) == (text, 3, None)


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (NotFound(), Status.ESME_RX_R_APPN),
        (Unavailable("later"), Status.ESME_RX_T_APPN),
        (RuntimeError("a bug"), Status.ESME_RX_T_APPN),
    ],
)
async def test_refused_message_says_whether_to_try_again(
    refusal: Exception, status: Status
) -> None:
    async with playing() as (opened, _, peer):
        opened.room.refusal = refusal
        peer.writer.write(deliver(7, b"hello"))
        answer = await peer.take(Command.DELIVER_SM_RESP)
        assert opened.link.state().received == 0
    assert answer.status == status


async def test_refused_message_is_sent_again_by_the_carrier(smsc: Smsc) -> None:
    await smsc.change(retry_delay_ms=20)
    async with linked(smsc.port) as opened:
        opened.room.refusal = Unavailable("later")
        await smsc.send(PHONE, NUMBER, "hello")
        await smsc.wait("messages_refused")
        opened.room.refusal = None
        await smsc.wait("messages_acknowledged")


async def test_messages_beyond_what_may_be_stored_at_once_are_put_off() -> None:
    async with playing() as (opened, _, peer):
        opened.room.stores = False
        peer.writer.write(b"".join(deliver(n, b"hello") for n in range(1, 1_003)))
        refused = [await peer.take(Command.DELIVER_SM_RESP) for _ in range(2)]
        opened.room.release()
        taken = [await peer.take(Command.DELIVER_SM_RESP) for _ in range(1_000)]
    assert [(one.sequence, one.status) for one in refused] == [
        (1_001, Status.ESME_RX_T_APPN),
        (1_002, Status.ESME_RX_T_APPN),
    ]
    assert {one.status for one in taken} == {0}


async def test_after_leave_was_taken_the_carrier_knows_all(smsc: Smsc) -> None:
    async with linked(smsc.port) as opened:
        await smsc.send(PHONE, NUMBER, "hello")
        await smsc.wait("messages_acknowledged")
    [(session, before)] = opened.room.known_by_carrier
    assert session == opened.room.messages[0].session
    assert before > session.began_at


async def test_carrier_that_answers_no_unbind_may_not_know() -> None:
    async with playing() as (opened, _, peer):
        peer.writer.write(deliver(7, b"hello"))
        await peer.take(Command.DELIVER_SM_RESP)
    assert opened.room.known_by_carrier == []


async def test_in_a_session_that_lives_on_the_carrier_knows_after_a_while(smsc: Smsc) -> None:
    async with linked(smsc.port) as opened:
        await smsc.send(PHONE, NUMBER, "hello")
        await until(lambda: len(opened.room.known_by_carrier) == 1)


async def test_the_carriers_own_codes_say_why_it_failed(smsc: Smsc) -> None:
    errors = ReceiptErrors({"1": "invalid_recipient", "027": "unreachable"})
    await smsc.change(receipt_tlvs=False)
    for error in ("001", "027", "099"):
        await smsc.rule(Rule(states=["UNDELIV"], error=error))
        async with linked(smsc.port, receipt_errors=errors) as opened:
            await opened.send(outgoing())
            await until(lambda room=opened.room: bool(room.heard))  # type: ignore[misc]  # a loop
        [heard] = opened.room.heard
        assert heard.state is ReceiptState.UNDELIVERED
        assert heard.error_code == {"001": "invalid_recipient", "027": "unreachable"}.get(error)


async def test_a_delivery_has_no_error_whatever_its_code(smsc: Smsc) -> None:
    await smsc.rule(Rule(states=["DELIVRD"], error="001"))
    async with linked(smsc.port, receipt_errors=ReceiptErrors({"001": "unreachable"})) as opened:
        await opened.send(outgoing())
        await smsc.wait("receipts_acknowledged")
    assert opened.room.heard[0].error_code is None
