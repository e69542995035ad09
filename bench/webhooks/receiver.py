"""A receiver of webhooks in a process of its own: `python -m bench.webhooks.receiver`.

It answers 200 at once and notes when the first byte of each event came. On a second port it is a black hole:
it takes connections and reads, and never answers. Orders come by lines on stdin, answers go to stdout.
"""

import asyncio
import json
import re
import sys
import time
from array import array
from typing import cast

import uvloop

from bench.webhooks.orders import serve_orders

_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_PLACE = re.compile(rb'"bench":(\d+)')
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Ledger:
    """When each event came first, and how often any came again."""

    def __init__(self) -> None:
        self.first_ns = array("q")
        self.received = 0
        self.swallowed = 0

    def note(self, place: int, at_ns: int) -> None:
        self.received += 1
        if place >= len(self.first_ns):
            self.first_ns.extend([0] * (place + 10_000 - len(self.first_ns)))
        if not self.first_ns[place]:
            self.first_ns[place] = at_ns


class Healthy(asyncio.Protocol):
    """Answers every request on one connection."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._buffer = b""
        self._began_ns = 0
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        if not self._buffer:
            self._began_ns = time.monotonic_ns()
        self._buffer += data
        while (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._buffer, 0, head)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < end:
                return
            place = _PLACE.search(self._buffer, head, end)
            if place is not None:
                self._ledger.note(int(place[1]), self._began_ns)
            self._buffer = self._buffer[end:]
            self._transport.write(_OK)


class BlackHole(asyncio.Protocol):
    """Reads and says nothing."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def data_received(self, data: bytes) -> None:
        self._ledger.swallowed += data.count(b"POST ")


async def main() -> None:
    ledger, loop = Ledger(), asyncio.get_running_loop()
    healthy = await loop.create_server(lambda: Healthy(ledger), "127.0.0.1", 0, backlog=4_096)
    hole = await loop.create_server(lambda: BlackHole(ledger), "127.0.0.1", 0, backlog=4_096)
    ports = [one.sockets[0].getsockname()[1] for one in (healthy, hole)]
    print(json.dumps(ports), flush=True)

    async def take(first: int, count: int) -> dict[str, object]:
        """What came of these events; the times are 0 where one did not come."""
        times = list(ledger.first_ns[first : first + count])
        times += [0] * (count - len(times))
        return {"first_ns": times, "received": ledger.received, "swallowed": ledger.swallowed}

    async def count(first: int, count: int) -> dict[str, object]:
        """How many of these events came."""
        came = sum(1 for at in ledger.first_ns[first : first + count] if at)
        return {"distinct": came, "received": ledger.received}

    await serve_orders({"take": take, "count": count}, sys.stdin)


if __name__ == "__main__":
    uvloop.run(main())
