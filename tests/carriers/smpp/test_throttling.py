"""Carriers that ask to slow down: nothing is lost, repeated or overtaken."""

import asyncio
from itertools import islice

import pytest

from hookline.carriers.pace import Timing
from hookline.carriers.port import SubmitResult
from hookline.carriers.smpp.pdu import Command
from hookline.carriers.smpp.status import Status
from tests.carriers.smpp.linked import Linked, linked, outgoing, until
from tests.carriers.smpp.played import playing
from tests.services.smsc import QUEUE_FULL, THROTTLED, Rule, Smsc

SOON_BACK = Timing(refusal_s=0.05, held_s=0.0, connect_s=0.02)


async def send_until_taken(opened: Linked, messages: list) -> None:  # type: ignore[type-arg]
    """As the dispatcher does: what comes back goes again, in the order of acceptance."""
    left = messages
    while left:
        before = len(opened.room.outcomes)
        opened.link.submit(left)
        await opened.outcomes(before + len(left))
        back = {
            one.message_id
            for one in opened.room.outcomes[before:]
            if one.result is SubmitResult.THROTTLED
        }
        left = [message for message in left if message.message_id in back]
        await until(lambda: opened.link.window > 0)


@pytest.mark.parametrize("status", [THROTTLED, QUEUE_FULL])
async def test_throttled_message_stays_for_a_short_pause(smsc: Smsc, status: int) -> None:
    await smsc.rule(Rule(times=3, status=status))
    async with linked(smsc.port) as opened:
        messages = [outgoing(f"+44770090000{n % 2}", f"{n}") for n in range(8)]
        outcomes = await opened.send(*messages)
        state = opened.link.state()
    assert {one.result for one in outcomes} == {SubmitResult.ACCEPTED}
    assert (state.throttled, state.accepted) == (3, 8)
    assert await smsc.texts_by_destination() == {
        "447700900000": ["0", "2", "4", "6"],
        "447700900001": ["1", "3", "5", "7"],
    }


@pytest.mark.parametrize("status", [THROTTLED, QUEUE_FULL])
async def test_throttled_message_comes_back_for_a_long_pause(smsc: Smsc, status: int) -> None:
    await smsc.rule(Rule(times=1, status=status))
    async with linked(smsc.port, timing=SOON_BACK) as opened:
        [outcome] = await opened.send(outgoing())
        assert opened.link.window == 1
    assert outcome.result is SubmitResult.THROTTLED
    assert outcome.retry_after_s == pytest.approx(SOON_BACK.refusal_s)


async def test_what_has_not_left_comes_back_with_the_throttled() -> None:
    async with playing(window=2, timing=SOON_BACK) as (opened, _, peer):
        messages = [outgoing(f"+44770090000{n}") for n in range(5)]
        opened.link.submit(messages)
        first, second = await peer.take(Command.SUBMIT_SM), await peer.take(Command.SUBMIT_SM)
        peer.answer(first, status=Status.ESME_RTHROTTLED)
        await opened.outcomes(4)
        peer.accept(second)
        await opened.outcomes(5)
    results = [opened.room.outcome(message).result for message in messages]
    assert results == ["throttled", "accepted", "throttled", "throttled", "throttled"]
    assert {opened.room.outcome(messages[0]).carrier_code} == {"ESME_RTHROTTLED"}


async def test_one_goes_alone_after_a_pause_until_it_is_taken() -> None:
    async with playing(window=10) as (opened, _, peer):
        opened.link.submit([outgoing(f"+44770090000{n}") for n in range(4)])
        frames = [await peer.take(Command.SUBMIT_SM) for _ in range(4)]
        for frame in frames:
            peer.answer(frame, status=Status.ESME_RTHROTTLED)
        for _ in range(2):
            alone = await peer.take(Command.SUBMIT_SM)
            assert opened.link.state().in_flight == 1
            peer.answer(alone, status=Status.ESME_RTHROTTLED)
        peer.accept(await peer.take(Command.SUBMIT_SM), "id-0")
        for number in range(3):
            peer.accept(await peer.take(Command.SUBMIT_SM), f"id-{number + 1}")
        await opened.outcomes(4)
    assert set(opened.room.results()) == {SubmitResult.ACCEPTED}


@pytest.mark.parametrize("binds", [1, 3])
@pytest.mark.parametrize("kind", ["second", "window", "bucket"])
async def test_allowance_is_found_without_loss_or_disorder(
    smsc: Smsc, kind: str, binds: int
) -> None:
    await smsc.change(allowance=60, allowance_by=kind)
    async with linked(smsc.port, binds=binds, timing=Timing(connect_s=0.02)) as opened:
        await smsc.wait("binds", binds)
        messages = [outgoing(f"+44770090000{n % 7}", f"{n:03}") for n in range(150)]
        await send_until_taken(opened, messages)
        assert opened.link.state().throttled
    assert await smsc.duplicates() == {}
    for texts in (await smsc.texts_by_destination()).values():
        assert texts == sorted(texts)


async def test_partly_sent_message_stays_and_is_finished(smsc: Smsc) -> None:
    await smsc.rule(Rule(times=1), Rule(times=2, status=THROTTLED))
    async with linked(smsc.port) as opened:
        [outcome] = await opened.send(outgoing(text=" ".join(f"{n:03}" for n in range(100))))
    assert outcome.result is SubmitResult.ACCEPTED
    assert len(set(outcome.carrier_message_ids)) == 3
    assert await smsc.duplicates() == {}
    assert [one.udh[5] for one in await smsc.submits()] == [1, 2, 3]


async def test_nothing_is_overtaken_or_repeated_under_throttling(smsc: Smsc) -> None:
    await smsc.rule(
        *(rule for _ in range(4) for rule in (Rule(times=7), Rule(times=2, status=THROTTLED)))
    )
    async with linked(smsc.port, window=5) as opened:
        texts = [f"{n:03} " + "y" * (300 if n % 4 == 0 else 20) for n in range(40)]
        messages = [outgoing(f"+44770090000{n % 4}", text) for n, text in enumerate(texts)]
        await send_until_taken(opened, messages)
    by_destination = await smsc.texts_by_destination()
    for number in range(4):
        wanted = [m.parts for m in messages if m.recipient.endswith(str(number))]
        taken = iter(by_destination[f"44770090000{number}"])
        # The second segment of a message may be taken when the first is put off.
        assert [sorted(islice(taken, len(parts))) for parts in wanted] == [*map(sorted, wanted)]
        assert not list(taken)


async def test_rate_counts_segments(smsc: Smsc) -> None:
    async with linked(smsc.port, rate=200, window=1_000) as opened:
        loop = asyncio.get_running_loop()
        began = loop.time()
        opened.link.submit([outgoing(f"+4477009{n:05}", "x" * 300) for n in range(200)])
        await smsc.wait("submits", 150)
        submits = (await smsc.stats()).submits
        burst = 4
        assert submits <= 200 * (loop.time() - began) + burst
