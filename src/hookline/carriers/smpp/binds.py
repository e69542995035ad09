"""A link's binds: each sends and hears, and goes on when another is lost.

A bind is one session both ways, or one that sends and one that hears. The link is up while any
session sends and any hears; what is wrong with the others is told in its detail.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from hookline.carriers.pace import Backoff, Timing
from hookline.carriers.smpp.connector import Connector
from hookline.carriers.smpp.pdu import Command, Deliver
from hookline.carriers.smpp.session import Answer, SmppSession
from hookline.carriers.smpp.settings import SmppSettings
from hookline.carriers.smpp.window import Window
from hookline.clock import Clock
from hookline.telemetry.link_state import LinkPhase, SessionState

_ORDER = (LinkPhase.CLOSED, LinkPhase.WAITING, LinkPhase.CONNECTING, LinkPhase.BOUND)
"""From the worst to the best."""
_COMMANDS = {
    "transceiver": (Command.BIND_TRANSCEIVER,),
    "pair": (Command.BIND_TRANSMITTER, Command.BIND_RECEIVER),
}
_SENDS = {Command.BIND_TRANSCEIVER, Command.BIND_TRANSMITTER}
_HEARS = {Command.BIND_TRANSCEIVER, Command.BIND_RECEIVER}
_AHEAD = 2
"""Messages handed over a place in the window: the next are at hand when answers come."""
_BEING_CONNECTED = "It is being connected."


class Owner(Protocol):
    """Who the binds are for."""

    def answered(self, answers: Sequence[Answer]) -> None: ...

    def delivered(
        self, session: SmppSession, delivers: Sequence[tuple[int, int, Deliver]]
    ) -> None: ...

    def writable(self) -> None: ...

    def lost(self, tokens: Sequence[Any]) -> None: ...  # Any: as `send` got them

    def session_began(self) -> None:
        """A session has bound."""
        ...

    def sender_ended(self, bind: "CarrierBind", reason: str) -> None:
        """Nothing goes out by this bind until it is back; `lost` was called before."""
        ...

    def hearer_ended(self, reason: str) -> None:
        """What only hears has ended, or could not begin."""
        ...


class CarrierBind:
    """One bind, kept up: what its sessions say is told to the link."""

    def __init__(
        self,
        owner: Owner,
        settings: SmppSettings,
        secrets: Mapping[str, str],
        clock: Clock,
        timing: Timing,
    ) -> None:
        self._owner = owner
        self._clock_s = asyncio.get_running_loop().time
        self._window = Window(settings.window)
        self._is_probing = False
        """Its last session fell silent on a submit: one at a time until one is answered."""
        password = secrets.get("password", "")
        self.connectors = [
            Connector(settings, password, command, self, clock, Backoff(timing))
            for command in _COMMANDS[settings.bind]
        ]

    @property
    def sender(self) -> SmppSession | None:
        """The session that submits go out by, while it is bound."""
        return self.connectors[0].session

    @property
    def window(self) -> int:
        """How many segments may be open on it now."""
        return 1 if self._is_probing else self._window.size

    @property
    def ahead(self) -> int:
        """How many messages are worth having at hand for it now."""
        if self.sender is None:
            return 0
        return 1 if self._is_probing else self._window.size * _AHEAD

    @property
    def room(self) -> int:
        """How many more segments may leave by it now."""
        sender = self.sender
        if sender is None or not sender.is_writable:
            return 0
        return max(0, self.window - sender.in_flight)

    def states(self, number: int) -> list[SessionState]:
        """How its sessions are."""
        found = []
        for one in self.connectors:
            session = one.session
            sends = session is not None and one.command in _SENDS
            state = SessionState(
                bind=number,
                role=one.command.name.removeprefix("BIND_").lower(),
                phase=one.phase,
                since=one.since,
                detail=one.detail,
                window=self.window if sends else 0,
                in_flight=session.in_flight if session is not None else 0,
            )
            found.append(state)
        return found

    # --- what its sessions say ---------------------------------------------------------------

    def answered(self, answers: Sequence[Answer]) -> None:
        self._is_probing = False
        sender = self.sender
        is_full = sender is not None and sender.in_flight + len(answers) >= self._window.size
        self._window.answered(answers[-1].waited_s, len(answers), self._clock_s(), is_full=is_full)
        self._owner.answered(answers)

    def delivered(self, session: SmppSession, delivers: Sequence[tuple[int, int, Deliver]]) -> None:
        self._owner.delivered(session, delivers)

    def writable(self) -> None:
        self._owner.writable()

    def lost(self, tokens: Sequence[Any]) -> None:  # Any: as `send` got them
        self._owner.lost(tokens)

    def session_began(self) -> None:
        self._owner.session_began()

    def session_ended(self, command: Command, reason: str, *, silent: bool) -> None:
        self._is_probing = self._is_probing or silent
        if command in _SENDS:
            self._owner.sender_ended(self, reason)
        else:
            self._owner.hearer_ended(reason)


class Condition(NamedTuple):
    """How binds are together."""

    phase: LinkPhase
    since: int
    detail: str | None


def condition_of(connectors: Sequence[Connector]) -> Condition:
    """Bound since when there has been one that sends and one that hears."""
    senders = [one for one in connectors if one.command in _SENDS]
    hearers = [one for one in connectors if one.command in _HEARS]
    best = [max(ones, key=_goodness) for ones in (senders, hearers)]
    worst = min(best, key=lambda one: _ORDER.index(one.phase))
    if worst.phase is not LinkPhase.BOUND:
        return Condition(worst.phase, worst.since, worst.detail)
    down = [one for one in connectors if one.phase is not LinkPhase.BOUND]
    since = max(one.since for one in best)
    return Condition(LinkPhase.BOUND, since, _partly(down, len(connectors)))


def _goodness(connector: Connector) -> tuple[int, int]:
    return _ORDER.index(connector.phase), -connector.since


def _partly(down: Sequence[Connector], total: int) -> str | None:
    if not down:
        return None
    verb = "is" if len(down) == 1 else "are"
    why = next((one.detail for one in down if one.detail), _BEING_CONNECTED)
    return f"{len(down)} of {total} sessions {verb} down: {why}"


def spread(rooms: Sequence[int], segments: int) -> list[int]:
    """How many of the segments each bind gets, so that all have as much room left as can be."""
    if len(rooms) == 1:
        return [min(rooms[0], segments)]
    left = min(segments, sum(rooms))
    order = sorted(range(len(rooms)), key=lambda index: -rooms[index])
    level, sharing = _level(rooms, order, left)
    shares = [max(0, room - level) for room in rooms]
    surplus = sum(shares) - left
    for index in order[:sharing]:
        if not surplus:
            break
        shares[index] -= 1
        surplus -= 1
    return shares


def _level(rooms: Sequence[int], order: Sequence[int], segments: int) -> tuple[int, int]:
    """The room that is left everywhere where something leaves, rounded down, and in how many."""
    total = 0
    for count, index in enumerate(order, 1):
        total += rooms[index]
        level = max(0, (total - segments) // count)
        if count == len(order) or level >= rooms[order[count]]:
            return level, count
    return 0, 0


def enquired_at(connectors: Iterable[Connector]) -> float:
    """When the session that was asked the longest ago last said that it is there; 0: none yet."""
    instants = [one.session.enquired_at for one in connectors if one.session is not None]
    return min(instants, default=0.0)
