"""HTTP/1.1 as uvicorn reads it, within bounds: it would wait for the end of a head for ever.

What it refuses has the form of every other refusal.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hookline.api.problems import MEDIA_TYPE, problem_body
from hookline.errors import MalformedRequest
from hookline.ids import IdSource
from hookline.settings import Settings


def http_protocol(settings: Settings) -> type[HttpToolsProtocol]:
    """The protocol of a server with these settings."""

    class Protocol(BoundedHttp):
        head_bytes_max = settings.head_bytes_max
        head_timeout_s = settings.head_timeout_s

    return Protocol


class BoundedHttp(HttpToolsProtocol):
    """One connection."""

    head_bytes_max: int
    head_timeout_s: float
    _head_bytes = 0
    _is_in_head = True
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own
        super().connection_made(transport)
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        was_in_head = self._is_in_head
        super().data_received(data)
        if not self._is_in_head or self.transport.is_closing():
            return
        self._head_bytes += len(data) if was_in_head else 0
        if self._head_bytes > self.head_bytes_max:
            self.send_400_response("The head of the request is too large.")
        elif self._deadline is None:
            self._start_deadline()

    def on_message_begin(self) -> None:
        self._is_in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_in_head, self._head_bytes = False, 0
        self._stop_deadline()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        request_id = IdSource().new("req")
        body = problem_body(MalformedRequest(msg), request_id)
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: %b\r\nrequest-id: %b\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n%b"
            % (MEDIA_TYPE.encode(), request_id.encode(), len(body), body)
        )
        self.transport.close()

    def _start_deadline(self) -> None:
        self._deadline = self.loop.call_later(self.head_timeout_s, self._give_up)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if not self._head_bytes:
            self.transport.close()  # as browsers expect of connections that they opened ahead
        elif not self.transport.is_closing():
            self.send_400_response("The head of the request did not come in time.")
