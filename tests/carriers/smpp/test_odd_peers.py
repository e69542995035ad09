"""Peers that send what they should not, or in ways that nobody expects."""

import contextlib
import struct

import pytest

from hookline.carriers.smpp.pdu import Command, encode
from hookline.carriers.smpp.status import Status
from tests.carriers.smpp.linked import linked, outgoing, until
from tests.carriers.smpp.played import deliver, played, playing, receipt
from tests.services.smsc import Smsc


@pytest.mark.parametrize("length", [0, 15, 65_537, 0xFFFFFFFF])
async def test_frame_that_lies_about_its_length_ends_the_session(length: int) -> None:
    async with playing() as (opened, carrier, peer):
        message = outgoing()
        opened.link.submit([message])
        submit = await peer.take(Command.SUBMIT_SM)
        answer = encode(Command.SUBMIT_SM_RESP, submit.sequence, b"id-1\0")
        peer.writer.write(answer + struct.pack(">IIII", length, 5, 0, 9) + b"\0" * 64)
        nack = await peer.take(Command.GENERIC_NACK)
        assert (nack.status, nack.sequence) == (Status.ESME_RINVCMDLEN, 0)
        await peer.ended()
        await carrier.bound_peer()
        assert str(length) in (opened.link.state().last_error or "")
    assert opened.room.outcome(message).carrier_message_ids == ("id-1",)  # what came before counts


async def test_after_a_lie_nothing_is_sent_into_the_old_session() -> None:
    async with playing() as (opened, carrier, peer):
        peer.writer.write(b"\0" * 16)
        await peer.take(Command.GENERIC_NACK)
        [outcome] = await opened.send(outgoing())
        await carrier.bound_peer()
    assert outcome.result == "throttled"  # and not ambiguous, as nothing of it left


async def test_smsc_sees_a_lie_answered_and_the_link_again(smsc: Smsc) -> None:
    async with linked(smsc.port) as opened:
        await smsc.write(b"\0\0\0\x01" + b"\0" * 12)
        await opened.bound(2)
        await opened.send(outgoing())


async def test_other_protocol_on_the_port_is_said() -> None:
    async with played() as carrier, linked(carrier.port, is_bound=False) as opened:
        peer = await carrier.peer()
        peer.writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await opened.waiting("cannot be", "port")


@pytest.mark.parametrize("command", [0x0000_0003, 0x0000_0042, 0x0001_0200])
async def test_unknown_command_is_refused_and_the_session_goes_on(command: int) -> None:
    async with playing() as (opened, _, peer):
        peer.put(command, 5, b"whatever")
        nack = await peer.read()
        assert (nack.command, nack.status) == (Command.GENERIC_NACK, Status.ESME_RINVCMDID)
        assert nack.sequence == 5
        peer.put(Command.ENQUIRE_LINK, 6)
        assert (await peer.read()).command == Command.ENQUIRE_LINK_RESP
        assert opened.link.window > 0


async def test_what_has_no_answer_gets_none() -> None:
    async with playing() as (_, _, peer):
        for command in (Command.OUTBIND, Command.ALERT_NOTIFICATION, 0x8000_0042):
            peer.put(command, 5, b"\0\0\0")
        peer.put(Command.ENQUIRE_LINK, 6)
        answer = await peer.read()
    assert (answer.command, answer.sequence) == (Command.ENQUIRE_LINK_RESP, 6)


async def test_body_that_does_not_parse_is_refused_for_good() -> None:
    async with playing() as (opened, _, peer):
        peer.put(Command.DELIVER_SM, 5, b"\0\1")
        refused = await peer.read()
        assert (refused.status, refused.sequence) == (Status.ESME_RX_P_APPN, 5)
        assert opened.link.window > 0


async def test_pdu_in_pieces_is_put_together() -> None:
    async with playing() as (opened, _, peer):
        for octet in deliver(5, b"hello"):
            peer.writer.write(bytes((octet,)))
            await peer.writer.drain()
        await peer.take(Command.DELIVER_SM_RESP)
    assert [one.text for one in opened.room.messages] == ["hello"]


async def test_ten_thousand_receipts_at_once_are_all_acknowledged() -> None:
    async with playing() as (opened, _, peer):
        peer.writer.write(b"".join(receipt(n, f"id{n}") for n in range(1, 10_001)))
        answers = [await peer.take(Command.DELIVER_SM_RESP) for _ in range(10_000)]
    assert [one.sequence for one in answers] == list(range(1, 10_001))
    assert {one.status for one in answers} == {0}
    assert len(opened.room.heard) == 10_000


async def test_delivery_in_the_same_breath_as_the_bind_is_heard() -> None:
    async with played() as carrier, linked(carrier.port, is_bound=False) as opened:
        peer = await carrier.peer()
        bind = await peer.take(Command.BIND_TRANSCEIVER)
        answer = encode(Command.BIND_TRANSCEIVER_RESP, bind.sequence, b"PLAYED\0")
        peer.writer.write(answer + receipt(1, "early"))
        assert (await peer.take(Command.DELIVER_SM_RESP)).sequence == 1
        await opened.bound()


async def test_delivery_before_an_unbind_is_acknowledged() -> None:
    async with playing() as (_, _, peer):
        peer.writer.write(receipt(1, "last") + encode(Command.UNBIND, 2))
        assert (await peer.read()).command == Command.DELIVER_SM_RESP
        assert (await peer.read()).command == Command.UNBIND_RESP


async def test_peer_that_never_reads_its_answers_is_left() -> None:
    async with playing(response_timeout_seconds=60) as (opened, carrier, peer):
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        flood = encode(Command.ENQUIRE_LINK, 1) * 4_096
        with contextlib.suppress(ConnectionError):
            while opened.link.window:
                peer.writer.write(flood)
                await peer.writer.drain()
        await until(lambda: "does not read" in (opened.link.state().last_error or ""))
        await carrier.bound_peer()
