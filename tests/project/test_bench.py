"""What `make bench` measures with must itself be right."""

import asyncio

import pytest

from bench.driver import Load, Outcome, run
from bench.smsc import running_smsc
from tests.services.esme import BIND_TRANSCEIVER, DELIVER_SM, RESPONSE, SUBMIT_SM, connected
from tests.services.programs import NODE


async def test_fast_smsc_answers_and_reports() -> None:
    if NODE.find() is None:
        pytest.skip(NODE.missing)
    with running_smsc() as port:
        async with connected(port) as esme:
            assert (await esme.bind()).command == BIND_TRANSCEIVER | RESPONSE
            esme.submit("447700900001", b"hello")
            answer, receipt = await esme.read(), await esme.read()
    assert (answer.command, receipt.command) == (SUBMIT_SM | RESPONSE, DELIVER_SM)
    assert b"id:%s sub" % answer.body.removesuffix(b"\0") in receipt.body
    assert b"\x01\x01447700900001\0\x01\x0112025550100\0" in receipt.body


class Echo:
    """Calls back for every message, for every third one twice, and then accepts it."""

    port = 0

    def request(self, place: int, callback_port: int) -> bytes:
        return b"GET /?i=%d&port=%d HTTP/1.1\r\n\r\n" % (place, callback_port)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            if line.startswith(b"GET"):
                query = line.split()[1].decode()
                await self.call_back(query)
                writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    async def call_back(self, query: str) -> None:
        place, port = int(query.split("=")[1].split("&")[0]), int(query.rsplit("=", 1)[1])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(1 if place % 3 else 2):
            writer.write(b"GET /status?i=%d HTTP/1.1\r\n\r\n" % place)
            await reader.readuntil(b"\r\n\r\n")
        writer.close()


@pytest.mark.parametrize("rate", [0.0, 1_000.0])
async def test_driver_counts_what_ends_and_what_ends_twice(rate: float) -> None:
    target = Echo()
    server = await asyncio.start_server(target.serve, "127.0.0.1", 0)
    target.port = server.sockets[0].getsockname()[1]
    outcome: Outcome = await run(target, Load(first=1, count=9, connections=3, rate=rate))
    server.close()
    assert len(outcome.accepted_at) == len(outcome.received_at) == 9
    assert (outcome.lost, outcome.duplicates) == (0, 3)
