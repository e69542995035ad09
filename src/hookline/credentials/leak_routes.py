"""The route for reports of leaked tokens, which needs no token."""

import asyncio
from collections.abc import Awaitable
from typing import Annotated

from pydantic import Field
from starlette.requests import Request

from hookline.api.context import context_of
from hookline.api.routing import Routes, Storage
from hookline.api.wire import Body, Shape
from hookline.credentials.leak import report_leak
from hookline.credentials.leak_throttle import LeakThrottle, TooManyReports

_PREFIX, _PATH = "/v1/credentials", "/report_leak"
OPEN_ROUTES = frozenset({("POST", _PREFIX + _PATH)})
_ANSWER_EVERY_S = 0.25
"""Answers leave at multiples of this after their request, so that their time tells nothing."""


class LeakReport(Body):
    """A token that was found where it should not be."""

    token: Annotated[str, Field(min_length=1, max_length=512, description="The token itself.")]
    url: Annotated[
        str | None,
        Field(max_length=500, pattern=r"^https?://[!-~]+$", description="Where it was found."),
    ] = None


class LeakReportTaken(Shape):
    """The report was taken. Whether the token was live is not told."""

    object: str = "leak_report"


def routes(throttle: LeakThrottle) -> Routes:
    """Take reports of leaked tokens. To be included before the routes of credentials."""
    router = Routes(_PREFIX, "Credentials")

    @router.on(
        "POST", _PATH, scope=None, answer=LeakReportTaken, status=202, problems=[TooManyReports],
        is_open=True,
    )  # fmt: skip
    async def report_leaked_token(
        request: Request, store: Storage, body: LeakReport
    ) -> LeakReportTaken:
        """Report a token that was found in public. Needs no token of your own.

        A live token is stopped at once and the owners are told. The answer is always the same.
        """
        context = context_of(request)
        throttle.count(context.ip)
        work = store.commit(lambda tx: report_leak(tx, store, body.token, body.url, context))
        await _at_a_tick(work)
        return LeakReportTaken()

    return router


async def _at_a_tick(work: Awaitable[None]) -> None:
    """Do the work, then wait for the next tick, counted from its beginning."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    await work
    await asyncio.sleep((began_s - loop.time()) % _ANSWER_EVERY_S)
