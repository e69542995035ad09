"""Hookline with the far end's Asterisk as its carrier, driven over its public API."""

import asyncio
import json
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import uvloop

from bench.calls.contender import LIVE_S, Act, CallLoad, CallOutcome, at_once_max
from bench.calls.far_end import FarEnd
from bench.driver import Load, Outcome, Sender
from bench.hookline import Setup, running_server
from tests.services.asterisk import PASSWORD, USER

_SENDER = "+12025550100"
_APPLICATION = "bench"
_LEGS_MAX = 1_000
_CONNECTIONS = 20
_PAGE = 100
_START_S = 20.0
_FIRST_RING_S = 0.5
"""After the last request, its call has a channel."""
_LOOK_EVERY_S = 0.5
_SETTLE_S = 60.0
_UNDER_WAY = (
    "calls?status=queued", "calls?status=dialing", "calls?status=in_progress",
    "recordings?status=in_progress",
)  # fmt: skip
_LONG_TEXT = (
    "This call is recorded from its beginning to its end, so that we can measure it. Thank you."
)
_ACTIONS: Mapping[Act, str] = {
    "signalling": f'[{{"pause":{{"seconds":{LIVE_S:g}}}}},{{"hangup":{{}}}}]',
    "played": '[{"say":{"text":"Hello."}},{"hangup":{}}]',
    "recorded": f'[{{"say":{{"text":"{_LONG_TEXT}"}}}},{{"hangup":{{}}}}]',
}


@dataclass
class HooklineCalls:
    """A server on one database; a target of the driver."""

    port: int
    token: str
    pids: Mapping[str, int]
    act: Act = "signalling"
    began_at: str = ""
    """The API's time, before the first of the last load's calls."""
    sent: Outcome = field(default_factory=Outcome)

    def request(self, place: int, callback_port: int) -> bytes:
        record = ',"record":"mono"' if self.act == "recorded" else ""
        body = (
            f'{{"from":"{_SENDER}","to":"+4477009{place % 100_000:05d}",'
            f'"actions":{_ACTIONS[self.act]}{record}}}'
        )
        return (
            "POST /v1/calls HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self.token}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    def place(self, load: CallLoad) -> None:
        self.act = load.act
        self.began_at = datetime.now().astimezone().isoformat(timespec="milliseconds")
        self.sent = Outcome()
        sender = Sender(self, Load(0, load.count, _CONNECTIONS, load.rate), self.sent, 0)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(sender.send_all())
        time.sleep(_FIRST_RING_S)

    def settle(self) -> None:
        """Look seldom: what that costs is counted."""
        deadline = time.monotonic() + _SETTLE_S
        for what in _UNDER_WAY:
            while self.get(f"{what}&limit=1")["data"] and time.monotonic() < deadline:
                time.sleep(_LOOK_EVERY_S)

    def outcome(self) -> CallOutcome:
        calls = [one for one in self._list("calls") if _ms(one["created_at"]) >= _ms(self.began_at)]
        ids = {one["id"] for one in calls}
        recordings = [one for one in self._list("recordings") if one["call_id"] in ids]
        answered = [one for one in calls if one["answered_at"] and one["ended_at"]]
        spans = [(_ms(one["answered_at"]), _ms(one["ended_at"])) for one in answered]
        sent = self.sent
        return CallOutcome(
            post_ms=[(sent.accepted_at[one] - sent.sent_at[one]) * 1e3 for one in sent.accepted_at],
            answered_ms=[_ms(one["answered_at"]) - _ms(one["created_at"]) for one in answered],
            accepted=len(sent.accepted_at),
            completed=sum(one["status"] == "completed" for one in calls),
            recorded=sum(one["status"] == "completed" for one in recordings),
            at_once_max=at_once_max(spans),
            ended_s=[end / 1e3 for _, end in spans],
            oddities=_oddities(sent, calls, recordings),
        )

    def _list(self, what: str) -> list[dict[str, Any]]:
        """All there are, newest first."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.get(f"{what}?limit={_PAGE}{cursor}")
            found += page["data"]
            if not page["has_more"]:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    def get(self, path: str) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/{path}",
            headers={"Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def _oddities(
    sent: Outcome, calls: list[dict[str, Any]], recordings: list[dict[str, Any]]
) -> dict[str, int]:
    found: Counter[str] = Counter()
    for status, times in sent.statuses.items():
        if status != 202:
            found[f"HTTP {status}"] += times
    for one in [*calls, *recordings]:
        if one["status"] != "completed":
            found[f"{one['object']} {one['status']}: {one['reason']}"] += 1
    return dict(found)


def _ms(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp() * 1e3


@contextmanager
def running_calls(far_end: FarEnd, setup: Setup) -> Iterator[HooklineCalls]:
    """A server whose number is on the far end's Asterisk, and connected to it."""
    asterisk = far_end.asterisk
    with running_server(setup) as server:
        server.command(
            "carriers", "add", "asterisk", "--name", "bench", "--url", asterisk.url,
            "--user", USER, "--password", PASSWORD, "--application", _APPLICATION,
            "--media-dir", str(asterisk.media), "--media-dir-there", f"{asterisk.there}/media",
            "--legs-max", str(_LEGS_MAX), "--json",
        )  # fmt: skip
        server.command("numbers", "add", _SENDER, "--voice-carrier", "bench")
        _wait_until_connected(far_end)
        yield HooklineCalls(server.port, server.token, server.pids)


def _wait_until_connected(far_end: FarEnd) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if any(one["name"] == _APPLICATION for one in far_end.asterisk.applications()):
            return
        time.sleep(0.1)
    raise TimeoutError("Hookline did not connect to Asterisk")
