"""What a link shows of its last minutes."""

from hookline.carriers.figures import Figures
from hookline.clock import SystemClock
from hookline.telemetry.link_state import Lately, LinkPhase, LinkState
from tests.carriers.smpp.linked import Room, linked, open_link, outgoing, settings_for, until
from tests.services.smsc import INVALID_DESTINATION, SYSTEM_ERROR, THROTTLED, Rule, Smsc

STATE = LinkState(phase=LinkPhase.BOUND, since=0)


def test_waits_are_told_by_rank_within_a_twentieth() -> None:
    figures = Figures(SystemClock(), 0.0)
    for milliseconds in range(1, 101):
        figures.waited(milliseconds / 1e3)
    state = figures.state(STATE, 1.0)
    assert 50 <= (state.latency_p50_ms or 0) <= 53
    assert 95 <= (state.latency_p95_ms or 0) <= 100


def test_what_is_older_than_its_span_is_left_out() -> None:
    figures = Figures(SystemClock(), 0.0)
    figures.answered("accepted")
    figures.waited(0.01)
    figures.status("ESME_RTHROTTLED")
    figures.state(STATE, 1.0)
    figures.state(STATE, 20.0)
    later = figures.state(STATE, 90.0)
    assert (later.latency_p50_ms, later.lately.accepted) == (None, 1)
    last = figures.state(STATE, 400.0)
    assert (last.lately, last.errors, last.accepted) == (Lately(), {}, 1)


def test_odd_statuses_take_a_bounded_place() -> None:
    figures = Figures(SystemClock(), 0.0)
    for code in range(1_000):
        figures.status(f"0x{code:08X}")
    errors = figures.state(STATE, 1.0).errors
    assert (len(errors), errors["other"]) == (51, 950)


async def test_link_tells_what_became_of_segments_and_how_its_sessions_are(smsc: Smsc) -> None:
    await smsc.rule(
        Rule(destination="1$", status=INVALID_DESTINATION),
        Rule(destination="2$", times=1, status=THROTTLED),
        Rule(destination="3$", times=1, status=SYSTEM_ERROR),
    )
    async with linked(smsc.port, bind="pair", binds=2, window=10) as opened:
        await smsc.wait("binds", 4)
        await until(lambda: opened.link.state().detail is None)
        await opened.send(*(outgoing(f"+44770090000{n}") for n in range(3)))
        await opened.send(outgoing("+447700900003"))
        state = opened.link.state()
    assert state.lately == Lately(accepted=2, rejected=1, faulted=1, throttled=1)
    assert state.errors == {"ESME_RINVDSTADR": 1, "ESME_RTHROTTLED": 1, "ESME_RSYSERR": 1}
    assert (state.window, state.window_now) == (20, 20)
    assert state.rate_learned >= 10
    assert 0 < (state.latency_p50_ms or 0) <= (state.latency_p95_ms or 0)
    assert [(one.bind, one.role, one.window) for one in state.sessions] == [
        (1, "transmitter", 10), (1, "receiver", 0), (2, "transmitter", 10), (2, "receiver", 0),
    ]  # fmt: skip


async def test_what_was_learned_holds_when_the_link_is_opened_again(smsc: Smsc) -> None:
    before = LinkState(phase=LinkPhase.BOUND, since=0, rate_learned=50.0)
    link = open_link(settings_for(smsc.port), Room(), before=before)
    try:
        assert link.state().rate_learned == 50.0
    finally:
        await link.close()
