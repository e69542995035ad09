"""Asking the carrier what became of messages, and receipts in their short form."""

import pytest

from hookline.carriers.port import Outstanding, Receipt, ReceiptState
from hookline.carriers.smpp.message_ids import IdFormat, MessageIds
from hookline.carriers.smpp.pdu import BadPdu, Command, decode_query_resp
from hookline.carriers.smpp.status import Status
from hookline.clock import UnixMs
from hookline.ids import MessageId
from tests.carriers.smpp.linked import SENDER, linked, outgoing, until
from tests.carriers.smpp.played import playing
from tests.services.smsc import Smsc

TO = "+447700900001"


def sent(*ids: str) -> Outstanding:
    return Outstanding(MessageId("msg_1"), TO, UnixMs(0), ids, SENDER)


@pytest.mark.parametrize(
    ("state", "heard"),
    [
        ("DELIVRD", ReceiptState.DELIVERED),
        ("UNDELIV", ReceiptState.UNDELIVERED),
        ("EXPIRED", ReceiptState.EXPIRED),
    ],
)
async def test_what_the_carrier_says_is_a_receipt(
    smsc: Smsc, state: str, heard: ReceiptState
) -> None:
    await smsc.change(receipts=False, query_states=[state], answer_id_format="HEX")
    async with linked(smsc.port, query=True) as opened:
        [outcome] = await opened.send(outgoing(TO))
        opened.link.inquire([sent(*outcome.carrier_message_ids)])
        await until(lambda: len(opened.room.heard) == 1)
    (key,) = outcome.carrier_message_ids
    assert opened.room.heard == [Receipt(key, heard, state, TO)]


async def test_what_is_under_way_unknown_or_refused_changes_nothing(smsc: Smsc) -> None:
    await smsc.change(receipts=False, query_states=["ENROUTE", "UNKNOWN", "DELIVRD"])
    async with linked(smsc.port, query=True) as opened:
        [outcome] = await opened.send(outgoing(TO))
        for count in (1, 2):
            opened.link.inquire([sent(*outcome.carrier_message_ids)])
            await smsc.wait("queries", count)
        opened.link.inquire([sent("4711"), sent(*outcome.carrier_message_ids)])
        await until(lambda: len(opened.room.heard) == 1)
        await smsc.wait("queries", 4)


async def test_a_carrier_without_it_is_asked_no_more(smsc: Smsc) -> None:
    async with linked(smsc.port, query=True) as opened:
        opened.link.inquire([sent(str(number)) for number in range(100)])
        await smsc.wait("queries", 1)
        await opened.send(outgoing(TO))
        await until(lambda: len(opened.room.heard) == 1)  # the receipt
    assert (await smsc.stats()).queries <= 10


async def test_few_are_asked_at_once_and_silence_is_passed_over() -> None:
    async with playing(query=True, response_timeout_seconds=0.3) as (opened, _, peer):
        opened.link.inquire([sent(str(number)) for number in range(7)])
        first = [await peer.take(Command.QUERY_SM) for _ in range(5)]
        sixth = await peer.take(Command.QUERY_SM)  # when the first have had their time
        assert sixth.body == b"5\0\1\1" + SENDER[1:].encode() + b"\0"
        peer.answer(first[0], b"0\0\0\2\0")
        peer.answer(sixth, b"5\0\0\5\7")
        await until(lambda: len(opened.room.heard) == 1)
        peer.answer(await peer.take(Command.QUERY_SM), status=Status.ESME_RQUERYFAIL)
        opened.link.submit([outgoing()])
        peer.accept(await peer.take(Command.SUBMIT_SM))
        await opened.outcomes(1)
    assert opened.room.heard[0] == Receipt("5", ReceiptState.UNDELIVERED, "UNDELIV 007", TO)


def test_an_id_is_spelled_as_the_carrier_does() -> None:
    ids = MessageIds(IdFormat.AUTO)
    assert ids.spelling("1f4a") == "1f4a"
    for example, key, spelled in [
        ("00AB12", "1f", "00001F"), ("abc", "1f", "1f"), ("XYZ-1", "q-7", "Q-7"), ("0017", "9", "0009"),
    ]:  # fmt: skip
        ids.of_response(example)
        assert ids.spelling(key) == spelled


@pytest.mark.parametrize("body", [b"", b"1", b"1\0", b"1\0\0"])
def test_answers_that_are_cut_off_are_refused(body: bytes) -> None:
    with pytest.raises(BadPdu):
        decode_query_resp(body)


async def test_receipts_by_data_sm_are_heard(smsc: Smsc) -> None:
    await smsc.change(receipts_by="data_sm", states=["ENROUTE", "UNDELIV"])
    async with linked(smsc.port) as opened:
        [outcome] = await opened.send(outgoing(TO))
        await smsc.wait("receipts_acknowledged", 2)
    [heard] = opened.room.heard
    assert (heard.carrier_message_id,) == outcome.carrier_message_ids
    assert (heard.state, heard.recipient) == (ReceiptState.UNDELIVERED, TO)
