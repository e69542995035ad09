"""Two nodes of one installation with real sandboxes, and the virtual phones that both show."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from hookline.accounts.countries import AccountCountries
from hookline.audit.append import AuditTrail
from hookline.calls import phone_reading
from hookline.calls.exchange import Exchange
from hookline.calls.permission import Permission
from hookline.calls.phone_reading import CallAtPhone
from hookline.calls.phone_screens import PHONES_TOPICS
from hookline.calls.schemas import CallCreate, PhoneAction
from hookline.clock import Clock
from hookline.events.append import EventLog
from hookline.ids import AccountId, IdSource
from hookline.numbers.book import NumberBook
from hookline.principal import Mode, Principal
from hookline.settings import Settings
from hookline.storage.database import open_database
from hookline.storage.leases import Leases
from hookline.storage.store import Store
from hookline.storage.wakeups import Wakeups
from hookline.voice.sandbox.phones import PhoneCallState
from hookline.voice.speech import open_speech
from tests.calls.played import PATIENCE_S
from tests.calls.room import credential
from tests.messages.room import SignalingFanOut
from tests.storage.databases import running_writer

ALEX, SAM = "+12025550110", "+12025550111"
OURS = "+12025550100"


async def no_secrets(account_id: AccountId) -> list[str]:
    """Nothing is signed here."""
    raise AssertionError(f"{account_id} has no answer URL")


@dataclass
class PhoneNode:
    """One process: its exchange, and a person and a script who use its phones."""

    store: Store
    wakeups: Wakeups
    leases: Leases
    exchange: Exchange
    account_id: AccountId

    def __post_init__(self) -> None:
        self.tester = credential(self.account_id, Mode.TEST)
        self._more = asyncio.Event()
        self.wakeups.subscribe_prefix(PHONES_TOPICS, lambda _: self._more.set())

    async def place(self, to: str = ALEX, by: Principal | None = None, **changes: object) -> str:
        """Call a phone; the call's id."""
        body = {"from": OURS, "to": to, "actions": [{"pause": {"seconds": 60}}], **changes}
        wanted = CallCreate.model_validate({k: v for k, v in body.items() if v is not None})
        prepared = await self.exchange.placement.prepare(by or self.tester, wanted)
        call = await self.store.commit(lambda tx: self.exchange.placement.accept(tx, prepared))
        return call.id

    async def call(self, phone: str = ALEX, to: str = OURS) -> CallAtPhone:
        return await self.exchange.phone_control.call(self.tester, phone, to=to)

    async def answer(self, leg_id: str, phone: str = ALEX) -> None:
        await self.exchange.phone_control.answer(self.tester, phone, leg_id)

    async def decline(self, leg_id: str) -> None:
        await self.exchange.phone_control.decline(self.tester, ALEX, leg_id)

    async def hang_up(self, leg_id: str) -> None:
        await self.exchange.phone_control.hang_up(self.tester, ALEX, leg_id)

    async def act(self, leg_id: str, phone: str = ALEX, **action: object) -> None:
        wanted = PhoneAction.model_validate(action)
        await self.exchange.phone_control.act(self.tester, phone, leg_id, wanted)

    async def sees(self, state: PhoneCallState, phone: str = ALEX) -> CallAtPhone:
        """The newest call at the phone, once it is in this state."""
        return await self.sees_when(lambda one: one.shown.state is state, phone)

    async def sees_when(
        self, is_so: Callable[[CallAtPhone], object], phone: str = ALEX
    ) -> CallAtPhone:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                self._more.clear()
                found = await self.list(phone)
                if found and is_so(found[0]):
                    return found[0]
                await self._more.wait()

    async def list(self, phone: str = ALEX) -> list[CallAtPhone]:
        return [*await phone_reading.list_calls(self.store, self.account_id, phone, Mode.TEST)]


@asynccontextmanager
async def phone_node(
    settings: Settings, clock: Clock, account_id: AccountId
) -> AsyncIterator[PhoneNode]:
    """A process of its own on the database: connections, writer, wake-ups, exchange."""
    database = open_database(settings)
    ids = IdSource(clock)
    finishers = (AuditTrail(clock), EventLog(ids, SignalingFanOut()))
    async with running_writer(database, settings, *finishers) as writer:
        store = Store(database, writer, ids, clock, settings)
        wakeups = Wakeups(database, writer)
        leases = Leases(database, writer, clock, settings)
        await leases.start(alone=False)
        speech = open_speech(settings)
        book = NumberBook(store, wakeups)
        permission = Permission(store, AccountCountries(store, wakeups))
        exchange = Exchange(store, leases, book, speech, no_secrets, permission)
        exchange.listen(wakeups)
        tasks = [asyncio.create_task(wakeups.run()), asyncio.create_task(exchange.run())]
        try:
            yield PhoneNode(store, wakeups, leases, exchange, account_id)
        finally:
            await exchange.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await speech.close()
    await database.close()
