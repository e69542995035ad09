"""What leaves, and what is made of the carrier's answers."""

import asyncio

import pytest
import smsutil

from hookline.carriers.port import SubmitResult
from hookline.carriers.smpp.coding import Alphabet, LongMessages
from hookline.carriers.smpp.pdu import Command
from hookline.carriers.smpp.status import Status
from hookline.telemetry import metrics
from tests.carriers.smpp.linked import linked, outgoing, until
from tests.carriers.smpp.played import playing, receipt
from tests.services.smsc import INVALID_DESTINATION, SYSTEM_ERROR, THROTTLED, Rule, Smsc

LONG = "It was the best of times, it was the worst of times. " * 8


async def test_accepted_message_has_the_carriers_id(smsc: Smsc) -> None:
    async with linked(smsc.port) as opened:
        [outcome] = await opened.send(outgoing())
        state = opened.link.state()
    [submit] = await smsc.submits()
    assert outcome.result is SubmitResult.ACCEPTED
    assert outcome.carrier_message_ids == (submit.message_id,)
    assert (state.submitted, state.accepted, state.in_flight) == (1, 1, 0)


async def test_numbers_and_texts_arrive_as_they_are(smsc: Smsc) -> None:
    async with linked(smsc.port, service_type="CMT") as opened:
        await opened.send(outgoing(text="[€] {~}\\ ^|"))
    [submit] = await smsc.submits()
    assert submit.text == "[€] {~}\\ ^|"
    assert (submit.source, submit.source_ton, submit.source_npi) == ("12025550100", 1, 1)
    assert (submit.destination, submit.destination_ton) == ("447700900001", 1)
    assert (
        submit.validity_period == "2030-03-17T17:46:40.000Z"
    )  # as node-smpp reads 300317174640000+
    assert (submit.service_type, submit.registered_delivery) == ("CMT", 1)


@pytest.mark.parametrize(
    ("sender", "numbering"), [("Hookline", (5, 0)), ("12345", (3, 0)), ("+12025550100", (1, 1))]
)
async def test_sender_says_its_kind(smsc: Smsc, sender: str, numbering: tuple[int, int]) -> None:
    async with linked(smsc.port) as opened:
        await opened.send(outgoing(sender=sender))
    [submit] = await smsc.submits()
    assert (submit.source, submit.source_ton, submit.source_npi) == (
        sender.removeprefix("+"),
        *numbering,
    )


async def test_validity_is_not_told_where_the_carrier_does_not_want_it(smsc: Smsc) -> None:
    async with linked(smsc.port, send_validity=False) as opened:
        await opened.send(outgoing())
    assert (await smsc.submits())[0].validity_period in ("", None)


@pytest.mark.parametrize("text", [LONG, LONG + "[€]" * 60, "😀 smile — " * 40])
async def test_segments_of_a_long_message_join(smsc: Smsc, text: str) -> None:
    async with linked(smsc.port) as opened:
        [outcome] = await opened.send(outgoing(text=text))
    submits = await smsc.submits()
    assert "".join(one.text for one in submits) == text
    assert len(submits) == len(smsutil.split(text).parts)
    assert outcome.carrier_message_ids == tuple(one.message_id for one in submits)
    assert {one.udh[:5] for one in submits} == {submits[0].udh[:5]}  # one reference and total
    assert [one.udh[5] for one in submits] == list(range(1, len(submits) + 1))
    assert submits[0].udh[4] == len(submits)


async def test_long_message_with_sar_parameters(smsc: Smsc) -> None:
    async with linked(smsc.port, long_messages=LongMessages.SAR) as opened:
        [outcome, _] = await opened.send(outgoing(text=LONG), outgoing("+447700900002", "short"))
    *segments, short = sorted(await smsc.submits(), key=lambda one: one.destination)
    reference = segments[0].sar[0]
    assert "".join(one.text for one in segments) == LONG
    assert [one.sar for one in segments] == [[reference, 3, number] for number in (1, 2, 3)]
    assert {(one.udh, one.esm_class) for one in segments} == {(b"", 0)}
    assert outcome.carrier_message_ids == tuple(one.message_id for one in segments)
    assert short.sar == [0, 0, 0]


@pytest.mark.parametrize("text", [LONG, "😀 smile — " * 20])
async def test_long_message_as_payload_has_one_id_and_one_receipt(smsc: Smsc, text: str) -> None:
    async with linked(smsc.port, long_messages=LongMessages.PAYLOAD) as opened:
        [outcome] = await opened.send(outgoing(text=text))
        await until(lambda: len(opened.room.heard) == 1)
        await opened.send(outgoing(text="short"))
    whole, short = await smsc.submits()
    assert (whole.text, whole.is_payload, whole.esm_class) == (text, True, 0)
    assert outcome.carrier_message_ids == (whole.message_id,)
    assert opened.room.heard[0].carrier_message_id == whole.message_id
    assert (short.text, short.is_payload) == ("short", False)


async def test_neighbours_have_different_references(smsc: Smsc) -> None:
    async with linked(smsc.port) as opened:
        await opened.send(outgoing(text=LONG), outgoing(text=LONG))
    assert len({one.udh[3] for one in await smsc.submits()}) == 2


@pytest.mark.parametrize(
    ("alphabet", "text", "octets", "coding"),
    [
        (Alphabet.LATIN1, "café", b"caf\xe9", 0),
        (Alphabet.ASCII, "cafe@", b"cafe@", 0),
        (Alphabet.ASCII, "café", "café".encode("utf-16-be"), 8),
        (Alphabet.GSM7, "café@", b"caf\x05\x00", 0),
    ],
)
async def test_alphabet_of_the_carrier_is_used(
    smsc: Smsc, alphabet: Alphabet, text: str, octets: bytes, coding: int
) -> None:
    async with linked(smsc.port, alphabet=alphabet) as opened:
        await opened.send(outgoing(text=text))
    [submit] = await smsc.submits()
    assert (submit.octets, submit.data_coding) == (octets, coding)


async def test_invalid_destination_is_the_recipients_fault(smsc: Smsc) -> None:
    await smsc.rule(Rule(destination="1$", status=INVALID_DESTINATION))
    async with linked(smsc.port) as opened:
        bad, good = await opened.send(outgoing("+447700900001"), outgoing("+447700900002"))
    assert (bad.result, bad.error_code) == (SubmitResult.REJECTED, "invalid_recipient")
    assert bad.carrier_code == "ESME_RINVDSTADR"
    assert good.result is SubmitResult.ACCEPTED


@pytest.mark.parametrize(
    ("recipient", "sender", "code"),
    [
        ("+447700900001", "Café", "invalid_sender"),
        ("+447700900001", "S" * 21, "invalid_sender"),
        ("+" + "4" * 21, "Hookline", "invalid_recipient"),
    ],
)
async def test_address_that_cannot_be_written_is_refused_and_the_next_leaves(
    smsc: Smsc, recipient: str, sender: str, code: str
) -> None:
    async with linked(smsc.port) as opened:
        bad, good = await opened.send(outgoing(recipient, sender=sender), outgoing("+447700900002"))
    assert (bad.result, bad.error_code) == (SubmitResult.REJECTED, code)
    assert good.result is SubmitResult.ACCEPTED


async def test_fault_of_the_carrier_is_tried_again_a_few_times(smsc: Smsc) -> None:
    await smsc.rule(Rule(status=SYSTEM_ERROR))
    message = outgoing()
    async with linked(smsc.port) as opened:
        for tries in range(1, 5):
            opened.link.submit([message])
            await opened.outcomes(tries)
            await until(lambda: True)
    assert opened.room.results() == ["throttled"] * 3 + ["rejected"]
    last = opened.room.outcomes[-1]
    assert (last.error_code, last.carrier_code) == ("carrier_unavailable", "ESME_RSYSERR")
    assert (await smsc.stats()).submits == 4


async def test_fault_with_each_segment_of_a_message_is_one_try(smsc: Smsc) -> None:
    await smsc.rule(Rule(times=6, status=SYSTEM_ERROR))
    message = outgoing(text=LONG * 2)
    assert len(message.parts) == 6
    async with linked(smsc.port) as opened:
        opened.link.submit([message])
        assert [one.result for one in await opened.outcomes(1)] == ["throttled"]


async def test_window_is_never_exceeded_in_segments() -> None:
    async with playing(window=3) as (opened, _, peer):
        opened.link.submit([outgoing(f"+4477009000{n:02}", LONG) for n in range(4)])
        frames = [await peer.take(Command.SUBMIT_SM) for _ in range(3)]
        for _ in range(9):
            assert opened.link.state().in_flight == 3
            peer.put(Command.ENQUIRE_LINK, 1)  # nothing else comes before the answer to this
            assert (await peer.read()).command == Command.ENQUIRE_LINK_RESP
            peer.accept(frames.pop(0))
            frames.append(await peer.take(Command.SUBMIT_SM))


async def test_generic_nack_to_a_submit_refuses_it() -> None:
    async with playing() as (opened, _, peer):
        message = outgoing()
        opened.link.submit([message])
        submit = await peer.take(Command.SUBMIT_SM)
        peer.put(Command.GENERIC_NACK, submit.sequence, status=Status.ESME_RINVCMDLEN)
        [outcome] = await opened.outcomes(1)
    assert (outcome.result, outcome.carrier_code) == (SubmitResult.REJECTED, "ESME_RINVCMDLEN")


async def test_answer_without_an_id_leaves_its_place_empty() -> None:
    async with playing() as (opened, _, peer):
        opened.link.submit([outgoing(text=LONG)])
        first, *others = [await peer.take(Command.SUBMIT_SM) for _ in range(3)]
        peer.answer(first)
        for number, frame in enumerate(others):
            peer.accept(frame, f"id-{number}")
        [outcome] = await opened.outcomes(1)
    assert outcome.result is SubmitResult.AMBIGUOUS
    assert outcome.carrier_message_ids == ("", "id-0", "id-1")


async def test_answer_without_an_id_teaches_nothing_about_ids() -> None:
    async with playing() as (opened, _, peer):
        for number in range(16):
            opened.link.submit([outgoing()])
            submit = await peer.take(Command.SUBMIT_SM)
            peer.accept(submit, str(1_000_010 + number) if number else " ")
            await opened.outcomes(number + 1)
        for number in range(1, 16):
            peer.writer.write(receipt(number, f"{1_000_010 + number:x}"))
        await until(lambda: len(opened.room.heard) == 15)
        assert opened.link.state().message_id_format == "decimal_then_hex"
    assert opened.room.heard[-1].carrier_message_id == "1000025"


async def test_throttled_segment_beside_one_without_an_id_is_sent_again() -> None:
    async with playing() as (opened, _, peer):
        opened.link.submit([outgoing(text=LONG)])
        first, second, third = [await peer.take(Command.SUBMIT_SM) for _ in range(3)]
        peer.answer(first)
        peer.accept(second)
        peer.answer(third, status=Status.ESME_RTHROTTLED)
        again = await peer.take(Command.SUBMIT_SM)
        assert again.body == third.body
        peer.accept(again, "id-3")
        [outcome] = await opened.outcomes(1)
    assert outcome.carrier_message_ids == ("", "id-1", "id-3")


async def test_answers_nobody_asked_for_are_passed_over() -> None:
    async with playing() as (opened, _, peer):
        message = outgoing()
        opened.link.submit([message])
        submit = await peer.take(Command.SUBMIT_SM)
        peer.put(Command.SUBMIT_SM_RESP, 4_711, b"other\0")
        peer.accept(submit)
        peer.accept(submit, "id-2")
        await opened.outcomes(1)
        peer.put(Command.ENQUIRE_LINK, 1)
        await peer.take(Command.ENQUIRE_LINK_RESP)
    assert opened.room.outcome(message).carrier_message_ids == ("id-1",)


async def test_peer_that_does_not_read_holds_up_what_would_leave() -> None:
    async with playing(window=1_000, response_timeout_seconds=0.5) as (opened, carrier, peer):
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        messages = [outgoing(f"+4477{n:08}", "x" * 160) for n in range(4_000)]
        opened.link.submit(messages)
        assert opened.link.state().in_flight <= 1_000
        await carrier.peer()  # left, as nothing was answered
        await opened.outcomes(0, of=messages)
    results = opened.room.results()
    assert results.count(SubmitResult.AMBIGUOUS) <= 1_000
    assert len(results) == 4_000


async def test_close_waits_for_answers_that_come(smsc: Smsc) -> None:
    async with linked(smsc.port) as opened:
        await opened.send(outgoing())
        await smsc.change(response_delay_ms=200)
        second = outgoing()
        opened.link.submit([second])
        await asyncio.gather(smsc.wait("accepted", 2), opened.link.close())
    assert opened.room.outcome(second).result is SubmitResult.ACCEPTED


async def test_close_gives_back_what_has_not_left_and_finishes_what_has(smsc: Smsc) -> None:
    async with linked(smsc.port, rate=20) as opened:
        long, other = outgoing(text=LONG), outgoing("+447700900002")
        opened.link.submit([long, other])
        await opened.link.close()
    assert opened.room.outcome(long).result is SubmitResult.ACCEPTED
    assert opened.room.outcome(other).result is SubmitResult.THROTTLED
    assert await smsc.texts_by_destination() == {"447700900001": list(long.parts)}


async def test_what_is_not_answered_by_the_end_is_ambiguous(smsc: Smsc) -> None:
    await smsc.rule(Rule(lose="answer"))
    async with linked(smsc.port) as opened:
        message = outgoing()
        opened.link.submit([message])
        await smsc.wait("accepted")
    outcome = opened.room.outcome(message)
    assert (outcome.result, outcome.carrier_message_ids) == (SubmitResult.AMBIGUOUS, ("",))


def answered(outcome: str) -> float:
    return metrics.SEGMENTS_ANSWERED.labels(outcome)._value.get()


async def test_segments_are_counted_by_what_became_of_them(smsc: Smsc) -> None:
    await smsc.rule(
        Rule(destination="2$", status=INVALID_DESTINATION),
        Rule(destination="3$", times=1, status=THROTTLED),
    )
    names = ("accepted", "rejected", "throttled")
    before = [answered(name) for name in names]
    sent = metrics.SEGMENTS_SUBMITTED._value.get()
    async with linked(smsc.port) as opened:
        await opened.send(outgoing("+447700900001", LONG), outgoing("+447700900002"))
        await opened.send(outgoing("+447700900003"))
    after = [answered(name) for name in names]
    assert [end - begin for begin, end in zip(before, after, strict=True)] == [4, 1, 1]
    assert metrics.SEGMENTS_SUBMITTED._value.get() - sent == 6
