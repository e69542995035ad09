"""Several binds of one carrier: what leaves by which, and what happens when one is lost."""

from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.carriers.port import SubmitResult
from hookline.carriers.smpp.binds import spread
from hookline.carriers.smpp.pdu import Command
from hookline.carriers.smpp.status import Status
from hookline.telemetry.link_state import LinkPhase
from tests.carriers.smpp.linked import linked, outgoing, until
from tests.carriers.smpp.played import playing
from tests.services.smsc import Rule, Smsc

LONG = "It was the best of times, it was the worst of times. " * 8


@given(rooms=st.lists(st.integers(0, 60), min_size=1, max_size=20), segments=st.integers(0, 200))
def test_spread_levels_the_room_that_is_left(rooms: list[int], segments: int) -> None:
    shares = spread(rooms, segments)
    assert sum(shares) == min(segments, sum(rooms))
    left = [room - share for room, share in zip(rooms, shares, strict=True)]
    assert all(share >= 0 for share in shares)
    assert min(left) >= 0
    used = [room for room, share in zip(left, shares, strict=True) if share]
    assert not used or max(left) - min(used) <= 1


async def test_messages_spread_and_each_stays_on_one_bind(smsc: Smsc) -> None:
    async with linked(smsc.port, binds=3, window=8) as opened:
        await smsc.wait("binds", 3)
        await until(lambda: opened.link.state().detail is None)
        await opened.send(*(outgoing(f"+4477009000{n:02}", LONG) for n in range(30)))
        await until(lambda: len(opened.room.heard) == 90)
        assert opened.link.state().window == 24
    ways: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for one in await smsc.submits():
        ways[one.destination].add((one.session, one.udh[3]))
    assert all(len(of_message) == 1 for of_message in ways.values())
    assert len({session for of_message in ways.values() for session, _ in of_message}) == 3


async def test_one_recipients_messages_keep_their_order_over_all_binds(smsc: Smsc) -> None:
    async with linked(smsc.port, binds=4, window=5) as opened:
        await smsc.wait("binds", 4)
        messages = [outgoing(f"+44770090000{n % 3}", f"{n:03}") for n in range(90)]
        await opened.send(*messages)
    for texts in (await smsc.texts_by_destination()).values():
        assert texts == sorted(texts)
    assert await smsc.duplicates() == {}


async def test_lost_session_leaves_only_what_was_open_on_it_in_doubt(smsc: Smsc) -> None:
    await smsc.rule(Rule(lose="answer"))
    async with linked(smsc.port, binds=3, window=4) as opened:
        await smsc.wait("binds", 3)
        messages = [outgoing(f"+4477009000{n:02}") for n in range(30)]
        opened.link.submit(messages)
        await smsc.wait("accepted", 12)
        by_session = defaultdict(set)
        for one in await smsc.submits():
            by_session[one.session].add(one.destination)
        lost = min(by_session)
        await smsc.rule()
        await smsc.kick(lost)
        await opened.outcomes(4)
        assert opened.link.window > 0
        assert opened.link.state().phase is LinkPhase.BOUND
        doubtful = [
            m for m in messages if m.message_id in {o.message_id for o in opened.room.outcomes}
        ]
        assert {m.recipient.removeprefix("+") for m in doubtful} <= by_session[lost]
        await opened.outcomes(22)
    results = Counter(opened.room.outcome(message).result for message in doubtful)
    assert results == {SubmitResult.AMBIGUOUS: 4}
    assert await smsc.duplicates() == {}


async def test_bind_that_is_refused_is_told_while_the_others_work(smsc: Smsc) -> None:
    await smsc.change(sessions_max=2)
    async with linked(smsc.port, binds=3) as opened:
        await until(lambda: "RALYBND" in (opened.link.state().detail or ""))
        state = opened.link.state()
        assert state.phase is LinkPhase.BOUND
        assert (state.detail or "").startswith("1 of 3 sessions is down: ESME_RALYBND")
        await opened.send(outgoing())


async def test_pair_that_cannot_hear_is_not_bound(smsc: Smsc) -> None:
    await smsc.change(sessions_max=1)
    async with linked(smsc.port, bind="pair", is_bound=False) as opened:
        assert "RALYBND" in await opened.waiting("RALYBND")


async def test_several_pairs_bind_and_hear(smsc: Smsc) -> None:
    async with linked(smsc.port, bind="pair", binds=2) as opened:
        await smsc.wait("binds", 4)
        modes = Counter(one.mode for one in (await smsc.stats()).sessions)
        await opened.send(*(outgoing(f"+44770090000{n}") for n in range(4)))
        await until(lambda: len(opened.room.heard) == 4)
    assert modes == {"transmitter": 2, "receiver": 2}


async def test_rate_is_shared(smsc: Smsc) -> None:
    async with linked(smsc.port, binds=3, rate=100, window=1_000) as opened:
        await smsc.wait("binds", 3)
        opened.link.submit([outgoing(f"+4477009{n:05}") for n in range(200)])
        assert opened.link.window == 100
        await smsc.wait("submits", 20)
        assert opened.link.state().rate_limit == 100


async def test_rest_of_a_half_sent_message_goes_by_another_bind() -> None:
    async with playing(binds=2, window=1) as (opened, carrier, first):
        second = await carrier.bound_peer()
        await until(lambda: opened.room.readies == 2)
        opened.link.submit([outgoing(text="x" * 400)])
        submit = await first.take(Command.SUBMIT_SM)
        first.accept(submit, "id-1")
        again = await first.take(Command.SUBMIT_SM)
        first.answer(again, status=Status.ESME_RTHROTTLED)  # put off: nothing is open now
        first.put(Command.UNBIND, 2)
        for number in (2, 3):
            second.accept(await second.take(Command.SUBMIT_SM), f"id-{number}")
        [outcome] = await opened.outcomes(1)
        second.writer.transport.abort()
    assert outcome.carrier_message_ids == ("id-1", "id-2", "id-3")


@pytest.mark.parametrize("binds", [1, 2])
async def test_all_sessions_lost_gives_back_what_has_not_left(smsc: Smsc, binds: int) -> None:
    await smsc.rule(Rule(lose="answer"))
    async with linked(smsc.port, binds=binds, window=2) as opened:
        await smsc.wait("binds", binds)
        messages = [outgoing(f"+4477009000{n:02}") for n in range(10)]
        opened.link.submit(messages)
        await smsc.wait("accepted", 2 * binds)
        await smsc.kick()
        await opened.outcomes(10)
    assert Counter(opened.room.results()) == {"ambiguous": 2 * binds, "throttled": 10 - 2 * binds}
