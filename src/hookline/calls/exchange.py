"""The call room of one node, put together: engines, conductor, what comes in, and the clockwork.

A call whose node is gone has failed; a call that nobody could place within its time has as well.
"""

import asyncio

from hookline.calls.answers import AnswerUrls, SecretsOf
from hookline.calls.conductor import Conductor
from hookline.calls.deleting import remove_left_files
from hookline.calls.inbound import Inbound
from hookline.calls.media import MediaShelf
from hookline.calls.permission import Permission
from hookline.calls.phone_book import PhoneBook, account_of
from hookline.calls.phone_control import PhoneControl
from hookline.calls.phone_hands import PhoneHands
from hookline.calls.phone_screens import PhoneScreens
from hookline.calls.progress import TakeSteps
from hookline.calls.recording_files import LocalRecordings
from hookline.calls.recovery import recover
from hookline.calls.retention import RecordingRetention
from hookline.calls.runner import CallRunner, Desk
from hookline.calls.submission import Placement
from hookline.clock import Clock
from hookline.errors import HooklineError
from hookline.ids import AccountId, CarrierId
from hookline.numbers.book import NumberBook
from hookline.outbound.http_client import HttpClient
from hookline.settings import Settings
from hookline.storage.leases import Leases
from hookline.storage.store import Store
from hookline.storage.wakeups import Wakeups
from hookline.telemetry.logs import get_logger
from hookline.voice.engines import Engines
from hookline.voice.port import Dial, Engine, EngineOpening, LegId
from hookline.voice.sandbox.engine import SandboxEngine, Surroundings
from hookline.voice.sandbox.phones import PhoneId, VirtualPhones
from hookline.voice.speech import Speech
from hookline.voice.speech_cache import SpeechCache

log = get_logger(__name__)
_TICK_S = 4.0
_SLOW_TICKS = 3
_HOUR_TICKS = 900
_STOP_S = 1.5


class Exchange:
    """What a serving process has for calls."""

    def __init__(
        self,
        store: Store,
        leases: Leases,
        book: NumberBook,
        speech: Speech,
        secrets_of: SecretsOf,
        permission: Permission,
    ) -> None:
        settings = store.settings
        self._store = store
        self._leases = leases
        self._speech = speech
        self._client = media_client(settings, store.clock)
        self.files = LocalRecordings(settings.data_dir / "recordings")
        self.retention = RecordingRetention(store, self.files)
        self.phones = VirtualPhones(store.clock)
        self.phone_book = PhoneBook(store)
        self.engines = Engines(self._open_sandbox)
        self._screens = PhoneScreens(store, leases, self.phones)
        self._hands = PhoneHands(store, leases.node, self.phones, speech)
        self.phone_control = PhoneControl(store, self.engines, self.phones, self._screens, speech)
        self._runs: dict[str, CallRunner] = {}
        cache = SpeechCache(settings.data_dir / "media", bytes_max=settings.media_cache_bytes_max)
        desk = Desk(
            store,
            leases.node,
            MediaShelf(speech, self._client, cache, settings),
            AnswerUrls(store, self._client, secrets_of, permission),
            self.files,
            TakeSteps(),
            self._runs,
            self.phone_book.load,
        )
        self.inbound = Inbound(store, leases.node, permission, self._caller_account)
        self.conductor = Conductor(desk, self.engines, self.inbound.take_in)
        self.placement = Placement(store, book, permission, self.conductor)

    def listen(self, wakeups: Wakeups) -> None:
        """Hear of calls and wishes that other processes have stored."""
        self.conductor.listen(wakeups)
        self._hands.listen(wakeups)

    async def run(self) -> None:
        """Look for ever for what a wake-up may have missed."""
        await remove_left_files(self._store, self.files)
        ticks = 0
        while True:
            await asyncio.sleep(_TICK_S)
            ticks += 1
            try:
                await self.conductor.claim()
                await self.conductor.obey()
                self._hands.look()
                if ticks % _SLOW_TICKS == 0:
                    await self.conductor.end_forsaken()
                    await self._screens.forget_old()
                if ticks % _HOUR_TICKS == 0:
                    await remove_left_files(self._store, self.files)
            except HooklineError as error:
                log.warning("calls_unseen", detail=error.detail)

    async def recover(self) -> None:
        """Take up what nodes that are gone have left; harmless when repeated."""
        await recover(self._store, self._leases)
        await self._screens.end_lost()
        await self.conductor.claim()

    async def stop(self) -> None:
        """Hang up what runs, and close the engines."""
        try:
            async with asyncio.timeout(_STOP_S):
                await self.conductor.stop()
        except TimeoutError:
            log.warning("calls_left", reason="whoever comes next ends them")
            await self.conductor.cancel()
        finally:
            await self.engines.close()
            await self._store_screens()
            await self._client.close()

    async def _store_screens(self) -> None:
        """What the phones show last; whoever comes next ends what could not be stored."""
        await self._hands.cancel()
        try:
            async with asyncio.timeout(_STOP_S):
                await self._screens.settle()
        except TimeoutError:
            await self._screens.cancel()

    # --- the sandbox --------------------------------------------------------------------------------

    def _open_sandbox(self, carrier_id: CarrierId) -> Engine:
        settings, clock = self._store.settings, self._store.clock
        node, folder = self._leases.node, settings.data_dir
        opening = EngineOpening(carrier_id, node, self.conductor, clock, folder)
        around = Surroundings(
            phones=self.phones,
            find_phone=self._find_phone,
            new_leg_id=lambda: LegId(self._store.ids.new("leg")),
            legs_max=settings.sandbox_legs_max,
            text_of=self._speech.text_of,
            speech=self._speech,
        )
        return SandboxEngine(opening, around)

    def _find_phone(self, dial: Dial) -> PhoneId | None:
        run = self._runs.get(dial.leg_id)
        if run is None:
            return None
        return self.phone_book.find(AccountId(run.live.call.account_id), dial.to)

    def _caller_account(self, leg_id: LegId) -> AccountId | None:
        call = self.phones.find_call(leg_id)
        return None if call is None else account_of(call.phone_id)


def media_client(settings: Settings, clock: Clock) -> HttpClient:
    """For answer URLs and for files to play, which are larger than a webhook's answer."""
    return HttpClient(
        allow_targets=settings.allow_targets,
        connect_timeout_s=settings.webhook_connect_timeout_s,
        response_read_max=settings.media_bytes_max,
        clock=clock,
    )
