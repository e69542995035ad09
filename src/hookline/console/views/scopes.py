"""The grid in which a person chooses scopes: resources down, reading and changing across."""

from collections.abc import Sequence
from dataclasses import dataclass

from hookline.principal import Scope

TITLES = {
    "messages": "Messages",
    "webhooks": "Webhooks",
    "events": "Events",
    "numbers": "Numbers",
    "opt_outs": "Opt-outs",
    "credentials": "Credentials",
    "calls": "Calls",
    "recordings": "Recordings",
    "carriers": "Carriers",
    "users": "Users",
    "audit": "Audit log",
    "requests": "Request log",
    "account": "Account",
}
_USUAL = ("messages", "webhooks", "events", "numbers", "opt_outs")
SEND_AND_RECEIVE = frozenset(
    {
        Scope.MESSAGES_SEND,
        Scope.MESSAGES_READ,
        Scope.WEBHOOKS_READ,
        Scope.EVENTS_READ,
        Scope.NUMBERS_READ,
        Scope.OPT_OUTS_READ,
    }
)
PRESETS: tuple[tuple[str, frozenset[Scope]], ...] = (
    ("Send SMS", frozenset({Scope.MESSAGES_SEND, Scope.MESSAGES_READ, Scope.NUMBERS_READ})),
    ("Send and receive SMS", SEND_AND_RECEIVE),
    (
        "Receive webhooks",
        frozenset(
            {
                Scope.WEBHOOKS_READ,
                Scope.WEBHOOKS_WRITE,
                Scope.EVENTS_READ,
                Scope.MESSAGES_READ,
                Scope.CALLS_READ,
            }
        ),
    ),
    (
        "Place calls",
        frozenset(
            {Scope.CALLS_CREATE, Scope.CALLS_READ, Scope.RECORDINGS_READ, Scope.NUMBERS_READ}
        ),
    ),
    ("Read only", frozenset(scope for scope in Scope if scope.endswith(":read"))),
    ("Everything", frozenset(Scope)),
)
"""Usual choices, as the dialogs and the reference show them."""


@dataclass(frozen=True, slots=True)
class Box:
    """One scope that can be ticked."""

    scope: str
    action: str
    is_chosen: bool
    is_locked: bool
    """The person does not hold it, so cannot give or take it."""


@dataclass(frozen=True, slots=True)
class GridRow:
    """The scopes on one resource."""

    title: str
    read: Sequence[Box]
    change: Sequence[Box]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that are shown together; the second part is folded away."""

    rows: Sequence[GridRow]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Preset:
    """A usual choice."""

    title: str
    scopes: Sequence[str]
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Grid:
    """Everything that the form needs."""

    presets: Sequence[Preset]
    parts: Sequence[Part]
    chosen: int


def scope_grid(held: frozenset[Scope], chosen: frozenset[Scope]) -> Grid:
    """The grid for a person who holds some scopes, with some ticked."""
    rows = {name: _row(name, held, chosen) for name in TITLES}
    usual = [rows[name] for name in _USUAL]
    others = [row for name, row in rows.items() if name not in _USUAL]
    is_open = any(box.is_chosen for row in others for box in (*row.read, *row.change))
    return Grid(
        presets=_presets(held, chosen),
        parts=[Part(usual, is_open=True), Part(others, is_open=is_open)],
        chosen=len(chosen),
    )


def _row(resource: str, held: frozenset[Scope], chosen: frozenset[Scope]) -> GridRow:
    boxes = [
        Box(scope.value, scope.partition(":")[2], scope in chosen, scope not in held)
        for scope in Scope
        if scope.partition(":")[0] == resource
    ]
    return GridRow(
        TITLES[resource],
        [box for box in boxes if box.action == "read"],
        [box for box in boxes if box.action != "read"],
    )


def _presets(held: frozenset[Scope], chosen: frozenset[Scope]) -> list[Preset]:
    return [
        Preset(title, sorted(scopes & held), is_chosen=scopes & held == chosen)
        for title, scopes in PRESETS
        if scopes & held
    ]
