"""The HTTP/1.1 client for requests to servers that customers name.

Lean because webhooks are the hot path: no task, one future and one timer a request; names are
resolved and vetted when a connection is opened. It never follows redirects: 3xx is an answer.
"""

import asyncio
import re
import ssl
from collections.abc import Callable, Sequence
from functools import lru_cache

from hookline.clock import Clock, SystemClock
from hookline.errors import Unavailable
from hookline.outbound.connector import Connector
from hookline.outbound.errors import HeaderInvalid, Response
from hookline.outbound.http_connection import Request
from hookline.outbound.idle_pool import IdlePool, Origin
from hookline.outbound.kept_connections import KeptConnections
from hookline.outbound.resolver import Resolver
from hookline.outbound.targets import Target, parse_target
from hookline.settings import Network
from hookline.telemetry import metrics

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_FRAMING = frozenset(
    [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "proxy-connection",
    ]
)
_NEW = metrics.OUTBOUND_REQUESTS.labels("new")
_REUSED = metrics.OUTBOUND_REQUESTS.labels("reused")
_TRUSTED_S = 4.0
"""How long a connection may have waited that takes a request which must not be seen twice: many servers
close one after 5 seconds, perhaps just as a request is on its way."""
_BODILESS = frozenset({"GET", "HEAD"})


class HttpClient:
    """Requests with a deadline over kept connections. One per process; `close` it at the end.

    `response_read_max` bytes of a body are read before the connection is given up. Loopback and
    private addresses are reachable only through `allow_targets`.
    """

    def __init__(
        self,
        *,
        allow_targets: Sequence[Network] = (),
        connect_timeout_s: float = 5.0,
        response_read_max: int = 65_536,
        clock: Clock | None = None,
        resolver: Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        connector = Connector(
            allow_targets=allow_targets,
            timeout_s=connect_timeout_s,
            clock=self._clock,
            resolver=resolver,
            ssl_context=ssl_context,
        )
        self._read_max = response_read_max
        self._kept = KeptConnections(connector, IdlePool(self._clock))

    async def request(
        self,
        method: str,
        url: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        *,
        timeout_s: float,
        kept_max: int,
        may_repeat: bool = True,
        on_sent: Callable[[], None] | None = None,
    ) -> Response:
        """Send and read the whole answer, all within `timeout_s`; keep `kept_max` bytes of its body.

        Host and Content-Length are added. With `may_repeat` a server may see the request twice
        (KeptConnections): those callers deliver at least once, and say so, with the same id.
        `on_sent` is called when the request is written; before that nothing of it has left. Raises
        an AttemptFailed, or Unavailable after `close`.
        """
        if self._kept.is_closed:
            raise Unavailable("The HTTP client has been closed.")
        target, origin, request_line = _prepared(method, url)
        request = Request(
            data=_request_bytes(request_line, method, headers, body),
            is_head=method == "HEAD",
            read_max=self._read_max,
            kept_max=min(kept_max, self._read_max),
            timeout_s=timeout_s,
            started_s=self._clock.monotonic_s(),
            end_s=asyncio.get_running_loop().time() + timeout_s,
            on_sent=on_sent,
        )
        response = await self._kept.exchange(
            target,
            origin,
            request,
            may_repeat=may_repeat,
            idle_max_s=None if may_repeat else _TRUSTED_S,
        )
        (_REUSED if response.reused else _NEW).inc()
        return response

    async def reach(self, url: str, *, timeout_s: float) -> None:
        """Connect to the server of a URL without asking it anything; the connection is kept.

        Raises an AttemptFailed, or Unavailable after `close`.
        """
        if self._kept.is_closed:
            raise Unavailable("The HTTP client has been closed.")
        await self._kept.reach(parse_target(url), timeout_s=timeout_s)

    async def close(self) -> None:
        """End every connection; requests that are under way fail with ConnectionLost."""
        await self._kept.close()


def check_header(name: str, value: str) -> None:
    """Whether a header that a customer enters can be sent. Raises HeaderInvalid."""
    _checked_name(name)
    if _VALUE.fullmatch(value) is None:
        raise HeaderInvalid(f"The value of the header {name} has characters that cannot be sent.")


@lru_cache(maxsize=4_096)
def _prepared(method: str, url: str) -> tuple[Target, Origin, str]:
    """The target, its origin, and the two lines that every request to it begins with."""
    if _TOKEN.fullmatch(method) is None:
        raise HeaderInvalid("The method is not valid.")
    target = parse_target(url)
    line = f"{method} {target.path} HTTP/1.1\nHost: {target.authority}"
    return target, target.origin, line


def _request_bytes(
    request_line: str, method: str, headers: Sequence[tuple[str, str]], body: bytes
) -> bytes:
    lines = [request_line]
    lines += [f"{_checked_name(name)}: {value}" for name, value in headers]
    if body or method not in _BODILESS:
        lines.append(f"Content-Length: {len(body)}")
    head = "\n".join(lines)
    # One look at the whole head instead of one at each value: no line end but those put there.
    if head.count("\n") != len(lines) or "\r" in head or "\0" in head:
        raise HeaderInvalid("A header's value contains a line end or a null.")
    try:
        return head.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body
    except UnicodeEncodeError as error:
        raise HeaderInvalid("A header's value has characters that cannot be sent.") from error


@lru_cache(maxsize=1_024)
def _checked_name(name: str) -> str:
    if _TOKEN.fullmatch(name) is None:
        raise HeaderInvalid(f"{name!r} is not the name of a header.")
    if name.lower() in _FRAMING:
        raise HeaderInvalid(f"The header {name} is set by Hookline and cannot be changed.")
    return name
