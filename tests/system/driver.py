"""Sends messages at a rate and keeps a ledger of what was accepted, also while servers die."""

import asyncio
import contextlib
import json
import re
import time
from dataclasses import dataclass, field

from tests.system.installation import TEXT

CONNECTIONS = 10
_RETRY_S = 0.05
_LONG_EVERY = 17
"""Each such message has several segments, where order is asked for."""
_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)


@dataclass
class Driver:
    """`accepted` holds the id of every message whose 202 arrived whole.

    With `recipients`, each connection writes to as many people of its own, one message after the
    other, so that the order in which each should get them is that of the texts' numbers.
    """

    port: int
    token: str
    status_url: str
    rate: float
    recipients: int = 0
    accepted: list[str] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)
    answers: int = 0
    _sent: int = 0
    _next: float = 0.0
    _began: float = 0.0
    _before: int = 0
    _is_over: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def start(self) -> None:
        self._is_over = False
        self._before, self._began = len(self.accepted), time.monotonic()
        self._next = self._began
        self._tasks = [asyncio.create_task(self._drive(lane)) for lane in range(CONNECTIONS)]

    async def stop(self) -> None:
        """No new messages; those that are under way are waited for."""
        self._is_over = True
        await asyncio.gather(*self._tasks)

    def rate_since_start(self) -> float:
        """Messages accepted a second since the last start."""
        return (len(self.accepted) - self._before) / (time.monotonic() - self._began)

    async def until_accepted(self, count: int, patience_s: float = 60) -> None:
        """Until this many more have been accepted."""
        goal = len(self.accepted) + count
        async with asyncio.timeout(patience_s):
            while len(self.accepted) < goal:
                self._news.clear()
                await self._news.wait()

    async def _drive(self, lane: int) -> None:
        while not self._is_over:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                streams = await asyncio.open_connection("127.0.0.1", self.port)
                await self._send_over(lane, *streams)
            await asyncio.sleep(_RETRY_S)

    async def _send_over(
        self, lane: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while not self._is_over:
                await self._wait_for_turn()
                writer.write(self._request(lane))
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                self._note(head, await reader.readexactly(int(length[1]) if length else 0))
        finally:
            writer.transport.abort()

    async def _wait_for_turn(self) -> None:
        now = time.monotonic()
        self._next = max(self._next, now - 0.5) + 1 / self.rate
        if self._next > now:
            await asyncio.sleep(self._next - now)

    def _request(self, lane: int) -> bytes:
        self._sent += 1
        person = self._sent
        if self.recipients:
            person = lane * self.recipients + self._sent % self.recipients
        text = f"{TEXT}, {self._sent}."
        if self.recipients and self._sent % _LONG_EVERY == 0:  # no two segments are the same
            text += "".join(f" {self._sent}-{word}" for word in range(40))
        body = json.dumps(
            {
                "from": "+12025550100",
                "to": f"+4477009{person % 100_000:05d}",
                "text": text,
                "status_url": self.status_url,
            }
        ).encode()
        return (
            b"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s"
            % (self.token.encode(), len(body), body)
        )

    def _note(self, head: bytes, body: bytes) -> None:
        self.answers += 1
        if head.startswith(b"HTTP/1.1 202 "):
            self.accepted.append(json.loads(body)["id"])
            self._news.set()
        else:
            self.refused.append(head[:12] + body)
