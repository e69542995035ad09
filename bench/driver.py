"""Sends messages over HTTP and receives their callbacks in one process, so that one clock tells all.

Closed loop for throughput (each connection sends its next message when it has the answer); paced
for latency, with the clock starting at the intended moment, so that a stall is not hidden.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol, cast

_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"connection:\s*close", re.IGNORECASE)
_NUMBER = re.compile(rb"[?&]i=(\d+)")
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_OK_AND_CLOSE = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_ACCEPTED = 202
_DRAIN_S = 60.0
_QUIET_S = 20.0


class Target(Protocol):
    """A gateway on loopback."""

    @property
    def port(self) -> int: ...

    def request(self, place: int, callback_port: int) -> bytes:
        """The whole HTTP request that sends message `place`, whose final callback has `?i=place`."""
        ...


@dataclass(frozen=True)
class Load:
    """What to send."""

    first: int
    count: int
    connections: int = 50
    rate: float = 0.0
    """Messages a second; 0: as fast as the answers come."""


@dataclass
class Outcome:
    """What happened, with times in seconds."""

    sent_at: dict[int, float] = field(default_factory=dict)
    accepted_at: dict[int, float] = field(default_factory=dict)
    received_at: dict[int, float] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    duplicates: int = 0

    @property
    def accepts_per_s(self) -> float:
        return _rate(self.accepted_at, min(self.sent_at.values(), default=0.0))

    @property
    def ends_per_s(self) -> float:
        """From the first request to the last callback."""
        return _rate(self.received_at, min(self.sent_at.values(), default=0.0))

    @property
    def sustained_per_s(self) -> float:
        """Callbacks a second between the tenth and the ninetieth hundredth of them."""
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
    """Answers every callback with 200 at once, and notes when the message's last one came."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._buffer += data
        while (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._buffer, 0, head)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < end:
                return
            request, self._buffer = self._buffer[:end], self._buffer[end:]
            self._note(request[:head])
            if _CLOSE.search(request, 0, head):
                self._transport.write(_OK_AND_CLOSE)
                self._transport.close()
                return
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


class Connection:
    """One keep-alive connection, opened anew where the gateway closes it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def exchange(self, request: bytes) -> int:
        """The status of the answer."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        await reader.readexactly(int(length[1]) if length else 0)
        if _CLOSE.search(head):
            self.close()
        return int(head[9:12])

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


@dataclass
class Sender:
    """Sends messages to one target and notes when each was sent and accepted."""

    target: Target
    load: Load
    outcome: Outcome
    callback_port: int

    async def send_all(self) -> None:
        await (self._paced() if self.load.rate else self._closed())

    async def _closed(self) -> None:
        places = iter(range(self.load.first, self.load.first + self.load.count))
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self.load.connections):
                tasks.create_task(self._take_turns(places))

    async def _take_turns(self, places: Iterator[int]) -> None:
        connection = Connection(self.target.port)
        for place in places:
            self.outcome.sent_at[place] = time.perf_counter()
            await self._send(connection, place)
        connection.close()

    async def _paced(self) -> None:
        queue: asyncio.Queue[int | None] = asyncio.Queue()
        start = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self.load.connections):
                tasks.create_task(self._take_from(queue))
            for step in range(self.load.count):
                intended = start + step / self.load.rate
                await asyncio.sleep(max(0.0, intended - time.perf_counter()))
                self.outcome.sent_at[self.load.first + step] = intended
                queue.put_nowait(self.load.first + step)
            for _ in range(self.load.connections):
                queue.put_nowait(None)

    async def _take_from(self, queue: "asyncio.Queue[int | None]") -> None:
        connection = Connection(self.target.port)
        while (place := await queue.get()) is not None:
            await self._send(connection, place)
        connection.close()

    async def _send(self, connection: Connection, place: int) -> None:
        status = await connection.exchange(self.target.request(place, self.callback_port))
        self.outcome.statuses[status] += 1
        if status == _ACCEPTED:
            self.outcome.accepted_at[place] = time.perf_counter()


async def run(target: Target, load: Load) -> Outcome:
    """Send the load, and wait until the last callback of each has come, or none come any more."""
    outcome = Outcome()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Receiver(outcome), "127.0.0.1", 0, backlog=2_048)
    try:
        await Sender(target, load, outcome, server.sockets[0].getsockname()[1]).send_all()
        await _drain(outcome)
    finally:
        server.close()
    return outcome


async def _drain(outcome: Outcome) -> None:
    deadline = time.perf_counter() + _DRAIN_S
    seen, since = -1, time.perf_counter()
    while outcome.lost and time.perf_counter() < deadline:
        await asyncio.sleep(0.02)
        if len(outcome.received_at) != seen:
            seen, since = len(outcome.received_at), time.perf_counter()
        elif time.perf_counter() - since > _QUIET_S:
            return
