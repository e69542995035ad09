"""The outermost layer: request id, host, size, media type, authentication, rate, metrics.

What it refuses costs nothing further in. Nothing escapes it as a stack trace.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hookline.api.authentication import Authenticator, authenticate
from hookline.api.context import RequestContext, attach, client_ip, header_in
from hookline.api.limits import OverRate, RateLimiter
from hookline.api.observing import BODY_SEEN_MAX, Observed, Observer
from hookline.api.problems import InternalError, problem_response
from hookline.clock import Clock
from hookline.errors import (
    BodyTooLarge,
    HooklineError,
    MalformedRequest,
    NotFound,
    UnsupportedMediaType,
)
from hookline.ids import IdSource
from hookline.settings import Settings
from hookline.storage.callbacks import call_safely
from hookline.telemetry import metrics
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
API_PREFIX = "/v1/"
_LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
_ANY_HOST = frozenset({"/healthz", "/readyz"})
"""A load balancer asks by whatever name or address it has, and they tell nothing."""
_TLS_ONLY = ((b"strict-transport-security", b"max-age=31536000; includeSubDomains"),)
"""For a year browsers come back by https alone: said where that is how people reach the server."""
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})


class HostNotAllowed(MalformedRequest):
    """The Host header names a server that this is not. An operator adds it to HOOKLINE_ALLOWED_HOSTS."""

    code = "host_not_allowed"
    title = "The host is not known here"


class Edge:
    """Wraps the whole application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        authenticator: Authenticator,
        settings: Settings,
        clock: Clock,
        ids: IdSource,
        direct: Mapping[tuple[str, str], ASGIApp] | None = None,
        limiter: RateLimiter | None = None,
        open_routes: frozenset[tuple[str, str]] = frozenset(),
        observers: Sequence[Observer] = (),
    ) -> None:
        """`direct`: what is called for a method and path without the application's router.

        `limiter`: what counts requests, if others count with it. `open_routes`: methods and paths
        of the API that need no token. `observers`: who hears of requests with known tokens.
        """
        self._app = app
        self._direct = direct or {}
        self._open_routes = open_routes
        self.observers = observers
        self._authenticator = authenticator
        self._settings = settings
        self._clock = clock
        self._ids = ids
        self._limiter = limiter or RateLimiter(clock, settings.rate_limit_per_s)
        self._hosts = _allowed_hosts(settings)
        self._transport = _TLS_ONLY if settings.public_url.startswith("https://") else ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        context = self._context(scope)
        attach(scope, context)
        answer = _Answer(send, context)
        started = self._clock.monotonic_s()
        try:
            await self._guard(scope, context)
            app = self._direct.get((scope["method"], scope["path"]), self._app)
            await app(scope, self._bounded(receive, context), answer)
        except HooklineError as error:
            await self._refuse(error, scope, receive, answer)
        except Exception as error:
            log.exception(
                "request_failed", request_id=context.request_id, route=self._pattern(scope)
            )
            if not answer.started:
                await self._refuse(InternalError(), scope, receive, answer)
            elif not answer.is_complete:
                raise ConnectionAbortedError("the answer had begun") from error
        finally:
            self._measure(scope, context, answer, started)

    def _context(self, scope: Scope) -> RequestContext:
        context = RequestContext(
            request_id=self._ids.new("req"),
            ip=client_ip(scope, self._settings.trusted_proxies),
            user_agent=(header_in(scope, b"user-agent") or "")[:255],
            route=f"{scope['method']} {scope['path'][:200]}",
        )
        context.headers = [
            (b"request-id", context.request_id.encode()),
            (b"x-content-type-options", b"nosniff"),
            *self._transport,
        ]
        return context

    async def _guard(self, scope: Scope, context: RequestContext) -> None:
        if "\x00" in scope["path"]:
            raise NotFound("There is nothing at this address.")  # and no database could look for it
        host = header_in(scope, b"host") or ""
        if _host_name(host) not in self._hosts and scope["path"] not in _ANY_HOST:
            raise HostNotAllowed(
                f"This server does not answer to {host[:100]!r}. "
                "An operator can add the name to HOOKLINE_ALLOWED_HOSTS."
            )
        length = header_in(scope, b"content-length") or "0"
        if length.isdigit() and int(length) > self._settings.body_bytes_max:
            raise self._too_large()
        if scope["path"].startswith(API_PREFIX):
            context.headers.append((b"cache-control", b"no-store"))
            if (scope["method"], scope["path"]) not in self._open_routes:
                principal = await authenticate(HTTPConnection(scope), self._authenticator)
                own = principal.restrictions.rate_limit
                context.headers.extend(self._limiter.count(principal.id, own))
            _check_media_type(scope, length)

    def _bounded(self, receive: Receive, context: RequestContext) -> Receive:
        seen, is_whole = 0, False
        timeout_s = self._settings.body_timeout_s

        async def bounded() -> Message:
            nonlocal seen, is_whole
            if is_whole:
                return await receive()  # what comes now is the end of the connection
            try:
                async with asyncio.timeout(timeout_s):
                    message = await receive()
            except TimeoutError as error:
                raise MalformedRequest("The body did not come in time.") from error
            is_whole = not message.get("more_body", False)
            chunk: bytes = message.get("body", b"")
            seen += len(chunk)
            if seen > self._settings.body_bytes_max:
                raise self._too_large()
            if context.presented is not None:
                context.body_bytes = seen
                context.body = context.body + chunk if seen <= BODY_SEEN_MAX else b""
            return message

        return bounded

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"The body may have {self._settings.body_bytes_max} bytes at most.")

    async def _refuse(
        self, error: HooklineError, scope: Scope, receive: Receive, answer: "_Answer"
    ) -> None:
        if isinstance(error, OverRate):
            answer.context.headers.extend(error.rate_headers)
        response = problem_response(error, answer.context.request_id)
        await response(scope, receive, answer)

    def _measure(
        self, scope: Scope, context: RequestContext, answer: "_Answer", started: float
    ) -> None:
        pattern = self._pattern(scope)
        route = f"{scope['method']} {pattern or 'unmatched'}"
        duration_s = self._clock.monotonic_s() - started
        metrics.REQUESTS.labels(route, str(answer.status)).inc()
        metrics.REQUEST_SECONDS.observe(duration_s)
        if context.presented is not None:
            observed = Observed(scope, context, pattern, answer.status, duration_s)
            for observer in self.observers:
                call_safely(partial(observer, observed))
        if answer.status >= 500 or log.is_enabled_for(10):
            log.info(
                "request",
                request_id=context.request_id,
                route=route,
                status=answer.status,
                ip=context.ip,
                principal=context.principal.id if context.principal else None,
            )

    def _pattern(self, scope: Scope) -> str:
        """The path as declared: what stands in its braces may be a number or a token."""
        path: str = getattr(scope.get("route"), "path", "")
        is_plain = "endpoint" in scope and not scope.get("path_params")
        if not path and (is_plain or (scope["method"], scope["path"]) in self._direct):
            path = scope["path"]
        return path


class _Answer:
    """Adds the context's headers to the answer, and remembers its status."""

    def __init__(self, send: Send, context: RequestContext) -> None:
        self._send = send
        self.context = context
        self.started = False
        self.is_complete = False
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            present = {name for name, _ in message["headers"]}
            message["headers"] = [
                *message["headers"],
                *(pair for pair in self.context.headers if pair[0] not in present),
            ]
        elif message["type"] == "http.response.body":
            self.is_complete = not message.get("more_body", False)
            if self.context.presented is not None and not self.context.answer:
                self.context.answer = message.get("body", b"")
        await self._send(message)


def _check_media_type(scope: Scope, length: str) -> None:
    if scope["method"] not in _BODY_METHODS:
        return
    if length == "0" and header_in(scope, b"transfer-encoding") is None:
        return
    media_type = (header_in(scope, b"content-type") or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedMediaType("Send the body as JSON, with Content-Type: application/json.")


def _allowed_hosts(settings: Settings) -> frozenset[str]:
    named: Sequence[str] = [*settings.allowed_hosts, settings.host]
    public = urlsplit(settings.public_url).hostname
    return _LOOPBACK_HOSTS | {name.lower() for name in (*named, public) if name}


def _host_name(host: str) -> str:
    host = host.lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
