"""How a carrier's link is, for whoever looks from outside of the node that has it.

The keeper writes the state down every few seconds. What nobody has seen for a while is down,
whatever it was then.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Row

from hookline.carriers.keeper import STALE_AFTER_MS
from hookline.carriers.kinds import LOCAL_KIND
from hookline.clock import UnixMs
from hookline.settings import Settings
from hookline.telemetry.link_state import Lately, LinkPhase, LinkState

CarrierRow = Row[Any]  # Any: every column of the table
LinkRow = Row[Any]  # Any: every column of the table

_NEVER = (
    "No server has opened the link yet. Start one with `hookline up`; it connects within a second."
)
_STALE = (
    "No server has kept the link up lately: the one that did has stopped or hangs. "
    "Start one with `hookline up`."
)
_DISABLED = "The carrier is disabled. Enable it to connect."
_CLOSED = "The server that had the link has closed it. A running server opens it within a second."
_CONNECTING = "The connection is being made. If this stays, check host and port."


class State(StrEnum):
    """A link's phase, or that nobody has the link."""

    BOUND = "bound"
    CONNECTING = "connecting"
    WAITING = "waiting"
    CLOSED = "closed"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class LinkView:
    """What is known of a carrier's link now."""

    state: State
    detail: str | None
    """What is wrong with it, or a part of it, as why it is not bound, and what to do about it."""
    figures: LinkState

    @property
    def is_bound(self) -> bool:
        return self.state is State.BOUND


def link_view(
    carrier: CarrierRow, link: LinkRow | None, now: UnixMs, settings: Settings
) -> LinkView:
    """How the carrier's link is; `link` is its row in carrier_links."""
    if carrier.kind == LOCAL_KIND:
        return _local(carrier, settings)
    figures = None if link is None else msgspec.json.decode(link.figures, type=LinkState)
    if carrier.disabled:
        return LinkView(State.CLOSED, _DISABLED, _quiet(figures, carrier.created_at))
    if link is None or figures is None:
        return LinkView(State.DOWN, _NEVER, _quiet(None, carrier.created_at))
    if now - link.seen_at >= STALE_AFTER_MS:
        return LinkView(State.DOWN, _STALE, _quiet(figures, link.seen_at))
    return LinkView(State(figures.phase), _detail(figures), figures)


def _local(carrier: CarrierRow, settings: Settings) -> LinkView:
    """The sandbox has no network that it could lose."""
    if carrier.disabled:
        return LinkView(State.CLOSED, _DISABLED, _quiet(None, carrier.created_at))
    figures = LinkState(
        phase=LinkPhase.BOUND,
        since=carrier.created_at,
        window=settings.sandbox_window,
        window_now=settings.sandbox_window,
    )
    return LinkView(State.BOUND, None, figures)


def _quiet(figures: LinkState | None, since: int) -> LinkState:
    """The last figures of a link that nobody has: its counts are history, nothing is under way."""
    if figures is None:
        return LinkState(phase=LinkPhase.CLOSED, since=since)
    return msgspec.structs.replace(
        figures,
        phase=LinkPhase.CLOSED,
        since=since,
        window_now=0,
        in_flight=0,
        rate=0.0,
        latency_p50_ms=None,
        latency_p95_ms=None,
        lately=Lately(),
        errors={},
        sessions=(),
    )


def _detail(figures: LinkState) -> str | None:
    if figures.phase is LinkPhase.BOUND:  # what may be wrong then is wrong with a part of it
        return figures.detail
    fallback = {LinkPhase.CLOSED: _CLOSED, LinkPhase.CONNECTING: _CONNECTING}
    return figures.detail or fallback.get(figures.phase, figures.last_error)
