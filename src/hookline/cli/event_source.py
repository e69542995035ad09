"""Follows an account's events as a client: over HTTP with a token, or beside the server on its data.

What was handed out is not handed out again and nothing is left out, however often the connection
breaks: the stream says where it stands from its first frame on, and each connection begins there.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import msgspec

from hookline import __version__
from hookline.events.stream import HEARTBEAT_S, Streams
from hookline.foundation import Core
from hookline.principal import Principal

_CONNECT_S = 10.0
_SILENCE_MAX_S = 3 * HEARTBEAT_S
_ANSWER_S = 30.0
_FIRST_WAIT_S = 0.25
_WAIT_MAX_S = 5.0
_FRAME_BYTES_MAX = 16 * 1024 * 1024
_LATER = frozenset({429, 500, 502, 503, 504})
"""Statuses of servers that are starting, stopping or busy, and of proxies in front of them."""
_LINE_END = re.compile(rb"\r\n|\r|\n")

Notice = Callable[[str], None]


class CannotListen(Exception):
    """There is nothing to follow, and trying again would not help. The text says what to do."""


class Broken(Exception):
    """The connection ended or was not made; the next one may go better."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event of the stream."""

    id: str
    type: str
    body: bytes


class Source(Protocol):
    """Where events come from, as server-sent events."""

    where: str

    def chunks(self, after: str | None, pattern: str | None) -> AsyncIterator[bytes]:
        """The bytes of one connection. Raises Broken, CannotListen."""
        ...


async def follow(
    source: Source, *, after: str | None, pattern: str | None, notice: Notice
) -> AsyncIterator[Told]:
    """Every event behind `after` (None: from now), for ever. Raises CannotListen.

    The first connection must succeed; later ones are made until they do.
    """
    frames = Frames(after)
    wait_s, has_begun, is_lost = _FIRST_WAIT_S, False, False
    while True:
        why = "the server ended the stream"
        try:
            async with aclosing(_opened(source, frames, pattern)) as chunks:
                async for chunk in chunks:
                    if not has_begun or is_lost:
                        notice("Connected again." if is_lost else f"Listening to {source.where}.")
                    wait_s, has_begun, is_lost = _FIRST_WAIT_S, True, False
                    for told in frames.feed(chunk):
                        yield told
        except Broken as error:
            why = str(error)
            if not has_begun:
                raise CannotListen(f"Cannot listen to {source.where}: {why}.") from error
        if not is_lost:
            notice(f"Connection lost: {why}. Trying again; nothing is missed.")
        is_lost = True
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, _WAIT_MAX_S)


async def _opened(
    source: Source, frames: "Frames", pattern: str | None
) -> AsyncGenerator[bytes, None]:
    frames.begin_again()
    async for chunk in source.chunks(frames.last_id, pattern):
        yield chunk


class Frames:
    """Takes server-sent events out of the bytes of one connection after the other."""

    def __init__(self, last_id: str | None) -> None:
        self.last_id = last_id
        """Behind which event, or position, the next connection has to begin."""
        self._left = b""

    def begin_again(self) -> None:
        """What was left of the last connection is half a frame, which the next one brings whole."""
        self._left = b""

    def feed(self, chunk: bytes) -> Iterator[Told]:
        """The events that these bytes complete; the last id follows what was taken."""
        *whole, self._left = (self._left + chunk).split(b"\n\n")
        if len(self._left) > _FRAME_BYTES_MAX:
            raise CannotListen("What the server sends are no server-sent events.")
        for frame in whole:
            fields = dict(_fields(frame))
            event_id = fields.get("id")
            if event_id is not None:
                self.last_id = event_id.decode()
            if event_id and "data" in fields:
                yield Told(event_id.decode(), fields.get("event", b"").decode(), fields["data"])


def _fields(frame: bytes) -> Iterator[tuple[str, bytes]]:
    for line in _LINE_END.split(frame):
        name, colon, value = line.partition(b":")
        if name and colon:
            yield name.decode("ascii", "replace"), value.removeprefix(b" ")


class OverHttp:
    """A server, asked with a credential's token."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self.where = url.rstrip("/")
        self._session = session
        self._headers = {
            "Authorization": f"Bearer {token}",
            "User-Agent": f"hookline/{__version__}",
        }

    async def chunks(self, after: str | None, pattern: str | None) -> AsyncIterator[bytes]:
        """The stream's bytes, in which a heartbeat must come now and then."""
        headers = {**self._headers, "Accept": "text/event-stream"}
        if after is not None:
            headers["Last-Event-ID"] = after
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_S, sock_read=_SILENCE_MAX_S
        )
        try:
            async with self._session.get(
                f"{self.where}/v1/events/stream",
                params={} if pattern is None else {"type": pattern},
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
            ) as answer:
                await _refuse_unless_ok(answer)
                async for chunk in answer.content.iter_any():
                    yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Broken(_in_words(error)) from error

    async def read(self, path: str) -> dict[str, Any]:  # Any: JSON
        """A resource of the API. Raises CannotListen."""
        timeout = aiohttp.ClientTimeout(total=_ANSWER_S, sock_connect=_CONNECT_S)
        try:
            async with self._session.get(
                self.where + path, headers=self._headers, timeout=timeout, allow_redirects=False
            ) as answer:
                await _refuse_unless_ok(answer)
                return msgspec.json.decode(await answer.read(), type=dict[str, Any])
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise CannotListen(f"Cannot reach {self.where}: {_in_words(error)}.") from error
        except Broken as error:
            raise CannotListen(f"{self.where} answered: {error}.") from error
        except msgspec.DecodeError as error:
            raise CannotListen(f"{self.where} is no Hookline server.") from error


async def _refuse_unless_ok(answer: aiohttp.ClientResponse) -> None:
    if answer.status == 200:
        return
    text = f"status {answer.status}"
    try:
        problem: Any = msgspec.json.decode(await answer.content.read(65_536))  # Any: JSON
        text = str(problem["detail"])
    except (msgspec.DecodeError, KeyError, TypeError):
        pass  # a proxy's page says less than its status
    if answer.status in _LATER:
        raise Broken(text.rstrip("."))
    if "Location" in answer.headers:
        text = f"It redirects to {answer.headers['Location']}: give the server's own address."
    raise CannotListen(text)


def _in_words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "nothing came in time"
    return str(error) or type(error).__name__


class OnData:
    """The installation's own data: a database that a server works on, or will."""

    where = "this installation"

    def __init__(self, core: Core, principal: Principal) -> None:
        self._streams = Streams(core.store, core.wakeups)
        self._principal = principal

    async def chunks(self, after: str | None, pattern: str | None) -> AsyncIterator[bytes]:
        """The same bytes, without HTTP between. Raises Invalid."""
        subscription = await self._streams.open(
            self._principal, after=after, pattern=pattern, recheck=_may
        )
        try:
            async for chunk in subscription.chunks:
                yield chunk
        finally:
            await subscription.close()


async def _may() -> None:
    """Whoever reads the files may read the events."""
