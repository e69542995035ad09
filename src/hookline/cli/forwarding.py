"""Sends events on to a receiver that is being developed, signed and dressed as deliveries are.

Events about one resource go in order, one after the other; other resources do not wait for them.
There is one attempt: what came of it is told, and the next event follows.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network

import msgspec

from hookline import __version__
from hookline.cli.event_source import Told
from hookline.clock import SECOND_MS, Clock
from hookline.events.model import EventType
from hookline.outbound.errors import AttemptFailed
from hookline.outbound.http_client import HttpClient
from hookline.outbound.signing import signature_headers
from hookline.settings import Settings
from hookline.webhooks.formats import Format

WIDTH = 10
"""Requests at once, as many as to any endpoint."""
UNDER_WAY_MAX = 200
_SAID_BYTES = 300
_EVERYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))


@dataclass(frozen=True, slots=True)
class Dress:
    """How deliveries to one webhook, or those without one, are written and signed."""

    secrets: tuple[str, ...]
    whose: str
    format: Format
    headers: tuple[tuple[str, str], ...] = ()
    patterns: tuple[str, ...] = ()
    """What the webhook subscribes to."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said."""

    status: int | None
    elapsed_ms: int
    error: str | None
    said: str

    @property
    def is_success(self) -> bool:
        return self.error is None and self.status is not None and 200 <= self.status < 300


class Forwarder:
    """Sends on to one URL; `finish` it, then `close` it."""

    def __init__(
        self,
        url: str,
        dress: Dress,
        report: Callable[[Told, Answer], None],
        *,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._url = url
        self._dress = dress
        self._report = report
        self._clock = clock
        self._kept_max = settings.webhook_response_kept_max
        # The developer sends to a machine of their own: nobody else's URL is called from here.
        self._client = HttpClient(
            allow_targets=_EVERYWHERE,
            connect_timeout_s=settings.webhook_connect_timeout_s,
            response_read_max=settings.webhook_response_read_max,
            clock=clock,
        )
        self._places = asyncio.Semaphore(UNDER_WAY_MAX)
        self._width = asyncio.Semaphore(WIDTH)
        self._last: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def written(self, told: Told) -> bytes | None:
        """The body as the receiver gets it; None: the format does not tell of such events."""
        return self._dress.format.build(EventType(told.type), told.body)

    async def take(self, told: Told, body: bytes) -> None:
        """Send it when its turn comes. Waits while many are under way."""
        await self._places.acquire()
        resource_id = resource_of(told)
        before = self._last.get(resource_id)
        task = asyncio.create_task(self._forward(told, body, resource_id, before))
        self._last[resource_id] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self, patience_s: float) -> int:
        """Let what is under way come to its end; how many were cut off."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience_s)
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return len(left)

    async def close(self) -> None:
        await self._client.close()

    async def _forward(
        self, told: Told, body: bytes, resource_id: str, before: "asyncio.Task[None] | None"
    ) -> None:
        try:
            if before is not None:
                await asyncio.wait({before})
            async with self._width:
                answer = await self._post(told.id, body)
            self._report(told, answer)
        finally:
            self._places.release()
            if self._last.get(resource_id) is asyncio.current_task():
                del self._last[resource_id]

    async def _post(self, event_id: str, body: bytes) -> Answer:
        at_s = self._clock.now_ms() // SECOND_MS
        headers = (
            ("User-Agent", f"Hookline/{__version__}"),
            ("Content-Type", "application/json"),
            *signature_headers(self._dress.secrets, event_id, at_s, body),
            *self._dress.headers,
        )
        began_s = self._clock.monotonic_s()
        status, error, said = None, None, b""
        try:
            response = await self._client.request(
                "POST", self._url, headers, body,
                timeout_s=self._dress.format.timeout_s, kept_max=self._kept_max,
            )  # fmt: skip
            status, said = response.status, response.body
        except AttemptFailed as failure:
            error = failure.detail
            if failure.partial is not None:
                status = failure.partial.status
        elapsed_ms = round((self._clock.monotonic_s() - began_s) * SECOND_MS)
        return Answer(status, elapsed_ms, error, said[:_SAID_BYTES].decode("utf-8", "replace"))


class _Resource(msgspec.Struct):
    id: str = ""


class _Event(msgspec.Struct):
    data: _Resource


_decode = msgspec.json.Decoder(_Event).decode


def resource_of(told: Told) -> str:
    """The id of what the event is about."""
    return _decode(told.body).data.id
