"""How a carrier's link is, for whoever looks."""

from dataclasses import dataclass

import msgspec
import pytest

from hookline.carriers.keeper import STALE_AFTER_MS
from hookline.carriers.live_state import State, link_view
from hookline.clock import UnixMs
from hookline.settings import Settings
from hookline.telemetry.link_state import LinkPhase, LinkState

NOW = UnixMs(1_800_000_000_000)


@dataclass
class Carrier:
    kind: str = "smpp"
    disabled: int = 0
    created_at: int = NOW - 60_000


@dataclass
class Link:
    figures: str
    seen_at: int = NOW - 1_000


def link(phase: LinkPhase, detail: str | None = None, *, seen_at: int = NOW - 1_000) -> Link:
    state = LinkState(
        phase=phase, since=NOW - 5_000, detail=detail, window=50, in_flight=3, rate=2.0, submitted=9
    )
    return Link(msgspec.json.encode(state).decode(), seen_at)


def view(carrier: Carrier, found: Link | None) -> tuple[State, str | None, LinkState]:
    seen = link_view(carrier, found, NOW, Settings())  # type: ignore[arg-type]  # rows
    return seen.state, seen.detail, seen.figures


@pytest.mark.parametrize("phase", LinkPhase)
def test_a_link_that_was_seen_lately_is_in_its_phase(phase: LinkPhase) -> None:
    state, _, figures = view(Carrier(), link(phase))
    assert (state, figures.since, figures.in_flight) == (phase.value, NOW - 5_000, 3)


def test_what_is_not_bound_says_why() -> None:
    assert view(Carrier(), link(LinkPhase.WAITING, "Wrong password."))[1] == "Wrong password."
    for phase in (LinkPhase.CLOSED, LinkPhase.CONNECTING):
        assert view(Carrier(), link(phase))[1]
    assert view(Carrier(), link(LinkPhase.BOUND))[1] is None


def test_a_link_that_nobody_has_seen_for_long_is_down() -> None:
    seen_at = NOW - STALE_AFTER_MS
    state, detail, figures = view(Carrier(), link(LinkPhase.BOUND, seen_at=seen_at))
    assert (state, figures.since, figures.in_flight, figures.rate) == (State.DOWN, seen_at, 0, 0)
    assert figures.submitted == 9
    assert "hookline up" in str(detail)


def test_a_link_that_was_never_opened_is_down() -> None:
    state, detail, _ = view(Carrier(), None)
    assert state is State.DOWN
    assert "hookline up" in str(detail)


def test_a_disabled_carrier_is_closed() -> None:
    for kind in ("smpp", "sandbox"):
        state, detail, _ = view(Carrier(kind, disabled=1), link(LinkPhase.BOUND))
        assert (state, "Enable" in str(detail)) == (State.CLOSED, True)


def test_the_sandbox_is_always_bound() -> None:
    state, detail, figures = view(Carrier("sandbox"), None)
    assert (state, detail, figures.window) == (State.BOUND, None, Settings().sandbox_window)
