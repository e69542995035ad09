"""Carriers that fall silent, and answers that are lost."""

from collections import Counter

from hookline.carriers.port import SubmitResult
from hookline.carriers.smpp.pdu import Command
from tests.carriers.smpp.linked import linked, outgoing, until
from tests.carriers.smpp.played import played, playing
from tests.services.smsc import Rule, Smsc

QUIET = {"response_timeout_seconds": 0.3, "enquire_interval_seconds": 0.05}


async def test_each_side_is_asked_whether_it_is_there(smsc: Smsc) -> None:
    async with linked(smsc.port, **QUIET) as opened:
        await smsc.enquire()
        await smsc.wait("enquiries_answered")
        await smsc.wait("enquiries", 2)
        await until(lambda: opened.link.state().last_enquire_at is not None)


async def test_carrier_that_answers_no_enquiry_is_left_and_bound_again(smsc: Smsc) -> None:
    await smsc.change(answers_enquiries=False)
    async with linked(smsc.port, **QUIET) as opened:
        await smsc.wait("binds", 2)
        await until(lambda: "enquire_link" in (opened.link.state().last_error or ""))


async def test_nack_to_an_enquiry_is_a_sign_of_life() -> None:
    async with playing(**QUIET) as (opened, carrier, peer):
        for _ in range(8):  # longer than the carrier may be silent
            enquiry = await peer.read()
            assert enquiry.command == Command.ENQUIRE_LINK
            peer.put(Command.GENERIC_NACK, enquiry.sequence, status=3)
        await until(lambda: opened.link.state().last_enquire_at is not None)
        assert carrier.arrived.empty()


async def test_carrier_that_does_not_answer_the_bind_is_left() -> None:
    async with played() as carrier, linked(carrier.port, is_bound=False, **QUIET) as opened:
        silent = await carrier.peer()
        await silent.ended()
        await opened.waiting("did not answer the bind", "TLS")
        await carrier.bound_peer()
        await opened.bound()


async def test_close_while_the_bind_is_not_answered() -> None:
    async with played() as carrier, linked(carrier.port, is_bound=False) as opened:
        peer = await carrier.peer()
        await peer.take(Command.BIND_TRANSCEIVER)
        await opened.link.close()
        await peer.ended()


async def test_close_leaves_a_carrier_that_does_not_read() -> None:
    async with playing(window=1_000) as (opened, _, peer):
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(20):
            peer.put(Command.ENQUIRE_LINK, 1)
        opened.link.submit([outgoing(f"+4477{n:08}", "x" * 160) for n in range(1_000)])
        await opened.link.close()
    assert len(opened.room.outcomes) == 1_000


async def test_swallowed_submit_is_ambiguous_and_never_sent_again(smsc: Smsc) -> None:
    await smsc.rule(Rule(times=1, lose="answer"))
    async with linked(smsc.port, **QUIET) as opened:
        lost, good = outgoing("+447700900001"), outgoing("+447700900002")
        await opened.send(lost, good)
        await opened.bound(2)
        await opened.send(outgoing("+447700900003"))
    assert opened.room.outcome(lost).result is SubmitResult.AMBIGUOUS
    assert opened.room.outcome(lost).carrier_message_ids == ("",)
    assert opened.room.outcome(good).result is SubmitResult.ACCEPTED
    assert await smsc.duplicates() == {}


async def test_known_ids_of_a_half_answered_message_are_kept(smsc: Smsc) -> None:
    await smsc.rule(Rule(times=1), Rule(times=1, lose="answer"))
    async with linked(smsc.port, **QUIET) as opened:
        [outcome] = await opened.send(outgoing(text="x" * 400))
    first, second, third = await smsc.submits()
    assert outcome.result is SubmitResult.AMBIGUOUS
    assert outcome.carrier_message_ids == (first.message_id, "", third.message_id)
    assert second.udh[5] == 2


async def test_after_silence_one_at_a_time_until_one_is_answered(smsc: Smsc) -> None:
    await smsc.mute()
    async with linked(smsc.port, **QUIET) as opened:
        await opened.send(*(outgoing(f"+44770090000{n}") for n in range(5)))
        for binds in (2, 3):
            await opened.bound(binds)
            assert opened.link.window == 1
            opened.link.submit([outgoing(f"+44770090010{n}") for n in range(3)])
            await opened.outcomes(5 + 3 * (binds - 1))
        assert Counter(opened.room.results()) == {"ambiguous": 7, "throttled": 4}
        await smsc.rule()
        await opened.bound(4)
        await opened.send(outgoing("+447700900200"))
        assert opened.link.window > 1


async def test_kick_after_accepting_is_ambiguous_and_not_sent_again(smsc: Smsc) -> None:
    await smsc.rule(Rule(times=1, kick=True))
    async with linked(smsc.port, window=10) as opened:
        messages = [outgoing(f"+4477009001{n:02}") for n in range(30)]
        await opened.send(*messages)
        back = [m for m in messages if opened.room.outcome(m).result is SubmitResult.THROTTLED]
        await opened.bound(2)
        opened.room.outcomes.clear()
        await opened.send(*back)
    assert len(back) >= 20
    assert set(opened.room.results()) == {SubmitResult.ACCEPTED}
    assert await smsc.duplicates() == {}


async def test_rest_of_a_half_sent_message_follows_in_the_next_session() -> None:
    async with playing(window=1) as (opened, carrier, peer):
        opened.link.submit([outgoing(text="x" * 400)])
        first = await peer.take(Command.SUBMIT_SM)
        peer.writer.write(b"")
        peer.accept(first, "id-1")
        peer.put(Command.ENQUIRE_LINK, 1)
        second = await peer.take(Command.SUBMIT_SM)
        peer.answer(second, status=0x58)  # put off: nothing is open now
        peer.put(Command.UNBIND, 2)
        again = await carrier.bound_peer()
        bodies = []
        for number in (2, 3):
            frame = await again.take(Command.SUBMIT_SM)
            bodies.append(frame.body)
            again.accept(frame, f"id-{number}")
        [outcome] = await opened.outcomes(1)
    assert bodies[0] == second.body
    assert outcome.carrier_message_ids == ("id-1", "id-2", "id-3")
