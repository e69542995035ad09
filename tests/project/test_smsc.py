"""The SMSC of the tests does what tests of the SMPP link rely on."""

import asyncio
import ssl

import pytest

from tests.services.esme import DELIVER_SM, RESPONSE, SUBMIT_SM, bound, connected
from tests.services.smsc import (
    DELIVRD,
    ENROUTE,
    INVALID_PASSWORD,
    THROTTLED,
    UCS2,
    UNDELIV,
    Rule,
    Smsc,
)

SUBMITTED = SUBMIT_SM | RESPONSE


async def test_submit_is_answered_listed_and_reported(smsc: Smsc) -> None:
    async with bound(smsc.port) as esme:
        esme.submit("447700900001", b"hello")
        answer, receipt = await esme.read(), await esme.read()
        esme.acknowledge(receipt)
        await smsc.wait("receipts_acknowledged")
    [submit] = await smsc.submits()
    assert (submit.destination, submit.text, submit.octets) == ("447700900001", "hello", b"hello")
    assert answer.body == submit.message_id.encode() + b"\0"
    assert b"id:%s " % submit.message_id.encode() in receipt.body
    assert b"stat:DELIVRD" in receipt.body
    assert (await smsc.stats()).kept == 0


async def test_duplicates_and_order_are_seen(smsc: Smsc) -> None:
    async with bound(smsc.port) as esme:
        for text in (b"a", b"b", b"a"):
            esme.submit("447700900001", text)
        await smsc.wait("accepted", 3)
    assert await smsc.duplicates() == {("447700900001", b"a"): 2}
    assert await smsc.texts_by_destination() == {"447700900001": ["a", "b", "a"]}


async def test_state_outlives_the_smsc(smsc: Smsc) -> None:
    async with bound(smsc.port) as esme:
        esme.submit("447700900001", b"hello")
        await esme.read()
        await smsc.restart()
    async with bound(smsc.port) as esme:
        assert b"stat:DELIVRD" in (await esme.read()).body
    assert len(await smsc.submits()) == 1


async def test_unacknowledged_receipt_comes_again_after_a_kick(smsc: Smsc) -> None:
    async with bound(smsc.port) as esme:
        esme.submit("447700900001", b"hello")
        await esme.read()
        first = await esme.read()
        await smsc.kick()
        with pytest.raises(asyncio.IncompleteReadError):
            await esme.read()
    async with bound(smsc.port) as esme:
        assert (await esme.read()).body == first.body


async def test_rule_refuses_a_destination_so_many_times(smsc: Smsc) -> None:
    await smsc.rule(Rule(destination="1$", times=1, status=THROTTLED))
    async with bound(smsc.port) as esme:
        for destination in ("447700900001", "447700900002", "447700900001"):
            esme.submit(destination, b"x")
        statuses = [(await esme.read()).status for _ in range(3)]
    assert statuses == [THROTTLED, 0, 0]
    assert (await smsc.stats()).accepted == 2


@pytest.mark.parametrize(("lose", "accepted"), [("submit", 0), ("answer", 1)])
async def test_rule_loses_an_answer(smsc: Smsc, lose: str, accepted: int) -> None:
    await smsc.rule(Rule(times=1, lose=lose))  # type: ignore[arg-type]
    await smsc.change(receipts=False)
    async with bound(smsc.port) as esme:
        esme.submit("447700900001", b"lost")
        esme.submit("447700900001", b"kept")
        assert (await esme.read()).sequence == 3  # that of the second submit
    assert (await smsc.stats()).accepted == accepted + 1


async def test_rule_kicks_after_accepting(smsc: Smsc) -> None:
    await smsc.rule(Rule(times=1, kick=True))
    async with bound(smsc.port) as esme:
        esme.submit("447700900001", b"hello")
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await esme.read()
    assert (await smsc.stats()).accepted == 1


async def test_receipts_have_many_forms(smsc: Smsc) -> None:
    await smsc.change(receipts_first=True, receipt_id_format="HEX", receipt_tlvs=False)
    await smsc.rule(Rule(states=[ENROUTE, UNDELIV], error="034"))
    async with bound(smsc.port) as esme:
        esme.submit("447700900001", b"hello")
        frames = [await esme.read() for _ in range(3)]
    [submit] = await smsc.submits()
    assert [frame.command for frame in frames] == [DELIVER_SM, DELIVER_SM, SUBMITTED]
    assert b"id:%X sub" % submit.number in frames[0].body
    assert b"stat:ENROUTE" in frames[0].body
    assert b"stat:UNDELIV err:034" in frames[1].body


async def test_receipt_may_be_tlvs_alone(smsc: Smsc) -> None:
    await smsc.change(receipt_text="", states=[DELIVRD])
    async with bound(smsc.port) as esme:
        esme.submit("447700900001", b"hello")
        await esme.read()
        receipt = await esme.read()
    [submit] = await smsc.submits()
    id_octets = submit.message_id.encode() + b"\0"
    assert receipt.body.endswith(
        b"\0\0\x1e" + len(id_octets).to_bytes(2) + id_octets + b"\x04\x27\0\1\2"
    )


async def test_inbound_parts_carry_their_reference(smsc: Smsc) -> None:
    async with bound(smsc.port) as esme:
        await smsc.send_parts(
            "447700900999", "12025550100", ["Привет", "мир"],
            reference=0x1234, wide=True, data_coding=UCS2, order=[1, 0],
        )  # fmt: skip
        second, first = await esme.read(), await esme.read()
    assert first.body.endswith(bytes.fromhex("060804123402 01") + "Привет".encode("utf-16-be"))
    assert second.body.endswith(bytes.fromhex("060804123402 02") + "мир".encode("utf-16-be"))


async def test_bind_is_refused_with_a_status(smsc: Smsc) -> None:
    await smsc.change(bind_status=INVALID_PASSWORD)
    async with connected(smsc.port) as esme:
        assert (await esme.bind()).status == INVALID_PASSWORD


async def test_octets_go_out_as_they_are(smsc: Smsc) -> None:
    async with bound(smsc.port) as esme:
        await smsc.write(b"\xff" * 20)
        assert await esme.reader.readexactly(20) == b"\xff" * 20


async def test_tls_session_binds(tls_smsc: Smsc) -> None:
    context = ssl.create_default_context(cafile=str(tls_smsc.certificate_authority))
    async with connected(tls_smsc.port, context=context) as esme:
        assert (await esme.bind()).status == 0


async def test_waiting_in_vain_says_what_there_is(smsc: Smsc) -> None:
    with pytest.raises(TimeoutError, match="binds < 1"):
        await smsc.wait("binds", timeout_s=0.01)
