"""Requests to Asterisk's REST interface (ARI): bounded in number and time, failures translated once."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from hookline.voice.asterisk.errors import (
    AriError,
    AriForbidden,
    AriGone,
    AriNotNow,
    AriRefused,
    AriUnreachable,
)
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

    def __init__(self, settings: AsteriskSettings, password: str) -> None:
        self.application = settings.application
        self._where = settings.url.rstrip("/")
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._file_room = asyncio.Semaphore(_FILES_AT_ONCE)
        self._timeout = aiohttp.ClientTimeout(
            total=settings.request_timeout_seconds, connect=_CONNECT_S
        )
        self._session = aiohttp.ClientSession(
            headers={"Authorization": aiohttp.encode_basic_auth(settings.user, password, "utf-8")},
            timeout=self._timeout,
            connector=aiohttp.TCPConnector(limit=_AT_ONCE + _FILES_AT_ONCE + 1),  # and the events
        )

    async def get(self, path: str) -> Json:
        return await self.send("GET", path)

    async def post(self, path: str, params: Params | None = None) -> Json:
        return await self.send("POST", path, params)

    async def delete(self, path: str, params: Params | None = None) -> Json:
        return await self.send("DELETE", path, params)

    async def put_fields(self, path: str, fields: Mapping[str, str]) -> None:
        """Make or replace an object of Asterisk's configuration. Raises AriError in its kinds."""
        listed = [{"attribute": name, "value": value} for name, value in fields.items()]
        await self.send("PUT", path, body={"fields": listed})

    async def has(self, path: str) -> bool:
        """Whether Asterisk has it now. Raises AriError in its other kinds."""
        try:
            await self.get(path)
        except AriGone:
            return False
        return True

    async def send(
        self, method: str, path: str, params: Params | None = None, body: Json = None
    ) -> Json:
        """The decoded answer, None when it is empty. Raises AriError in its kinds."""
        async with self._room:
            try:
                async with self._session.request(
                    method, f"{self._where}/ari/{path}", params=params, json=body
                ) as response:
                    if response.status >= 400:
                        raise _refusal(response.status, await _message(response), path)
                    return await response.json() if response.status != 204 else None
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                raise unreachable(self._where, error) from error

    async def fetch(self, path: str, target: Path) -> None:
        """Write a file that Asterisk has. Raises AriError in its kinds, OSError."""
        timeout = aiohttp.ClientTimeout(total=_FILE_TIMEOUT_S, connect=_CONNECT_S)
        async with self._file_room:
            try:
                async with self._session.get(
                    f"{self._where}/ari/{path}", timeout=timeout
                ) as response:
                    if response.status >= 400:
                        raise _refusal(response.status, await _message(response), path)
                    with target.open("wb") as file:
                        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                            await asyncio.to_thread(file.write, chunk)
            except (aiohttp.ClientError, TimeoutError) as error:
                raise unreachable(self._where, error) from error

    async def listen(self) -> aiohttp.ClientWebSocketResponse:
        """The application's events. Evicts whoever listens under the same name.

        Raises AriError in its kinds.
        """
        url = f"{self._where.replace('http', 'ws', 1)}/ari/events"
        try:
            async with asyncio.timeout(self._timeout.total):
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
        await self._session.close()


def unreachable(where: str, error: Exception) -> AriUnreachable:
    """What a person can do about a failure of the network."""
    if isinstance(error, TimeoutError):
        return AriUnreachable(
            f"{where} did not answer in time. Check the address and the firewall."
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return AriUnreachable(f"The host name in {where} is not known. Check the url.")
    if isinstance(error, aiohttp.ClientSSLError):
        return AriUnreachable(f"{where} does not speak TLS, or its certificate is not trusted.")
    if isinstance(error, aiohttp.ClientConnectorError | OSError):
        why = error.strerror or type(error).__name__
        return AriUnreachable(
            f"Cannot connect to {where}: {why}. Check that Asterisk runs, and in its http.conf "
            "enabled=yes, bindaddr and bindport."
        )
    return AriUnreachable(f"{where} broke off or did not answer as Asterisk does. Check the url.")


async def _message(response: aiohttp.ClientResponse) -> str:
    """Asterisk's own words, which only some of its answers have."""
    try:
        said = await response.json()
    except (aiohttp.ClientError, ValueError):
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
