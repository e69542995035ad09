"""Keeps one session up: connects, binds, and does so again with growing pauses when it has ended."""

import asyncio
import secrets
import socket
import ssl
from typing import Protocol

from hookline.carriers.pace import Backoff
from hookline.carriers.port import Session
from hookline.carriers.smpp.pdu import Command
from hookline.carriers.smpp.refusals import SessionRefused, describe
from hookline.carriers.smpp.session import Bind, Owner, SmppSession
from hookline.carriers.smpp.settings import SmppSettings
from hookline.clock import Clock, UnixMs
from hookline.telemetry.link_state import LinkPhase
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
_CONNECT_S = 10.0
_STEADY_S = 30.0
"""A session that has lasted so long was a good one: the next pause is short again."""


class Keeper(Owner, Protocol):
    """Who the sessions are for."""

    def session_began(self) -> None: ...

    def session_ended(self, command: Command, reason: str, *, silent: bool) -> None: ...


class Connector:
    """One of a link's sessions, again and again."""

    def __init__(
        self,
        settings: SmppSettings,
        password: str,
        command: Command,
        keeper: Keeper,
        clock: Clock,
        backoff: Backoff,
    ) -> None:
        self.command = command
        self._settings = settings
        self._keeper = keeper
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._bind = Bind(
            command,
            settings.system_id,
            password,
            settings.system_type,
            settings.response_timeout_seconds,
            settings.enquire_interval_seconds,
        )
        self._backoff = backoff
        self._session: SmppSession | None = None
        self._task: asyncio.Task[None] | None = None
        self.phase = LinkPhase.CONNECTING
        self.since = clock.now_ms()
        self.detail: str | None = None

    @property
    def session(self) -> SmppSession | None:
        """The session, while it is bound."""
        session = self._session
        return session if session is not None and session.is_bound else None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"smpp {self._bind.command.name}")

    async def stop(self, unbind_s: float) -> None:
        """Unbind, and connect no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._session is not None:
            await self._session.unbind(unbind_s)
        self._enter(LinkPhase.CLOSED, None)

    async def _run(self) -> None:
        while True:
            try:
                await self._once()
            except Exception:  # whatever it was, the carrier must be tried again
                log.exception("smpp_session_failed")
                if self._session is not None:
                    self._session.abort("The session failed.")
                self._fail("The session failed for a reason that the log tells.", silent=False)
            wait_s = self._backoff.next_s()
            self._enter(LinkPhase.WAITING, self.detail)
            await asyncio.sleep(wait_s)

    async def _once(self) -> None:
        """One session, from its connection to its end."""
        self._enter(LinkPhase.CONNECTING, self.detail)
        try:
            session = await self._open()
        except SessionRefused as error:
            self._fail(error.detail, silent=False)
            return
        began = self._loop.time()
        self._enter(LinkPhase.BOUND, None)
        log.info("smpp_bound", system_id=self._settings.system_id, bind=self._bind.command.name)
        self._keeper.session_began()
        reason = await session.wait_closed()
        if self._loop.time() - began >= _STEADY_S:
            self._backoff.reset()
        self._fail(reason, silent=session.silent)

    async def _open(self) -> SmppSession:
        """Connect and bind. Raises SessionRefused."""
        where = f"{self._settings.host}:{self._settings.port}"
        try:
            async with asyncio.timeout(_CONNECT_S):
                _, session = await self._loop.create_connection(
                    self._make_session, self._settings.host, self._settings.port, ssl=self._tls()
                )
        except (OSError, TimeoutError, ValueError) as error:  # ValueError: no such host name can be
            why = "no answer" if isinstance(error, TimeoutError) else describe(error)
            raise SessionRefused(
                f"Cannot connect to {where}: {why}. {self._advice(error)}"
            ) from error
        self._session = session
        await session.bind()
        return session

    def _make_session(self) -> SmppSession:
        identity = Session(secrets.token_hex(8), UnixMs(self._clock.now_ms()))
        return SmppSession(self._bind, self._keeper, identity)

    def _advice(self, error: Exception) -> str:
        if isinstance(error, ssl.SSLCertVerificationError):
            return "Set tls_ca to the authority that signed it, and the host to a name that it has."
        if self._settings.tls and not isinstance(error, socket.gaierror | ConnectionRefusedError):
            return "Check the host, the port, the firewall, and whether the port is one with TLS."
        return "Check the host, the port and the firewall."

    def _tls(self) -> ssl.SSLContext | None:
        if not self._settings.tls:
            return None
        try:
            return ssl.create_default_context(cadata=self._settings.tls_ca)
        except (ssl.SSLError, ValueError, TypeError) as error:
            raise SessionRefused("tls_ca holds no PEM certificate that can be read.") from error

    def _fail(self, reason: str, *, silent: bool) -> None:
        self._session = None
        self.detail = reason
        log.warning("smpp_session_ended", system_id=self._settings.system_id, reason=reason)
        self._keeper.session_ended(self._bind.command, reason, silent=silent)

    def _enter(self, phase: LinkPhase, detail: str | None) -> None:
        if self.phase is not phase:
            self.phase = phase
            self.since = self._clock.now_ms()
        self.detail = detail
