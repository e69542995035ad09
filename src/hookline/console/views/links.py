"""A carrier's link as pages show it: its state, its figures, its sessions."""

from dataclasses import dataclass

from hookline.carriers.live_state import State
from hookline.console.views.status import Badge
from hookline.telemetry.link_state import Lately, LinkState

_TONES = {
    State.BOUND: "ok",
    State.CONNECTING: "info",
    State.WAITING: "warn",
    State.DOWN: "bad",
    State.CLOSED: "",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number or fact about a link."""

    title: str
    value: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class SessionView:
    """One session of a link."""

    title: str
    status: Badge
    since: int
    figure: str
    detail: str


def link_badge(state: State) -> Badge:
    """A link's state as a word with a colour."""
    return Badge(state.value.capitalize(), _TONES[state])


def call_figures(found: LinkState) -> list[Figure]:
    """Of a link that carries calls."""
    room = f" / {found.window:,}" if found.window else ""
    return [
        Figure("Legs now", f"{found.in_flight:,}{room}"),
        Figure("Legs begun", f"{found.submitted:,}"),
    ]


def message_figures(found: LinkState) -> list[Figure]:
    """Of a link that carries messages."""
    limit = f" of {found.rate_limit:g}" if found.rate_limit else ""
    if found.rate_learned:
        limit = f" of {found.rate_learned:g} found"
    waits = "–"
    if found.latency_p50_ms is not None:
        waits = f"{found.latency_p50_ms:g} / {found.latency_p95_ms:g} ms"
    return [
        Figure("Window", f"{found.in_flight} / {found.window_now}"),
        Figure("Rate", f"{found.rate:g}{limit} /s"),
        Figure("Answers p50 / p95", waits),
        Figure("Refused lately", _refused_lately(found.lately)),
        Figure("Submitted", f"{found.submitted:,}"),
        Figure("Accepted", f"{found.accepted:,}"),
        Figure("Rejected", f"{found.rejected:,}", "bad" if found.rejected else ""),
        Figure("Throttled", f"{found.throttled:,}", "warn" if found.throttled else ""),
        Figure("Ambiguous", f"{found.ambiguous:,}", "warn" if found.ambiguous else ""),
        Figure("Receipts", f"{found.receipts:,}"),
        Figure("Received", f"{found.received:,}"),
    ]


def _refused_lately(lately: Lately) -> str:
    refused = lately.rejected + lately.faulted + lately.throttled
    answered = refused + lately.accepted
    return f"{refused:,} of {answered:,}" if answered else "–"


def session_views(found: LinkState) -> list[SessionView]:
    """The sessions, where there are several."""
    if len(found.sessions) < 2:
        return []
    return [
        SessionView(
            title=f"{one.role.capitalize()} {one.bind}",
            status=link_badge(State(one.phase)),
            since=one.since,
            figure=f"{one.in_flight} / {one.window}" if one.window else "",
            detail=one.detail or "",
        )
        for one in found.sessions
    ]
