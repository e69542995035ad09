"""A link to a carrier that is asked by HTTP, and the message room's side of its port."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network

from hookline.carriers.http.dialect import Dialect
from hookline.carriers.http.link import HttpLink
from hookline.carriers.http.settings import RequestSettings
from hookline.carriers.http.twilio.dialect import TwilioDialect
from hookline.carriers.http.twilio.settings import TwilioSettings
from hookline.carriers.port import Opening, Outgoing, Submitted
from hookline.clock import SystemClock
from hookline.outbound.http_client import HttpClient
from hookline.telemetry.link_state import LinkPhase
from tests.carriers.smpp.linked import CARRIER, QUICK, Room, outgoing, until
from tests.services.twilio import ACCOUNT, TOKEN

__all__ = ["CARRIER", "PUBLIC", "Linked", "linked", "outgoing", "twilio_link", "until"]
PUBLIC = "https://sms.example.com"


class Linked:
    """An open link and its room."""

    def __init__(self, link: HttpLink, room: Room) -> None:
        self.link = link
        self.room = room

    async def bound(self, times: int = 1) -> None:
        """Once it has been found reachable so often, and is."""
        await until(
            lambda: self.room.readies >= times and self.link.state().phase is LinkPhase.BOUND,
            self.link.state,
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
        await self.outcomes(len(messages), of=messages)
        return [self.room.outcome(message) for message in messages]

    async def outcomes(self, count: int, of: Sequence[Outgoing] = ()) -> list[Submitted]:
        """Once there are that many outcomes, or all of those messages."""
        wanted = {message.message_id for message in of}

        def is_so() -> bool:
            known = {one.message_id for one in self.room.outcomes}
            return wanted <= known if wanted else len(self.room.outcomes) >= count

        await until(is_so, lambda: (self.room.outcomes, self.link.state()))
        return self.room.outcomes


@asynccontextmanager
async def linked(
    dialect: Dialect,
    settings: RequestSettings,
    *,
    public_url: str = PUBLIC,
    allow: str = "127.0.0.0/8",
    is_bound: bool = True,
) -> AsyncIterator[Linked]:
    """A link that may reach loopback, closed at the end."""
    client = HttpClient(allow_targets=[ip_network(allow)])
    room = Room()
    opening = Opening(CARRIER, room, SystemClock(), None, client, public_url)
    opened = Linked(HttpLink(dialect, settings, opening, QUICK), room)
    try:
        if is_bound:
            await opened.bound()
        yield opened
    finally:
        await opened.link.close()
        await client.close()


@asynccontextmanager
async def twilio_link(
    base_url: str, *, public_url: str = PUBLIC, is_bound: bool = True, **changes: object
) -> AsyncIterator[Linked]:
    """A link to the played Twilio. Changes may be below what users may set."""
    settings = TwilioSettings(
        account_sid=ACCOUNT, base_url=base_url, rate=0, response_timeout_seconds=5
    ).model_copy(update=changes)
    dialect = TwilioDialect(settings, {"auth_token": TOKEN}, CARRIER, public_url)
    async with linked(dialect, settings, public_url=public_url, is_bound=is_bound) as opened:
        yield opened
