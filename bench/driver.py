"""Sends messages over HTTP and receives their webhooks in one process, so that one clock tells all.

Closed loop for throughput (each connection sends its next message when it has the answer); paced
for latency, with the clock starting at the intended moment, so that a stall is not hidden.
"""

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_NUMBER = re.compile(rb"[?&]i=(\d+)")
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_DRAIN_S = 60.0
_QUIET_S = 20.0


@dataclass
class Load:
    """What to send."""

    url_host: str
    url_port: int
    token: str
    count: int
    connections: int = 50
    rate: float = 0.0
    """Messages a second; 0: as fast as the answers come."""
    first: int = 0


@dataclass
class Outcome:
    """What happened, with times in seconds."""

    sent_at: dict[int, float] = field(default_factory=dict)
    accepted_at: dict[int, float] = field(default_factory=dict)
    received_at: dict[int, float] = field(default_factory=dict)
    ids: dict[int, str] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)
    duplicates: int = 0

    @property
    def accepts_per_s(self) -> float:
        return _rate(self.accepted_at, min(self.sent_at.values(), default=0.0))

    @property
    def ends_per_s(self) -> float:
        """From the first request to the last webhook."""
        return _rate(self.received_at, min(self.sent_at.values(), default=0.0))

    @property
    def sustained_per_s(self) -> float:
        """Webhooks a second between the tenth and the ninetieth hundredth of them."""
        times = sorted(self.received_at.values())
        if len(times) < 100:
            return self.ends_per_s
        low, high = len(times) // 10, len(times) * 9 // 10
        return (high - low) / max(times[high] - times[low], 1e-9)

    def accept_ms(self, share: float) -> float:
        return _percentile([self.accepted_at[i] - self.sent_at[i] for i in self.accepted_at], share)

    def end_ms(self, share: float) -> float:
        return _percentile([self.received_at[i] - self.sent_at[i] for i in self.received_at], share)

    @property
    def lost(self) -> int:
        return len(self.accepted_at.keys() - self.received_at.keys())


def _rate(times: dict[int, float], start: float) -> float:
    return len(times) / max(max(times.values(), default=start) - start, 1e-9)


def _percentile(seconds: list[float], share: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3 if ordered else 0.0


class Receiver(asyncio.Protocol):
    """Answers every webhook with 200 at once, and notes when the message's last one came."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._buffer, 0, head)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < end:
                return
            request, self._buffer = self._buffer[:end], self._buffer[end:]
            self._note(request[:head])
            assert self._transport is not None
            self._transport.write(_OK)

    def _note(self, head: bytes) -> None:
        number = _NUMBER.search(head)
        if number is None:
            return
        place = int(number[1])
        if place in self._outcome.received_at:
            self._outcome.duplicates += 1
        else:
            self._outcome.received_at[place] = time.perf_counter()


async def run(load: Load) -> Outcome:
    """Send the load, and wait until every accepted message's webhook has come, or none come any more."""
    outcome = Outcome()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Receiver(outcome), "127.0.0.1", 0, backlog=2_048)
    port = server.sockets[0].getsockname()[1]
    try:
        if load.rate:
            await _paced(load, outcome, port)
        else:
            await _closed(load, outcome, port)
        await _drain(outcome)
    finally:
        server.close()
    return outcome


async def _closed(load: Load, outcome: Outcome, port: int) -> None:
    places = iter(range(load.first, load.first + load.count))

    async def connection() -> None:
        await _send_all(load, outcome, port, places)

    await asyncio.gather(*(connection() for _ in range(load.connections)))


async def _send_all(load: Load, outcome: Outcome, port: int, places: Iterator[int]) -> None:
    reader, writer = await asyncio.open_connection(load.url_host, load.url_port)
    for place in places:
        outcome.sent_at[place] = time.perf_counter()
        await _exchange(load, outcome, port, place, reader, writer)
    writer.close()


async def _paced(load: Load, outcome: Outcome, port: int) -> None:
    queue: asyncio.Queue[int | None] = asyncio.Queue()

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(load.url_host, load.url_port)
        while (place := await queue.get()) is not None:
            await _exchange(load, outcome, port, place, reader, writer)
        writer.close()

    workers = [asyncio.create_task(connection()) for _ in range(load.connections)]
    start = time.perf_counter()
    for step in range(load.count):
        wait = start + step / load.rate - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        outcome.sent_at[load.first + step] = start + step / load.rate
        queue.put_nowait(load.first + step)
    for _ in workers:
        queue.put_nowait(None)
    await asyncio.gather(*workers)


async def _exchange(
    load: Load,
    outcome: Outcome,
    port: int,
    place: int,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    body = (
        f'{{"from":"+12025550100","to":"+4477009{place % 100_000:05d}","text":"hi {place}",'
        f'"status_url":"http://127.0.0.1:{port}/status?i={place}",'
        f'"status_events":["message.delivered"]}}'
    ).encode()
    writer.write(
        b"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s"
        % (load.token.encode(), len(body), body)
    )
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    answer = await reader.readexactly(int(length[1]) if length else 0)
    status = int(head[9:12])
    outcome.statuses[status] = outcome.statuses.get(status, 0) + 1
    if status == 202:
        outcome.accepted_at[place] = time.perf_counter()
        outcome.ids[place] = answer[7:37].decode()


async def _drain(outcome: Outcome) -> None:
    deadline = time.perf_counter() + _DRAIN_S
    seen, since = -1, time.perf_counter()
    while outcome.lost and time.perf_counter() < deadline:
        await asyncio.sleep(0.02)
        if len(outcome.received_at) != seen:
            seen, since = len(outcome.received_at), time.perf_counter()
        elif time.perf_counter() - since > _QUIET_S:
            return
