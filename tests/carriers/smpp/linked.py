"""A link to test, and the message room's side of its port, which remembers and can be awkward."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from hookline.carriers.encoding import segment, split
from hookline.carriers.pace import Timing
from hookline.carriers.port import (
    Incoming,
    Opening,
    Outgoing,
    Receipt,
    Session,
    SubmitResult,
    Submitted,
)
from hookline.carriers.smpp.link import SmppLink
from hookline.carriers.smpp.settings import SmppSettings
from hookline.clock import SystemClock, UnixMs
from hookline.ids import CarrierId, MessageId
from hookline.telemetry.link_state import LinkPhase, LinkState

PATIENCE_S = 10.0
QUICK = Timing(pause_s=0.05, pause_max_s=0.4, refusal_s=0.02, connect_s=0.02, connect_max_s=0.1)
CARRIER = CarrierId("car_1")
SENDER = "+12025550100"
VALID_UNTIL = UnixMs(1_900_000_000_000)
_numbers = itertools.count(1)


class Room:
    """What a link has reported."""

    def __init__(self) -> None:
        self.outcomes: list[Submitted] = []
        self.heard: list[Receipt] = []
        self.messages: list[Incoming] = []
        self.known_by_carrier: list[tuple[Session, UnixMs]] = []
        self.readies = 0
        self.stores = True
        """Whether receipts are done, and messages stored; else both wait for `release`."""
        self.refusal: Exception | None = None
        """Raised for each message in place of storing it."""
        self._undone: list[tuple[Callable[[Receipt], None], Receipt]] = []
        self._released = asyncio.Event()

    def submitted(self, carrier_id: CarrierId, outcomes: Sequence[Submitted]) -> None:
        self.outcomes.extend(outcomes)

    def receipts(
        self,
        carrier_id: CarrierId,
        receipts: Sequence[Receipt],
        done: Callable[[Receipt], None] | None = None,
    ) -> None:
        self.heard.extend(receipts)
        if done is None:  # asked for: the carrier waits for no acknowledgement
            return
        if self.stores:
            for receipt in receipts:
                done(receipt)
        else:
            self._undone += [(done, receipt) for receipt in receipts]

    async def received(self, carrier_id: CarrierId, message: Incoming) -> MessageId | None:
        self.messages.append(message)
        if not self.stores:
            await self._released.wait()
        if self.refusal is not None:
            raise self.refusal
        return MessageId("msg_in")

    def acknowledged(self, carrier_id: CarrierId, session: Session, before: UnixMs) -> None:
        self.known_by_carrier.append((session, before))

    def ready(self, carrier_id: CarrierId) -> None:
        self.readies += 1

    def release(self) -> None:
        """What waited is durable now."""
        self.stores = True
        self._released.set()
        undone, self._undone = self._undone, []
        for done, receipt in undone:
            done(receipt)

    def outcome(self, message: Outgoing) -> Submitted:
        """The only one of the message."""
        [found] = [one for one in self.outcomes if one.message_id == message.message_id]
        return found

    def results(self) -> list[SubmitResult]:
        return [one.result for one in self.outcomes]


class Linked:
    """An open link and its room."""

    def __init__(self, link: SmppLink, room: Room) -> None:
        self.link = link
        self.room = room

    async def bound(self, times: int = 1) -> None:
        """Once it has bound so often, and is bound."""
        await until(
            lambda: self.room.readies >= times and self.link.state().phase is LinkPhase.BOUND
        )

    async def waiting(self, *words: str) -> str:
        """Once it is down for a reason that has these words; the whole reason."""

        def is_so() -> bool:
            state = self.link.state()
            detail = state.detail or ""
            return state.phase is LinkPhase.WAITING and all(word in detail for word in words)

        await until(is_so, self.link.state)
        return self.link.state().detail or ""

    async def send(self, *messages: Outgoing) -> list[Submitted]:
        """Submit, and return the outcomes in the order of the messages."""
        self.link.submit(messages)
        await self.outcomes(len(self.room.outcomes) + len(messages), of=messages)
        return [self.room.outcome(message) for message in messages]

    async def outcomes(self, count: int, of: Sequence[Outgoing] = ()) -> list[Submitted]:
        """Once there are that many outcomes, or all of those messages."""
        wanted = {message.message_id for message in of}

        def is_so() -> bool:
            known = {one.message_id for one in self.room.outcomes}
            return wanted <= known if wanted else len(self.room.outcomes) >= count

        await until(is_so, lambda: (self.room.outcomes, self.link.state()))
        return self.room.outcomes


def settings_for(port: int, **changes: object) -> SmppSettings:
    """Quick to notice silence, and without a rate. Changes may be below what users may set."""
    settings = SmppSettings(
        host="127.0.0.1", port=port, system_id="esme", rate=0, response_timeout_seconds=5
    )
    return settings.model_copy(update=changes)


def open_link(
    settings: SmppSettings,
    room: Room,
    *,
    password: str = "secret",
    before: LinkState | None = None,
    timing: Timing = QUICK,
) -> SmppLink:
    opening = Opening(CARRIER, room, SystemClock(), before)
    return SmppLink(settings, {"password": password}, opening, timing)


@asynccontextmanager
async def linked(
    port: int, *, is_bound: bool = True, timing: Timing = QUICK, **changes: object
) -> AsyncIterator[Linked]:
    """A link to loopback, closed at the end."""
    room = Room()
    opened = Linked(open_link(settings_for(port, **changes), room, timing=timing), room)
    try:
        if is_bound:
            await opened.bound()
        yield opened
    finally:
        await opened.link.close()


def outgoing(
    recipient: str = "+447700900001", text: str = "hello", sender: str = SENDER
) -> Outgoing:
    """A new message."""
    message_id = MessageId(f"msg_{next(_numbers):08}")
    return Outgoing(
        message_id, sender, recipient, tuple(split(text)), segment(text).encoding, VALID_UNTIL
    )


async def until(is_so: Callable[[], bool], shown: Callable[[], object] = lambda: "") -> None:
    """Returns once it is so."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():  # noqa: ASYNC110 - a link tells nobody of its phase
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"it never came to be so: {shown()}") from None
