"""The least that an SMPP client needs, on a plain socket: it proves the SMSC without our own link."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

BIND_TRANSCEIVER, SUBMIT_SM, DELIVER_SM, UNBIND, ENQUIRE_LINK = 0x09, 0x04, 0x05, 0x06, 0x15
RESPONSE = 0x80000000
READ_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Frame:
    command: int
    status: int
    sequence: int
    body: bytes


@dataclass
class Esme:
    """One session."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    sequence: int = 0

    def write(self, command: int, body: bytes = b"", sequence: int | None = None) -> None:
        if sequence is None:
            self.sequence += 1
            sequence = self.sequence
        self.writer.write(struct.pack(">IIII", 16 + len(body), command, 0, sequence) + body)

    async def read(self) -> Frame:
        async with asyncio.timeout(READ_TIMEOUT_S):
            head = await self.reader.readexactly(16)
            length, command, status, sequence = struct.unpack(">IIII", head)
            return Frame(command, status, sequence, await self.reader.readexactly(length - 16))

    async def bind(self) -> Frame:
        self.write(BIND_TRANSCEIVER, b"esme\0secret\0\0\x34\0\0\0")
        return await self.read()

    def submit(self, destination: str, body: bytes) -> None:
        """A submit_sm that asks for a receipt; `body` is GSM 7 bit."""
        addresses = b"\1\1" + b"12025550100\0" + b"\1\1" + destination.encode() + b"\0"
        fields = b"\0" + addresses + b"\0\0\0" + b"\0\0" + b"\1\0\0\0"
        self.write(SUBMIT_SM, fields + bytes([len(body)]) + body)

    def acknowledge(self, frame: Frame) -> None:
        self.write(frame.command | RESPONSE, b"\0", frame.sequence)


@asynccontextmanager
async def connected(port: int, *, context: ssl.SSLContext | None = None) -> AsyncIterator[Esme]:
    """A connection to loopback that is not bound yet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        yield Esme(reader, writer)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def bound(port: int) -> AsyncIterator[Esme]:
    """A bound transceiver."""
    async with connected(port) as esme:
        assert (await esme.bind()).status == 0
        yield esme
