"""`python -m bench.request_log`: what the request log and the counters cost, in one process.

`POST /v1/messages` goes through the whole application, without sockets; messages go to the sandbox.
With and without the observers in turns, as fast as it goes, on SQLite; processor time of all threads, from one
flush to the next, so that what is written later is in it. By default most requests are only counted at such a
rate; with the second settings each is kept.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from hookline.app import Server
from hookline.credentials.issuing import Issue, issue_credential
from hookline.principal import Principal, PrincipalKind, Scope
from hookline.settings import Settings
from hookline.storage.migrate import migrate
from hookline.storage.schema import accounts
from hookline.telemetry.logs import configure_logs

SENDER, RECIPIENT = "+12025550100", "+12025550110"
_AT_ONCE = 50
_SETTINGS: Mapping[str, Mapping[str, Any]] = {  # Any: each setting's own type
    "Defaults": {},
    "Every request kept": {"request_log_per_s": 1_000_000, "request_log_buffer_max": 100_000},
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.request_log", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--messages", type=int, default=3_000, help="a round")
    options = parser.parse_args()
    configure_logs(level="error", as_json=True)
    for title, more in _SETTINGS.items():
        with tempfile.TemporaryDirectory(prefix="hookline-bench-") as folder:
            settings = Settings(
                data_dir=Path(folder), admin_password="of no use here at all", **more
            )
            asyncio.run(_measure(title, settings, options))


async def _measure(title: str, settings: Settings, options: argparse.Namespace) -> None:
    await migrate(settings)
    server = Server(settings)
    await server.start()
    await server.core.bootstrap()
    token = await _token(server)
    await _drive(server, token, 1_000)
    found: dict[bool, list[float]] = {True: [], False: []}
    for round_number in range(2 * options.rounds):
        observed = round_number % 4 in {0, 3}
        server.asgi.observers = server.observers if observed else ()
        found[observed].append(await _drive(server, token, options.messages))
    with_it, without = (statistics.median(found[observed]) for observed in (True, False))
    ratios = sorted(a / b for a, b in zip(found[True], found[False], strict=True))
    print(
        f"{title}: {1e6 * with_it:.0f} µs CPU a message with, {1e6 * without:.0f} without, "
        f"{with_it / without:.3f} times; in pairs {statistics.median(ratios):.3f} "
        f"({ratios[0]:.3f} to {ratios[-1]:.3f})"
    )
    await server.stop()


async def _token(server: Server) -> str:
    store = server.core.store
    account_id = (await store.read(accounts.select()))[0].id
    owner = Principal(account_id, PrincipalKind.SYSTEM, "bench", frozenset(Scope))
    command = Issue("bench", frozenset({Scope.MESSAGES_SEND}))
    return (await store.commit(lambda tx: issue_credential(tx, store, owner, command))).token


async def _drive(server: Server, token: str, count: int) -> float:
    """Processor seconds a message."""
    headers = [
        (b"host", b"localhost"),
        (b"authorization", f"Bearer {token}".encode()),
        (b"content-type", b"application/json"),
        (b"user-agent", b"bench/1.0"),
    ]
    places = iter(range(count))
    started = time.process_time()

    async def work() -> None:
        for place in places:
            await _send(server, headers, f"Hello number {place}")

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    for observer in server.observers:
        await observer.flush()
    await asyncio.sleep(1.0)  # until the sandbox has reported everything
    return (time.process_time() - started) / count


async def _send(server: Server, headers: list[tuple[bytes, bytes]], text: str) -> None:
    body = msgspec.json.encode({"from": SENDER, "to": RECIPIENT, "text": text})
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": "/v1/messages",
        "query_string": b"", "client": ("127.0.0.1", 1), "scheme": "http",
        "headers": [*headers, (b"content-length", b"%d" % len(body))],
    }  # fmt: skip
    statuses = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await server.asgi(scope, receive, send)  # type: ignore[arg-type]  # ASGI's own kinds of mappings
    assert statuses == [202], statuses


if __name__ == "__main__":
    main()
