"""One HTTP/1.1 connection, one request at a time: an asyncio protocol around the httptools parser.

It trusts nothing that it reads: headers, interim answers, chunk extensions and the body are bounded,
and bytes that nobody asked for end the connection.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple, cast

import httptools

from hookline.clock import Clock
from hookline.outbound.errors import (
    AttemptFailed,
    AttemptTimeout,
    BadResponse,
    ConnectionLost,
    Response,
    ResponseTooLarge,
)

HEAD_BYTES_MAX = 32_768

_SWITCHING_PROTOCOLS = 101
_FIRST_FINAL_STATUS = 200
_STATUS_MIN = 100
_PLAIN = "Check that the URL names a web server that answers plain HTTP/1.1, and http or https as it speaks."


class Request(NamedTuple):
    """What is written, and how much of an answer, and when, is of use."""

    data: bytes
    is_head: bool
    read_max: int
    kept_max: int
    timeout_s: float
    started_s: float
    """By the clock."""
    end_s: float
    """By the event loop, whose time may stand still for a whole turn."""
    on_sent: Callable[[], None] | None = None
    """Called as it is written: until then not one byte of it has left."""


_NONE = Request(b"", is_head=False, read_max=0, kept_max=0, timeout_s=0, started_s=0, end_s=0)


class HttpConnection(asyncio.Protocol):
    """Created by `loop.create_connection`; `on_close` is called once when it ends."""

    __slots__ = (
        "_body",
        "_body_bytes",
        "_clock",
        "_future",
        "_head_done",
        "_headers",
        "_keep_alive",
        "_loop",
        "_parser",
        "_received",
        "_request",
        "_status",
        "_timer",
        "_transport",
        "address",
        "exchanges",
        "idle_since_s",
        "is_closed",
        "on_close",
        "origin",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, address: str) -> None:
        self._loop = loop
        self._clock = clock
        self.address = address
        self.origin: tuple[str, str, int] = ("", "", 0)
        self.on_close: Callable[[HttpConnection], None] | None = None
        self.is_closed = False
        self.idle_since_s = 0.0
        self.exchanges = 0
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._future: asyncio.Future[Response] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._keep_alive = True
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._reset(_NONE)

    def exchange(self, request: Request) -> "asyncio.Future[Response]":
        """Write a request and return the future of its answer, which fails with an AttemptFailed."""
        assert self._future is None, "one request at a time"
        future = self._future = self._loop.create_future()
        self._reset(request)
        if self._transport is None or self.is_closed:
            self._fail(ConnectionLost("The connection was closed before the request was sent."))
            return future
        self.exchanges += 1
        if request.on_sent is not None:
            request.on_sent()
        self._timer = self._loop.call_at(request.end_s, self._expire)
        self._transport.write(request.data)
        return future

    @property
    def is_reusable(self) -> bool:
        return self._keep_alive and not self.is_closed and self._future is None

    @property
    def is_untouched(self) -> bool:
        """Whether not one byte of an answer to the last request has come."""
        return self._received == 0

    def close(self) -> None:
        """End it now; an answer that is being waited for fails."""
        self.is_closed = True
        if self._transport is not None:
            # Not close(): that would wait for a peer that does not read to take what is buffered.
            self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asserted: uvloop's transports do not inherit from asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._future is None:
            self.close()  # nobody asked: whatever this is must not answer the next request
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(BadResponse(f"The server switched to another protocol. {_PLAIN}"))
            return
        except httptools.HttpParserError as error:
            self._refuse(error)
            return
        if self._received > HEAD_BYTES_MAX:
            self._check_size()

    def eof_received(self) -> bool:
        if self._future is not None and self._head_done and self._is_delimited_by_end():
            self._keep_alive = False
            self._finish()
        return False  # the transport closes itself: a half-open peer is of no use to a client

    def connection_lost(self, error: Exception | None) -> None:
        self.is_closed = True
        self._transport = None
        if self._future is not None:
            before = "the answer was complete" if self._received else "any answer"
            text = f"The server closed the connection before {before}. Look into its log and its proxy's."
            self._fail(ConnectionLost(text), error)
        if self.on_close is not None:
            self.on_close(self)

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self._future is None:
            self._keep_alive = False  # a second answer to one request

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_done:  # later ones are trailers
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if self._future is None or _STATUS_MIN <= status < _FIRST_FINAL_STATUS:
            return
        if status < _STATUS_MIN:
            self._fail(
                BadResponse(
                    f"The answer has the status {status}, which HTTP does not know. {_PLAIN}"
                )
            )
            return
        self._status = status
        self._head_done = True
        if self._received > HEAD_BYTES_MAX:
            self._check_size()  # before a short body, in the same chunk, completes the answer
        if self._request.is_head:
            # The parser would wait for the body that Content-Length announces.
            self._keep_alive = False
            self._finish()

    def on_body(self, data: bytes) -> None:
        if self._future is None:
            return
        self._body.append(data)
        self._body_bytes += len(data)
        if self._body_bytes > self._request.read_max:
            self._keep_alive = False
            self._finish()

    def on_message_complete(self) -> None:
        if self._future is None:
            return
        if not self._head_done:
            self._headers = []  # 1xx: the final answer follows
            return
        self._keep_alive = self._parser.should_keep_alive()
        self._finish()

    # How an exchange ends.

    def _finish(self) -> None:
        future, self._future = self._future, None
        self._stop_timer()
        if future is not None and not future.done():
            future.set_result(self._response())
        if not self._keep_alive:
            self.close()

    def _fail(self, failure: AttemptFailed, cause: BaseException | None = None) -> None:
        future, self._future = self._future, None
        self._stop_timer()
        self._keep_alive = False
        if future is not None and not future.done():
            failure.address = self.address
            if self._head_done:
                failure.partial = self._response(is_complete=False)
            failure.__cause__ = cause
            future.set_exception(failure)
        self.close()

    def _refuse(self, error: httptools.HttpParserError) -> None:
        if self._future is None:
            self.close()  # the answer was complete; what follows it is not an answer
        else:
            text = f"The answer is not valid HTTP: {str(error).rstrip('.')}. {_PLAIN}"
            self._fail(BadResponse(text), error)

    def _expire(self) -> None:
        what = "complete answer" if self._received else "answer"
        limit = f"{self._request.timeout_s:g}"
        text = f"There was no {what} after {limit} seconds. Answer at once, and work afterwards."
        self._fail(AttemptTimeout(text))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _reset(self, request: Request) -> None:
        self._request = request
        self._received = 0
        self._head_done = False
        self._status = 0
        self._headers = []
        self._body = []
        self._body_bytes = 0

    def _check_size(self) -> None:
        """Called once more has come than a head may be: bounds the head and what encloses a body."""
        if self._future is None:
            return
        head_bytes = sum(len(name) + len(value) + 4 for name, value in self._headers)
        if not self._head_done or head_bytes > HEAD_BYTES_MAX:
            text = f"The headers are larger than {HEAD_BYTES_MAX} bytes. Answer with fewer or shorter ones."
            self._fail(ResponseTooLarge(text))
            return
        if self._received > 8 * self._request.read_max + HEAD_BYTES_MAX:
            text = f"The answer is mostly chunk extensions or trailers. {_PLAIN}"
            self._fail(BadResponse(text))

    def _is_delimited_by_end(self) -> bool:
        return not any(
            name.lower() in {b"content-length", b"transfer-encoding"} for name, _ in self._headers
        )

    def _response(self, *, is_complete: bool = True) -> Response:
        request = self._request
        parts = self._body
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        return Response(
            status=self._status,
            headers=[
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in self._headers
            ],
            body=body[: request.kept_max],
            truncated=not is_complete or self._body_bytes > request.kept_max,
            address=self.address,
            elapsed_ms=(self._clock.monotonic_s() - request.started_s) * 1_000,
            reused=self.exchanges > 1,
        )
