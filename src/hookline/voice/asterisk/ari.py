"""Requests to Asterisk's REST interface (ARI): bounded in number and time, failures translated once."""

import asyncio
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import aiohttp
import msgspec

from hookline.clock import Clock
from hookline.outbound.errors import AttemptFailed, Response
from hookline.voice.asterisk.errors import (
    AriError,
    AriForbidden,
    AriGone,
    AriNotNow,
    AriRefused,
    AriUnreachable,
    unreachable,
)
from hookline.voice.asterisk.rest import Rest, RestLimits
from hookline.voice.asterisk.settings import AsteriskSettings

_AT_ONCE = 32
_FILES_AT_ONCE = 4
"""Long recordings must not keep requests waiting."""
_CHUNK_BYTES = 256 * 1024
_FILE_TIMEOUT_S = 600.0
_CONNECT_S = 5.0
_HEARTBEAT_S = 15.0
_EVENT_BYTES_MAX = 1 << 20

_CONFIGURATION = "asterisk/config/dynamic/"

Params = Mapping[str, str | int]
Json = Any  # Any: whatever Asterisk answers


class Ari:
    """One Asterisk. To be made while an event loop runs, and closed."""

    def __init__(self, settings: AsteriskSettings, password: str, clock: Clock) -> None:
        self.application = settings.application
        self._where = settings.url.rstrip("/")
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._file_room = asyncio.Semaphore(_FILES_AT_ONCE)
        self._timeout_s = settings.request_timeout_seconds
        authorization = aiohttp.encode_basic_auth(settings.user, password, "utf-8")
        limits = RestLimits(_AT_ONCE, self._timeout_s)
        self._rest = Rest(self._where, authorization, limits, clock)
        self._session = aiohttp.ClientSession(  # for what is long: the events, and sound
            headers={"Authorization": authorization},
            connector=aiohttp.TCPConnector(limit=_FILES_AT_ONCE + 1),
        )

    async def get(self, path: str) -> Json:
        """The decoded answer. Raises AriError in its kinds, as all of these."""
        answer = await self._exchange("GET", path)
        try:
            return msgspec.json.decode(answer.body)
        except msgspec.DecodeError as error:
            raise unreachable(self._where, error) from error

    async def post(self, path: str, params: Params | None = None) -> None:
        await self.send("POST", path, params)

    async def delete(self, path: str, params: Params | None = None) -> None:
        await self.send("DELETE", path, params)

    async def hear_only(self, types: Collection[str]) -> None:
        """Let Asterisk keep other events of the application to itself."""
        chosen = {"allowed": [{"type": one} for one in sorted(types)]}
        path = f"applications/{self.application}/eventFilter"
        await self._exchange("PUT", path, body=msgspec.json.encode(chosen))

    async def put_fields(self, path: str, fields: Mapping[str, str]) -> None:
        """Make or replace an object of Asterisk's configuration. Raises AriError in its kinds."""
        listed = [{"attribute": name, "value": value} for name, value in fields.items()]
        await self._exchange("PUT", path, body=msgspec.json.encode({"fields": listed}))

    async def has(self, path: str) -> bool:
        """Whether Asterisk has it now. Raises AriError in its other kinds."""
        try:
            await self.get(path)
        except AriGone:
            return False
        return True

    async def send(self, method: str, path: str, params: Params | None = None) -> None:
        """Ask for something whose answer says no more than that it was done."""
        await self._exchange(method, path, params)

    async def _exchange(
        self, method: str, path: str, params: Params | None = None, *, body: bytes = b""
    ) -> Response:
        query = f"?{_query(params)}" if params else ""
        async with self._room:
            try:
                answer = await self._rest.exchange(method, f"ari/{quote(path)}{query}", body)
            except AttemptFailed as error:
                raise unreachable(self._where, error) from error
        if answer.status >= 400:
            raise _refusal(answer.status, _said(answer.body), path)
        return answer

    async def fetch(self, path: str, target: Path) -> None:
        """Write a file that Asterisk has. Raises AriError in its kinds, OSError."""
        timeout = aiohttp.ClientTimeout(total=_FILE_TIMEOUT_S, connect=_CONNECT_S)
        async with self._file_room:
            try:
                async with self._session.get(
                    f"{self._where}/ari/{path}", timeout=timeout
                ) as response:
                    if response.status >= 400:
                        raise _refusal(response.status, _said(await response.read()), path)
                    await _keep(response.content, target)
            except (aiohttp.ClientError, TimeoutError) as error:
                raise unreachable(self._where, error) from error

    async def listen(self) -> aiohttp.ClientWebSocketResponse:
        """The application's events. Evicts whoever listens under the same name.

        Raises AriError in its kinds.
        """
        url = f"{self._where.replace('http', 'ws', 1)}/ari/events"
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._session.ws_connect(
                    url,
                    params={"app": self.application, "subscribeAll": "false"},
                    heartbeat=_HEARTBEAT_S,
                    max_msg_size=_EVENT_BYTES_MAX,
                )
        except aiohttp.WSServerHandshakeError as error:
            raise _refusal(error.status, "", "events") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unreachable(self._where, error) from error

    async def close(self) -> None:
        await self._rest.close()
        await self._session.close()


def _query(params: Params) -> str:
    """The names are ours and need no escapes; urlencode would look for some in each, and costs more."""
    return "&".join(f"{name}={quote(str(value), safe='')}" for name, value in params.items())


async def _keep(content: aiohttp.StreamReader, target: Path) -> None:
    """A short file, as most are, is written at once."""
    mode: Literal["wb", "ab"] = "wb"
    while True:
        chunk = await _read_full(content)
        await asyncio.to_thread(_append, target, mode, chunk)
        if len(chunk) < _CHUNK_BYTES:
            return
        mode = "ab"


async def _read_full(content: aiohttp.StreamReader) -> bytes:
    """As many bytes as are written at once; fewer only at the end."""
    try:
        return await content.readexactly(_CHUNK_BYTES)
    except asyncio.IncompleteReadError as end:
        return end.partial


def _append(target: Path, mode: Literal["wb", "ab"], chunk: bytes) -> None:
    with target.open(mode) as file:
        file.write(chunk)


def _said(body: bytes) -> str:
    """Asterisk's own words, which only some of its answers have."""
    try:
        said = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return ""
    return str(said.get("message") or said.get("error") or "") if isinstance(said, dict) else ""


def _refusal(status: int, said: str, path: str) -> AriError:
    if status == 403 and path.startswith(_CONFIGURATION) and "denied" not in said:
        return AriForbidden(f"Asterisk does not allow it: {said}.")
    if status in {401, 403}:
        return AriRefused(
            "Asterisk refused the user and password. Check the user's section in ari.conf: its name, "
            "type=user, password, read_only=no."
        )
    if status == 404 and path == "events":
        return AriUnreachable(
            "There is no ARI at this address. Load res_ari.so, res_ari_events.so and res_stasis.so, "
            "and leave prefix in http.conf empty."
        )
    words = f"{said or 'no reason given'} (HTTP {status})"
    if status == 404:
        return AriGone(f"Asterisk does not have it: {words}.")
    if status in {409, 412, 422}:
        return AriNotNow(f"Asterisk cannot do it now: {words}.")
    return AriError(f"Asterisk failed: {words}.")
