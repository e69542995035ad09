"""A bare ARI loop: originate, wait for the answer, do what is to be done, hang up, wait for the end.

The least that any program needs for these calls, with the libraries of its field: asyncio on uvloop,
aiohttp, JSON of the standard library. Nothing is checked, stored or told. It reads loads as lines of
JSON and writes an outcome for each: `python -m bench.calls.bare_loop URL USER PASSWORD SOUNDS OUT`.
"""

import asyncio
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import uvloop

from bench.calls.contender import LIVE_S, CallLoad, CallOutcome, at_once_max

APPLICATION = "bare"
_PATIENCE_S = 30.0
Event = Mapping[str, Any]


@dataclass
class BareCall:
    """One call, as the loop waits for what Asterisk says of it."""

    id: str
    heard: dict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))
    """Events of the call's own channel, snoop, playback and recording, by type."""

    async def wait(self, event: str) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            await self.heard[event].wait()


class BareLoop:
    """Places calls; to be used while an event loop runs."""

    def __init__(self, session: aiohttp.ClientSession, url: str, sounds: str, out: Path) -> None:
        self._session = session
        self._url = url
        self._sounds = sounds
        self._out = out
        self._calls: dict[str, BareCall] = {}
        self._number = 0

    async def listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            event = json.loads(message.data)
            kind = event["type"]
            if kind.startswith("Playback"):
                key = event["playback"]["id"]
            elif kind.startswith("Recording"):
                key = event["recording"]["name"]
            else:
                key = event.get("channel", {}).get("id", "")
            call = self._calls.get(key.removeprefix("snoop-"))
            if call is not None:
                call.heard[f"snoop {kind}" if key.startswith("snoop-") else kind].set()

    async def place(self, load: CallLoad) -> CallOutcome:
        outcome, spans = CallOutcome(), list[tuple[float, float]]()
        oddities: Counter[str] = Counter()
        start = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for step in range(load.count):
                intended = start + step / load.rate
                await asyncio.sleep(max(0.0, intended - time.perf_counter()))
                tasks.create_task(self._one(load, intended, outcome, spans, oddities))
        outcome.at_once_max = at_once_max(spans)
        outcome.oddities = dict(oddities)
        return outcome

    async def _one(
        self,
        load: CallLoad,
        intended: float,
        outcome: CallOutcome,
        spans: list[tuple[float, float]],
        oddities: Counter[str],
    ) -> None:
        self._number += 1
        call = self._calls[f"bare-{self._number}"] = BareCall(f"bare-{self._number}")
        try:
            await self._ask(
                "POST", f"channels/{call.id}",
                endpoint=f"PJSIP/+4477009{self._number % 100_000:05d}@trunk", app=APPLICATION,
                callerId="+12025550100", timeout=50,
            )  # fmt: skip
            placed = time.perf_counter()
            outcome.accepted += 1
            outcome.post_ms.append((placed - intended) * 1e3)
            await call.wait("StasisStart")
            answered = time.perf_counter()
            outcome.answered_ms.append((answered - placed) * 1e3)
            recorded = await self._act(call, load)
            ended = time.perf_counter()
            outcome.recorded += recorded
            outcome.ended_s.append(ended)
            spans.append((answered, ended))
            outcome.completed += 1
        except (aiohttp.ClientError, TimeoutError) as error:
            oddities[repr(error)[:80]] += 1
        finally:
            del self._calls[call.id]

    async def _act(self, call: BareCall, load: CallLoad) -> int:
        """How many recordings came of it."""
        snoop = f"snoop-{call.id}"
        if load.act == "recorded":
            path = f"channels/{call.id}/snoop/{snoop}"
            await self._ask("POST", path, spy="both", whisper="none", app=APPLICATION)
            await call.wait("snoop StasisStart")
            await self._ask("POST", f"channels/{snoop}/record", name=snoop, format="wav",
                            maxDurationSeconds=14_402, ifExists="overwrite")  # fmt: skip
        if load.act == "signalling":
            await asyncio.sleep(LIVE_S)
        else:
            sound = f"sound:{self._sounds}/{load.act}"
            await self._ask("POST", f"channels/{call.id}/play/{call.id}", media=sound)
            await call.wait("PlaybackFinished")
        await self._ask("DELETE", f"channels/{call.id}", reason_code=16)
        await call.wait("ChannelDestroyed")
        if load.act != "recorded":
            return 0
        await call.wait("snoop RecordingFinished")
        sound = await self._ask("GET", f"recordings/stored/{snoop}/file")
        (self._out / f"{snoop}.wav").write_bytes(sound)
        await self._ask("DELETE", f"recordings/stored/{snoop}")
        return 1

    async def _ask(self, method: str, path: str, **params: str | int) -> bytes:
        async with self._session.request(
            method, f"{self._url}/ari/{path}", params=params
        ) as response:
            response.raise_for_status()
            return await response.read()


async def main() -> None:
    url, user, password, sounds, out = sys.argv[1:]
    loop = asyncio.get_running_loop()
    headers = {"Authorization": aiohttp.encode_basic_auth(user, password, "utf-8")}
    async with aiohttp.ClientSession(headers=headers) as session:
        socket = await session.ws_connect(f"{url}/ari/events", params={"app": APPLICATION})
        bare = BareLoop(session, url, sounds, Path(out))
        listening = asyncio.create_task(bare.listen(socket))
        print("ready", flush=True)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            outcome = await bare.place(CallLoad(**json.loads(line)))
            print(json.dumps(asdict(outcome)), flush=True)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
