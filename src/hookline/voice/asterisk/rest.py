"""Exchanges of HTTP with one Asterisk over kept connections, as lean as those of webhooks.

The addresses are the operator's, so that any may be called. A request is never repeated that Asterisk
may have carried out already.
"""

import asyncio
from dataclasses import dataclass
from ipaddress import ip_network

from hookline.clock import Clock
from hookline.outbound.connector import Connector
from hookline.outbound.errors import Response
from hookline.outbound.http_connection import Request
from hookline.outbound.idle_pool import IdlePool
from hookline.outbound.kept_connections import KeptConnections
from hookline.outbound.targets import Target, parse_target

_ANYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))
_CONNECT_S = 5.0
_IDLE_S = 10.0
"""Less than the 15 seconds after which Asterisk closes a connection (session_keep_alive)."""
_ANSWER_BYTES_MAX = 16 << 20
"""The list of all channels of the largest Asterisk; sound is fetched in another way."""
_REPEATABLE = frozenset({"GET", "PUT", "DELETE"})


@dataclass(frozen=True, slots=True)
class RestLimits:
    """How many requests at once, and how long each may take."""

    at_once: int
    timeout_s: float


class Rest:
    """The connections to one Asterisk; close them at the end."""

    def __init__(self, where: str, authorization: str, limits: RestLimits, clock: Clock) -> None:
        self._where = where
        self._authorization = authorization
        self._timeout_s = limits.timeout_s
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        connector = Connector(allow_targets=_ANYWHERE, timeout_s=_CONNECT_S, clock=clock)
        idle = IdlePool(clock, per_origin_max=limits.at_once, timeout_s=_IDLE_S)
        self._kept = KeptConnections(connector, idle)
        self._place: tuple[Target, str] | None = None

    async def exchange(self, method: str, path: str, body: bytes = b"") -> Response:
        """The whole answer, whatever its status. `path`: behind the address, escaped.

        Raises AttemptFailed in its kinds.
        """
        target, head = self._place = self._place or self._parsed()
        request = self._request(f"{method} {target.path}{path} HTTP/1.1\r\n{head}", body)
        may_repeat = method in _REPEATABLE
        return await self._kept.exchange(target, target.origin, request, may_repeat=may_repeat)

    async def close(self) -> None:
        await self._kept.close()

    def _parsed(self) -> tuple[Target, str]:
        target = parse_target(f"{self._where}/")
        return target, f"Host: {target.authority}\r\nAuthorization: {self._authorization}\r\n"

    def _request(self, head: str, body: bytes) -> Request:
        kind = "Content-Type: application/json\r\n" if body else ""
        return Request(
            data=f"{head}{kind}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body,
            is_head=False,
            read_max=_ANSWER_BYTES_MAX,
            kept_max=_ANSWER_BYTES_MAX,
            timeout_s=self._timeout_s,
            started_s=self._clock.monotonic_s(),
            end_s=self._loop.time() + self._timeout_s,
        )
