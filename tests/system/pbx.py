"""Connects an installation to a real Asterisk, as an operator would by the API, and follows its calls."""

import asyncio
import io
import wave
from array import array
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import cos, hypot, pi, sin
from pathlib import Path
from typing import Any

import httpx

from tests.services.asterisk import PASSWORD, USER, Asterisk
from tests.services.phones import CALLED, SoftPhone
from tests.system.carrier import client_of, listed
from tests.system.inspection import wait_for
from tests.system.installation import Installation

FINAL = {"completed", "busy", "no_answer", "declined", "failed", "canceled"}
OURS = CALLED
"""The number that callers dial, and that is shown to those whom we call."""
CARRIER = "Office"
PATIENCE_S = 20.0
HUM, OTHER_HUM = 700, 1_100
"""What the telephones' people hum, in Hz."""
LOUD = 1_000
"""The amplitude of a tone that is surely there."""

Json = Any  # Any: JSON


@dataclass(frozen=True)
class Pbx:
    """An Asterisk behind a running server, by its API."""

    installation: Installation
    asterisk: Asterisk
    api: httpx.AsyncClient
    number_id: str
    seen: set[str]
    """Calls that have come in before."""

    async def place(self, to: str, **wanted: Json) -> str:
        """A call that stays for a minute, unless it is told otherwise."""
        way = {"agent", "actions", "answer_url"} & wanted.keys()
        stay = {} if way else {"actions": [{"pause": {"seconds": 60}}]}
        answer = await self.api.post("/v1/calls", json={"from": OURS, "to": to, **stay, **wanted})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def get(self, path: str, **params: Json) -> Json:
        return (await self.api.get(path, params=params)).raise_for_status().json()

    async def call(self, call_id: str) -> Json:
        return await self.get(f"/v1/calls/{call_id}")

    async def until(self, call_id: str, *statuses: str) -> Json:
        """The call, once it has one of these statuses."""

        async def look() -> Json:
            call = await self.call(call_id)
            return call if call["status"] in statuses else None

        return await until(look)

    async def ended(self, call_id: str) -> Json:
        """The call, once it has ended: it did so once, and nothing of it is left in Asterisk."""
        call = await self.until(call_id, *FINAL)
        assert [line["status"] for line in call["timeline"] if _is_end(line)] == [call["status"]]
        await until(self._is_quiet)
        return call

    async def _is_quiet(self) -> bool:
        return not await asyncio.to_thread(self.asterisk.channels)

    async def hang_up(self, call_id: str) -> None:
        answer = await self.api.post(f"/v1/calls/{call_id}/hangup")
        assert answer.status_code == 202, answer.text

    async def change_carrier(self, *, disabled: bool | None = None, **settings: Json) -> None:
        """Change it, and wait until that has come about."""
        (found,) = await self._carriers()
        body = {"asterisk": settings} if disabled is None else {"disabled": disabled}
        changed = await self.api.patch(f"/v1/carriers/{found['id']}", json=body)
        assert changed.is_success, changed.text
        since = found["link"]["since"]

        async def is_done() -> bool:
            (one,) = await self._carriers()
            state = one["link"]["state"]
            return bool(disabled and state != "bound") or (
                state == "bound" and one["link"]["since"] != since
            )

        await until(is_done)

    async def is_away(self) -> bool:
        """Whether Hookline knows that its link is down."""
        return not await self.is_up()

    async def is_up(self) -> bool:
        (found,) = await self._carriers()
        return bool(found["link"]["state"] == "bound")

    async def _carriers(self) -> list[Json]:
        carriers = (await self.get("/v1/carriers"))["data"]
        return [one for one in carriers if one["name"] == CARRIER]

    async def events(self, call_id: str) -> list[Json]:
        """All events of a call, in their order; their sequence grows."""
        found = [one async for one in listed(self.api, "/v1/events", "after")]
        mine = [one for one in found if call_id in (one["data"]["id"], one["data"].get("call_id"))]
        numbers = [one["sequence"] for one in mine if one["type"].startswith("call.")]
        assert numbers == sorted(set(numbers)), numbers
        ends = [one["type"] for one in mine if one["type"].removeprefix("call.") in FINAL]
        assert len(ends) <= 1, ends
        return mine

    async def recording(self, call_id: str) -> list[Sequence[int]]:
        """The channels of the call's recording, once it is complete."""

        async def look() -> Json:
            page = await self.get("/v1/recordings", call_id=call_id)
            return [one for one in page["data"] if one["status"] != "in_progress"]

        (found,) = await until(look)
        assert found["status"] == "completed", found
        audio = await self.api.get(f"/v1/recordings/{found['id']}/audio")
        assert len(audio.raise_for_status().content) == found["bytes"]
        return channels_of(audio.content)

    async def answer_with(self, **inbound_voice: Json) -> None:
        """What becomes of calls to OURS."""
        body = {"inbound_voice": inbound_voice}
        (await self.api.patch(f"/v1/numbers/{self.number_id}", json=body)).raise_for_status()

    async def dialled_by(self, phone: SoftPhone) -> None:
        """Let it call OURS."""
        await phone.tell(f"call sip:{OURS}@127.0.0.1:{self.asterisk.sip_port}")

    async def until_recording(self, call_id: str, state: str = "recording") -> None:
        """Once Asterisk has this state of all that it records of the call."""

        async def look() -> bool:
            page = await self.get("/v1/recordings", call_id=call_id)
            ids = [one["id"] for one in page["data"] if one["status"] == "in_progress"]
            found = await asyncio.to_thread(self._states_of, ids)
            return bool(found) and set(found) == {state}

        await until(look)

    def _states_of(self, recording_ids: list[str]) -> list[str | None]:
        return [
            self.asterisk.recording_state(f"hookline~{one}.{number}")
            for one in recording_ids
            for number in range(2)
            if number == 0 or self.asterisk.has(f"channels/hookline~{one}.{number}")
        ]

    async def act(self, call_id: str, **action: Json) -> None:
        """Something that is done at once while the call runs."""
        answer = await self.api.post(f"/v1/calls/{call_id}/actions", json=action)
        assert answer.status_code == 202, answer.text

    async def incoming(self) -> str:
        """The id of the newest call, once it is one that has come in and is new to us."""

        async def look() -> Json:
            page = await self.get("/v1/calls", direction="inbound")
            return [one["id"] for one in page["data"] if one["id"] not in self.seen]

        (found,) = await until(look)
        self.seen.add(found)
        return str(found)


def _is_end(line: Json) -> bool:
    return line.get("leg") is None and line["status"] in FINAL


async def until(look: Callable[[], Any]) -> Any:  # Any: whatever it finds
    """What `look` finds, once it finds something."""
    async with asyncio.timeout(PATIENCE_S):
        while not (found := await look()):  # noqa: ASYNC110 - another process's state
            await asyncio.sleep(0.05)
    return found


@dataclass(frozen=True)
class Line:
    """What `connect` has made."""

    installation: Installation
    asterisk: Asterisk
    token: str
    number_id: str
    seen: set[str] = field(default_factory=set)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Pbx]:
        async with client_of(self.installation, self.token) as api:
            yield Pbx(self.installation, self.asterisk, api, self.number_id, self.seen)


def connect(installation: Installation, asterisk: Asterisk) -> Line:
    """Give a running server a carrier on this Asterisk and a number that calls go by, and wait."""
    installation.run(
        "carriers", "add", "asterisk", "--name", CARRIER, "--url", asterisk.url,
        "--user", USER, "--password", PASSWORD, "--media-dir", str(asterisk.media),
        "--media-dir-there", f"{asterisk.there}/media",
    )  # fmt: skip
    number = installation.json("numbers", "add", OURS, "--voice-carrier", CARRIER)
    token = installation.token()
    wait_for(lambda: is_bound(installation))
    return Line(installation, asterisk, token, number["id"])


def is_bound(installation: Installation) -> bool:
    carriers = installation.json("carriers", "list")
    return [one["link"]["state"] for one in carriers if one["name"] == CARRIER] == ["bound"]


# --- sound ----------------------------------------------------------------------------------------


async def pick_up(phone: SoftPhone, hum: Path | None = None) -> None:
    await phone.wait_for("incoming")
    await phone.tell("answer")
    await phone.wait_for("answered")
    if hum is not None:
        await phone.tell(f"play {hum}")


def channels_of(content: bytes) -> list[Sequence[int]]:
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getframerate(), file.getsampwidth()) == (8_000, 2)
        whole = array("h", file.readframes(file.getnframes()))
        return [whole[number :: file.getnchannels()] for number in range(file.getnchannels())]


def loudness(sound: Sequence[int], hertz: int) -> float:
    """How much of this tone there is in its loudest tenth of a second, as an amplitude (Goertzel)."""
    size, step = 800, 2 * pi * hertz / 8_000
    pieces = [sound[at : at + size] for at in range(0, len(sound) - size + 1, size)]
    return max((_loudness(piece, step) for piece in pieces), default=0.0)


def _loudness(piece: Sequence[int], step: float) -> float:
    real = sum(one * cos(step * n) for n, one in enumerate(piece))
    imaginary = sum(one * sin(step * n) for n, one in enumerate(piece))
    return 2 * hypot(real, imaginary) / len(piece)
