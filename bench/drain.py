"""`make bench ARGS="--drain"`: a carrier that is down while messages pile up, and how they drain once it is back.

Batches of 1,000 are accepted for a carrier that nobody answers at; then nothing happens for a while; then its
SMSC starts. Processor time a message and memory are told for each tenth, so that a
queue that costs more the longer it is shows, whatever else the machine does.
"""

import argparse
import http.client
import json
import re
import time
from contextlib import ExitStack
from dataclasses import dataclass

from rich.table import Table

from bench.hookline import SENDER, Hookline, Setup, add_carrier, running_server
from bench.report import console
from bench.smsc import running_smsc
from bench.usage import usages
from tests.services.ports import find_free_port
from tests.services.postgres import postgres_server

_BATCH = 1_000
_STALLED_S = 120.0
_ENDED = re.compile(r'^hookline_messages_ended_total\{status="delivered"\} (\S+)$', re.MULTILINE)


@dataclass(frozen=True)
class Tenth:
    """One tenth of the messages, or of the outage."""

    what: str
    seconds: float
    cpu_s: float
    rss_mb: float
    messages: int = 0


def main(arguments: list[str]) -> None:
    options = _options(arguments)
    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_server()) if options.postgresql else None
        server = stack.enter_context(running_server(Setup("smpp", postgres)))
        port = find_free_port()
        add_carrier(server, port, options.window)
        gateway = Hookline(server.port, server.token, server.pids)
        tenths = _accept(gateway, options.messages)
        tenths.append(_wait(gateway, options.down_s))
        stack.enter_context(running_smsc(port))
        tenths += _drain(gateway, options.messages)
    _print(tenths, options.messages)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench --drain", description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument(
        "--down-s", type=float, default=60.0, help="how long the carrier stays down"
    )
    parser.add_argument("--window", type=int, default=50)
    parser.add_argument("--postgresql", action="store_true", help="instead of SQLite")
    return parser.parse_args(arguments)


class _Meter:
    """What the server has used since the last look."""

    def __init__(self, gateway: Hookline) -> None:
        self._gateway = gateway
        self.look()

    def look(self) -> tuple[float, float, float]:
        """Seconds, processor seconds, and the memory now."""
        used = usages(self._gateway.pids)
        now, cpu_s = time.monotonic(), used["Hookline"].cpu_s
        if not hasattr(self, "_at_s"):
            self._at_s, self._cpu_s = now, cpu_s
        passed = now - self._at_s, cpu_s - self._cpu_s, used["Hookline"].rss_mb
        self._at_s, self._cpu_s = now, cpu_s
        return passed


def _accept(gateway: Hookline, count: int) -> list[Tenth]:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=120)
    headers = {"Authorization": f"Bearer {gateway.token}", "Content-Type": "application/json"}
    meter, tenths = _Meter(gateway), []
    step = max(_BATCH, count // 10)
    for first in range(0, count, _BATCH):
        messages = [
            {"from": SENDER, "to": f"+4477009{place % 100_000:05}", "text": f"hi {place}"}
            for place in range(first, min(first + _BATCH, count))
        ]
        connection.request(
            "POST", "/v1/messages/batch", json.dumps({"messages": messages}), headers
        )
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 202:
            raise SystemExit(f"A batch was refused: {answer.status} {body[:300]!r}")
        done = first + len(messages)
        if done % step == 0 or done == count:
            tenths.append(_told(Tenth("accepted", *meter.look(), messages=min(step, done))))
    connection.close()
    return tenths


def _wait(gateway: Hookline, seconds: float) -> Tenth:
    meter = _Meter(gateway)
    time.sleep(seconds)
    return _told(Tenth("carrier down", *meter.look()))


def _drain(gateway: Hookline, count: int) -> list[Tenth]:
    meter, tenths = _Meter(gateway), []
    step = max(1, count // 10)
    done = told = 0
    moved_at = time.monotonic()
    while done < count:
        time.sleep(0.5)
        now = _delivered(gateway)
        if now > done:
            moved_at = time.monotonic()
        elif time.monotonic() - moved_at > _STALLED_S:
            raise SystemExit(f"{done:,} of {count:,} were delivered; nothing moves any more.")
        done = now
        if done - told >= step or done >= count:
            tenths.append(_told(Tenth("delivered", *meter.look(), messages=done - told)))
            told = done
    return tenths


def _told(tenth: Tenth) -> Tenth:
    """Said as it comes: all of them take an hour."""
    each = f", {1e3 * tenth.cpu_s / tenth.messages:.3f} ms CPU each" if tenth.messages else ""
    console.print(
        f"{tenth.what}: {tenth.messages:,} in {tenth.seconds:.0f} s{each}, {tenth.rss_mb:.0f} MB"
    )
    return tenth


def _delivered(gateway: Hookline) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=60)
    connection.request("GET", "/metrics")
    found = _ENDED.search(connection.getresponse().read().decode())
    connection.close()
    return int(float(found[1])) if found else 0


def _print(tenths: list[Tenth], count: int) -> None:
    table = Table(title=f"{count:,} messages for a carrier that was down")
    for column in ("", "messages", "seconds", "a second", "CPU ms a message", "RSS MB"):
        table.add_column(column, justify="right" if column else "left")
    for one in tenths:
        if one.messages:
            each = f"{one.messages / one.seconds:,.0f}", f"{1e3 * one.cpu_s / one.messages:.3f}"
        else:
            each = "", f"{1e3 * one.cpu_s / one.seconds:.1f} ms a second"
        table.add_row(
            one.what, f"{one.messages:,}", f"{one.seconds:.1f}", *each, f"{one.rss_mb:.0f}"
        )
    console.print(table)
