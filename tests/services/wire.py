"""A wire between a client and a server on loopback, which can be cut and mended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Wire:
    """Carries every connection to a port as long as it is not cut."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._transports: set[asyncio.WriteTransport] = set()
        self._is_cut = False
        self._carrying: set[asyncio.Task[None] | None] = set()
        self.port = 0

    def cut(self) -> None:
        """Break what there is, and take nothing new."""
        self._is_cut = True
        for transport in tuple(self._transports):
            transport.abort()

    def mend(self) -> None:
        self._is_cut = False

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        self._carrying.add(asyncio.current_task())
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        transports = {writer.transport, back.transport}
        self._transports |= transports
        try:
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        finally:
            self._transports -= transports
            self._carrying.discard(asyncio.current_task())
            for transport in transports:
                transport.abort()

    async def end(self) -> None:
        self.cut()
        await asyncio.gather(*(task for task in self._carrying if task), return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()
    except OSError:
        writer.close()


@asynccontextmanager
async def wire_to(port: int) -> AsyncIterator[Wire]:
    """A wire to a loopback port."""
    wire = Wire(port)
    server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        await wire.end()
