"""Host names to addresses by the operating system's resolver, off the event loop.

A lookup cannot be canceled. Each runs in its own daemon thread, so that a hanging name server
neither holds up the program's end nor the threads that others need.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Takes a host and a port, returns addresses as text, raises OSError. Must be safe to cancel."""

LOOKUPS_MAX = 32


class SystemResolver:
    """getaddrinfo with a bound on the lookups that run, and one lookup for all who ask for a name."""

    def __init__(self, lookups_max: int = LOOKUPS_MAX) -> None:
        self._free = asyncio.Semaphore(lookups_max)
        self._running: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    async def __call__(self, host: str, port: int) -> list[str]:
        key = (host, port)
        while (running := self._running.get(key)) is None:
            await self._free.acquire()
            if key in self._running:
                self._free.release()
            else:
                self._start(key)
        # Shielded: one who gives up must not take the answer from the others.
        return await asyncio.shield(running)

    def _start(self, key: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()
        self._running[key] = answer

        def finish(found: list[str] | OSError) -> None:
            del self._running[key]
            self._free.release()
            if isinstance(found, OSError):
                answer.set_exception(found)
                answer.exception()  # marks it seen: all who asked may have given up
            else:
                answer.set_result(found)

        def run() -> None:
            found = _get_addresses(*key)
            try:
                loop.call_soon_threadsafe(finish, found)
            except RuntimeError:
                return  # the loop has closed: nobody waits any more

        threading.Thread(target=run, name="dns-lookup", daemon=True).start()


def _get_addresses(host: str, port: int) -> list[str] | OSError:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return error
    except UnicodeError as error:  # from the codec, for a label that is empty or too long
        return OSError(0, str(error))
    return [str(row[4][0]) for row in rows]
