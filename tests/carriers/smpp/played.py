"""A carrier that a test plays frame by frame, for what node-smpp cannot do."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from hookline.carriers.pace import Timing
from hookline.carriers.smpp.pdu import Address, Command, Deliver, encode_deliver
from tests.carriers.smpp.linked import PATIENCE_S, QUICK, Linked, linked
from tests.services.esme import RESPONSE, Esme, Frame

PHONE, NUMBER = Address(1, 1, "447700900001"), Address(1, 1, "12025550100")


@dataclass
class Peer(Esme):
    """The carrier's end of one connection."""

    def answer(self, frame: Frame, body: bytes = b"", status: int = 0) -> None:
        self.put(frame.command | RESPONSE, frame.sequence, body, status)

    def put(self, command: int, sequence: int, body: bytes = b"", status: int = 0) -> None:
        head = struct.pack(">IIII", 16 + len(body), command, status, sequence)
        self.writer.write(head + body)

    def accept(self, frame: Frame, message_id: str = "id-1") -> None:
        self.answer(frame, message_id.encode() + b"\0")

    async def take(self, command: int) -> Frame:
        """The next frame of this command; enquiries before it are answered, answers passed over."""
        while (frame := await self.read()).command != command:
            if frame.command == Command.ENQUIRE_LINK:
                self.answer(frame)
        return frame

    async def take_bind(self) -> None:
        self.answer(await self.take(Command.BIND_TRANSCEIVER), b"PLAYED\0")

    async def ended(self) -> None:
        """Once the link has hung up; what it still said is passed over."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while await self.reader.read(65_536):
                    pass
            except ConnectionError:
                return


@dataclass
class Carrier:
    """Listens, and hands over each connection."""

    port: int
    arrived: "asyncio.Queue[Peer]"

    async def peer(self) -> Peer:
        """The next connection."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.arrived.get()

    async def bound_peer(self) -> Peer:
        peer = await self.peer()
        await peer.take_bind()
        return peer


@asynccontextmanager
async def played() -> AsyncIterator[Carrier]:
    """A carrier on loopback."""
    arrived: asyncio.Queue[Peer] = asyncio.Queue()
    peers: list[Peer] = []

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peers.append(Peer(reader, writer))
        arrived.put_nowait(peers[-1])

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    try:
        yield Carrier(server.sockets[0].getsockname()[1], arrived)
    finally:
        server.close()
        for peer in peers:
            peer.writer.transport.abort()
        await server.wait_closed()


@asynccontextmanager
async def playing(
    *, timing: Timing = QUICK, **changes: object
) -> AsyncIterator[tuple[Linked, Carrier, Peer]]:
    """A link that is bound to a played carrier."""
    async with (
        played() as carrier,
        linked(carrier.port, is_bound=False, timing=timing, **changes) as opened,
    ):
        peer = await carrier.bound_peer()
        await opened.bound()
        yield opened, carrier, peer
        peer.writer.transport.abort()  # else the link waits for an answer to its unbind


def receipt(sequence: int, carrier_id: str, state: str = "DELIVRD") -> bytes:
    """A receipt as a frame."""
    text = f"id:{carrier_id} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 "
    text += f"stat:{state} err:000 text:"
    return deliver(sequence, text.encode(), esm_class=4)


def deliver(
    sequence: int,
    octets: bytes,
    *,
    esm_class: int = 0,
    data_coding: int = 0,
    tlvs: dict[int, bytes] | None = None,
) -> bytes:
    """A deliver_sm as a frame."""
    body = Deliver(PHONE, NUMBER, esm_class, 0, data_coding, octets, tlvs or {})
    return encode_deliver(sequence, body)
