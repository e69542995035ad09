"""`/healthz`, `/readyz` and `/metrics`."""

import os
from collections.abc import Awaitable, Callable
from hmac import compare_digest
from ipaddress import ip_address

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    generate_latest,
    multiprocess,
)
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hookline.api.context import context_of
from hookline.api.problems import problem_response
from hookline.errors import HooklineError, Unauthenticated, Unavailable
from hookline.settings import Settings


class NotReady(Unavailable):
    """The server is starting or stopping. Try again in a moment."""

    code = "not_ready"
    title = "The server is not ready"


def routes(settings: Settings, check: Callable[[], Awaitable[None]]) -> list[Route]:
    """`check` raises a HooklineError while the server cannot serve."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(request: Request) -> Response:
        try:
            await check()
        except HooklineError as error:
            return problem_response(error, context_of(request).request_id)
        return JSONResponse({"status": "ready"})

    async def metrics(request: Request) -> Response:
        if not _may_read_metrics(request, settings):
            refusal = Unauthenticated(
                "Metrics are for loopback, or for the bearer token of HOOKLINE_METRICS_TOKEN."
            )
            return problem_response(refusal, context_of(request).request_id)
        return Response(generate_latest(_registry()), media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
    ]


def _registry() -> CollectorRegistry:
    """Of this process, or of all workers when the parent has named a folder for them."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # as it comes
    return registry


def _may_read_metrics(request: Request, settings: Settings) -> bool:
    token = settings.metrics_token
    given = request.headers.get("authorization", "")
    if token is not None and compare_digest(
        given.encode(), f"Bearer {token.get_secret_value()}".encode()
    ):
        return True
    proxied = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    if proxied and not settings.trusted_proxies:
        return False  # a proxy on this machine is not the reader
    try:
        return ip_address(context_of(request).ip).is_loopback
    except ValueError:
        return False
