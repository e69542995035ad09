"""The composition root: the only place that knows every room, and joins them.

`Core` (foundation.py) is what each process has, `Server` what serves on top of it. What flows upwards (a
token to its principal, an event to its deliveries, a link's report to its message) is joined here.
"""

import asyncio
import itertools
import signal
from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import ASGIApp

from hookline import __version__
from hookline.accounts import access_routes
from hookline.accounts import routes as account_routes
from hookline.api import health, problems
from hookline.api.asyncapi import asyncapi_route
from hookline.api.authentication import authenticate
from hookline.api.edge import Edge
from hookline.api.limits import RateLimiter
from hookline.api.openapi import Document, build_document
from hookline.api.retention import forget_old_keys
from hookline.audit import routes as audit_routes
from hookline.audit.runs import Verifier
from hookline.calls.exchange import Exchange
from hookline.calls.permission import Permission
from hookline.calls.phone_routes import phone_act_routes, phone_call_routes
from hookline.calls.place_route import place_route
from hookline.calls.recording_routes import recording_routes
from hookline.calls.routes import call_routes
from hookline.carriers import routes as carrier_routes
from hookline.carriers.http import preview_routes
from hookline.carriers.http.door import Door
from hookline.carriers.keeper import LinkKeeper
from hookline.carriers.kinds import MESSAGES, Home
from hookline.carriers.links import Links
from hookline.carriers.schemas import CarrierShapes
from hookline.compat.v3 import V3
from hookline.console.collaborators import Console
from hookline.console.routes import mount as mount_console
from hookline.credentials import leak_routes, notices
from hookline.credentials import routes as credential_routes
from hookline.credentials.authentication import CredentialAuthenticator
from hookline.credentials.daily_caps import forget_old_usage
from hookline.credentials.last_use import LastUses
from hookline.credentials.leak_throttle import LeakThrottle
from hookline.credentials.usage import Usage
from hookline.credentials.usage_facts import forget_old_days
from hookline.erasure import routes as erasure_routes
from hookline.erasure.runs import Eraser
from hookline.errors import HooklineError
from hookline.events import routes as event_routes
from hookline.events.retention import drop_old_events
from hookline.events.stream import Streams
from hookline.foundation import CALLS, KINDS, Core, documented_events
from hookline.messages import opt_out_routes, send_routes
from hookline.messages import routes as message_routes
from hookline.messages.books import Books
from hookline.messages.conversation_routes import conversation_routes
from hookline.messages.dispatch import Dispatcher
from hookline.messages.error_routes import error_routes
from hookline.messages.inbound import Inbound
from hookline.messages.opt_out_rules import RuleBook
from hookline.messages.outstanding import list_outstanding
from hookline.messages.phones import Phones
from hookline.messages.sending_rules_routes import sending_rules_routes
from hookline.messages.submission import Submission
from hookline.messages.trial import Trials
from hookline.messages.upkeep import Upkeep
from hookline.numbers import routes as number_routes
from hookline.numbers.pool_routes import pool_routes
from hookline.outbound import mail
from hookline.outbound.http_client import HttpClient
from hookline.principal import Principal
from hookline.requests import routes as request_routes
from hookline.requests.recording import RequestLog
from hookline.requests.retention import drop_old_requests, drop_surplus_requests
from hookline.routing import routes as message_route_routes
from hookline.settings import Settings
from hookline.telemetry.logs import get_logger
from hookline.voice.port import EngineOpening
from hookline.voice.speech import open_speech
from hookline.webhooks import routes as webhook_routes
from hookline.webhooks.engine import Webhooks
from hookline.webhooks.replay_routes import replay_routes
from hookline.webhooks.replay_runs import Replayer
from hookline.webhooks.retention import drop_old_deliveries
from hookline.webhooks.stats_routes import stats_routes

log = get_logger(__name__)


_RESTART_S = 1.0
_MINUTE_S = 60.0
_PAUSE_S = 0.5
_TRIM_LOG_EVERY_MINUTES = 10
_CHUNKS_A_MINUTE = 100


class Server:
    """One serving process."""

    def __init__(self, settings: Settings) -> None:
        self.core = core = Core(settings)
        self.settings = settings
        self.client = HttpClient(
            allow_targets=settings.allow_targets,
            connect_timeout_s=settings.webhook_connect_timeout_s,
            response_read_max=settings.webhook_response_read_max,
            clock=core.clock,
        )
        self.webhooks = Webhooks(
            core.store, core.leases, core.wakeups, self.client, core.box, core.formats
        )
        self.streams = Streams(core.store, core.wakeups)
        self.links = Links(core.store)
        self.books = Books.open(core.store, core.wakeups)
        inbound = Inbound(core.store, RuleBook(core.store, core.wakeups))
        self.dispatcher = Dispatcher(
            core.store, self.links, inbound, self.books.router, core.leases.node
        )
        self.speech = open_speech(settings)
        self.calls = Exchange(
            core.store,
            core.leases,
            self.books.numbers,
            self.speech,
            self.webhooks.keyring.of_account,
            Permission(core.store, self.books.countries),
        )
        self.keeper = LinkKeeper(
            core.store,
            core.leases,
            core.wakeups,
            core.box,
            kinds=KINDS,
            homes={MESSAGES: self._message_home(), CALLS: self._call_home()},
        )
        self.carriers = CarrierShapes(KINDS, settings.public_url)
        self.door = Door(core.store, core.box, KINDS, self.links, self.dispatcher)
        self.submission = Submission(core.store, self.books, self.dispatcher)
        self.trials = Trials(core.store, self.submission)
        self.phones = Phones(core.store, self.dispatcher)
        self.upkeep = Upkeep(core.store, self.dispatcher, self.books.router, core.leases)
        self.last_uses = LastUses(core.writer, core.clock)
        self.observers = (self.last_uses, RequestLog(core.store), Usage(core.store))
        self.authenticator = CredentialAuthenticator(core.database, self.last_uses)
        self.verifier = Verifier(core.store, core.wakeups)
        self.replayer = Replayer(core.store, core.wakeups, core.leases.node, core.formats)
        self.eraser = Eraser(core.store, core.leases, core.wakeups, self.calls.files)
        self.limiter = RateLimiter(core.clock, settings.rate_limit_per_s)
        self.console = self._console()
        self._tasks: list[asyncio.Task[None]] = []
        self._is_ready = False
        self.has_given_up = False
        """It stops because it could not go on: the process ends with status 1."""
        self.api = self._application()
        self.asgi = self._edge()

    def _edge(self) -> Edge:
        return Edge(
            self.api,
            authenticator=self.authenticator,
            settings=self.settings,
            clock=self.core.clock,
            ids=self.core.ids,
            limiter=self.limiter,
            observers=self.observers,
            direct=self._direct(),
            open_routes=leak_routes.OPEN_ROUTES,
        )

    def _message_home(self) -> Home:
        outstanding = partial(list_outstanding, self.core.store)
        return self.links.home(self.dispatcher, self.client, outstanding)

    def _call_home(self) -> Home:
        core, calls, data_dir = self.core, self.calls, self.settings.data_dir
        return Home(
            lambda carrier_id, _before: EngineOpening(
                carrier_id, core.leases.node, calls.conductor, core.clock, data_dir
            ),
            calls.engines.add,
            calls.engines.remove,
        )

    async def start(self) -> None:
        """Recover what an earlier process left, and begin to work."""
        await self.core.start(self.webhooks.fan_out)
        await self.core.leases.start(alone=self.settings.is_sqlite)
        await self.webhooks.start()
        self.dispatcher.listen(self.core.wakeups)
        self.calls.listen(self.core.wakeups)
        self._tasks = [
            self._supervise("leases", partial(self.core.leases.run, self._node_died)),
            self._supervise("wakeups", self.core.wakeups.run),
            self._supervise("webhooks", self.webhooks.run),
            self._supervise("upkeep", self.upkeep.run),
            self._supervise("calls", self.calls.run),
            self._supervise("retention", self._retain),
            self._supervise("mail", partial(mail.run, self.core.store, self.core.box)),
            self._supervise("audit verifications", self.verifier.run),
            self._supervise("replays", self.replayer.run),
            self._supervise("erasures", self.eraser.run),
            self._supervise("credential notices", partial(notices.run, self.core.store)),
        ]
        for noted in self.observers:
            self._tasks.append(asyncio.create_task(noted.run(), name=type(noted).__name__))
        self._tasks.append(asyncio.create_task(self._watch_writer(), name="writer watch"))
        self.core.leases.on_lost(self._lease_lost)
        self.core.writer.on_uncertain_commit(lambda: self._give_up("commit_uncertain"))
        await self.upkeep.recover()
        await self.calls.recover()
        self._tasks.append(self._supervise("links", self.keeper.run))
        self._is_ready = True

    async def stop(self) -> None:
        """Stop working, give the rest back, commit what waits."""
        self._is_ready = False
        self.close_streams()
        end_s = asyncio.get_running_loop().time() + self.settings.shutdown_timeout_s
        for step in (
            self.calls.stop,
            self.dispatcher.stop,
            self.keeper.stop,
            self.links.close,
            self.webhooks.stop,
            self._end_tasks,
            self.core.leases.release_all,
            self.client.close,
            self.speech.close,
        ):
            await self._try(step, end_s)
        await self.core.stop()

    async def _try(self, step: Callable[[], Awaitable[None]], end_s: float) -> None:
        """A step of the stop. Without a database some fail; the others must come all the same."""
        try:
            async with asyncio.timeout_at(end_s):
                await step()
        except (HooklineError, TimeoutError) as error:
            log.warning("stop_incomplete", reason=repr(error)[:300])

    async def _end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def close_streams(self) -> None:
        """End what would hold its connections open for ever."""
        self.streams.close()
        self.console.live.close()

    async def check_ready(self) -> None:
        """Raises Unavailable in its kinds while the server cannot serve."""
        if not self._is_ready:
            raise health.NotReady

        async def nothing(_tx: object) -> None:
            """The writer answers, so the database does."""

        await self.core.store.commit(nothing)

    def _supervise(self, name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        async def keep_going() -> None:
            while True:
                try:
                    await work()
                    return
                except Exception:
                    log.exception("task_failed", task=name)
                    await asyncio.sleep(_RESTART_S)

        return asyncio.create_task(keep_going(), name=name)

    def _lease_lost(self, name: str) -> None:
        """Without its own lease a node's rows belong to others: it must not go on making some."""
        if name == self.core.leases.name:
            self._give_up("node_lease_lost")

    async def _watch_writer(self) -> None:
        await self.core.writer.wait_until_ended()
        self._give_up("writer_ended")

    def _give_up(self, why: str) -> None:
        """Stop the process: whoever supervises it starts a fresh one."""
        if self._is_ready:
            self._is_ready = False
            self.has_given_up = True
            log.error("stopping", reason=why)
            signal.raise_signal(signal.SIGTERM)

    async def _node_died(self, node: str) -> None:
        await self.webhooks.node_died(node)
        await self.upkeep.recover()
        await self.calls.recover()

    async def _retain(self) -> None:
        for minute in itertools.count():
            await asyncio.sleep(_MINUTE_S)
            store = self.core.store
            await forget_old_keys(store)
            await forget_old_usage(store)
            if minute % _TRIM_LOG_EVERY_MINUTES == 0:
                await drop_surplus_requests(store)
            for _ in range(_CHUNKS_A_MINUTE):
                dropped = await drop_old_deliveries(store) + await drop_old_events(store)
                dropped += await drop_old_requests(store) + await forget_old_days(store)
                if not dropped + await self.calls.retention.delete_old():
                    break
                await asyncio.sleep(_PAUSE_S)

    def _console(self) -> Console:
        return Console.join(
            self.core.store,
            self.core.wakeups,
            passwords=self.core.passwords,
            submission=self.submission,
            phones=self.phones,
            webhooks=self.webhooks,
            trials=self.trials,
            carriers=self.carriers,
            router=self.books.router,
            box=self.core.box,
            calls=self.calls,
        )

    def _direct(self) -> dict[tuple[str, str], ASGIApp]:
        """What the edge calls without the application's router."""
        return {
            ("POST", "/v1/messages"): send_routes.send_route(self.submission),
            ("POST", "/v1/calls"): place_route(self.core.store, self.calls.placement, self.api),
        }

    def _application(self) -> FastAPI:
        core = self.core
        app = FastAPI(
            title="Hookline",
            version=__version__,
            docs_url=None,
            redoc_url=None,
            openapi_url="/openapi.json",
            redirect_slashes=False,
        )
        app.state.store = core.store
        problems.install(app)
        app.router.routes.append(send_routes.batch_route(core.store, self.submission))
        for router in (
            message_routes.message_routes(),
            opt_out_routes.opt_out_routes(),
            opt_out_routes.opt_out_settings_routes(),
            conversation_routes(),
            sending_rules_routes(),
            error_routes(KINDS),
            message_routes.phone_routes(self.phones),
            call_routes(self.calls.placement),
            phone_call_routes(self.calls.phone_control),
            phone_act_routes(self.calls.phone_control),
            recording_routes(self.calls.files),
            stats_routes(),
            webhook_routes.routes(self.webhooks),
            replay_routes(self.webhooks),
            event_routes.routes(self.streams, self._reauthenticate),
            leak_routes.routes(LeakThrottle(core.clock, self.settings.leak_reports_per_minute)),
            credential_routes.routes(),
            number_routes.routes(),
            message_route_routes.routes(self.books.router, self.books.numbers),
            pool_routes(),
            preview_routes.routes(self.carriers),
            carrier_routes.routes(self.carriers, core.box, self.trials.send),
            account_routes.account_routes(core.box),
            request_routes.routes(),
            erasure_routes.routes(),
            account_routes.user_routes(core.passwords),
            access_routes.user_access_routes(),
            access_routes.invitation_routes(core.box),
            audit_routes.routes(),
        ):
            app.include_router(router)
        app.router.routes.extend(
            V3(core.store, core.box, self.authenticator, self.limiter).routes()
        )
        app.router.routes.extend(self.door.routes())
        app.router.routes.extend(health.routes(self.settings, self.check_ready))
        app.router.routes.append(asyncapi_route(documented_events()))
        mount_console(app, self.console)
        app.openapi = partial(self._document, app)  # type: ignore[method-assign]  # FastAPI's way
        return app

    def _document(self, app: FastAPI) -> Document:
        if app.openapi_schema is None:
            app.openapi_schema = build_document(app, send_routes.DOCUMENTED, documented_events())
        return app.openapi_schema

    async def _reauthenticate(self, request: Request) -> Principal:
        return await authenticate(request, self.authenticator)
