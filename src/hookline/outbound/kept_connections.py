"""Connections that are kept between exchanges, and one exchange over them."""

import asyncio

from hookline.outbound.connector import Connector
from hookline.outbound.errors import AttemptTimeout, ConnectionLost, Response
from hookline.outbound.http_connection import HttpConnection, Request
from hookline.outbound.idle_pool import IdlePool, Origin
from hookline.outbound.targets import Target


class KeptConnections:
    """Opens connections, and keeps those that can be used again. `close` them at the end."""

    def __init__(self, connector: Connector, idle: IdlePool) -> None:
        self._connector = connector
        self._idle = idle
        self._busy: set[HttpConnection] = set()
        self.is_closed = False

    async def exchange(
        self,
        target: Target,
        origin: Origin,
        request: Request,
        *,
        may_repeat: bool,
        idle_max_s: float | None = None,
    ) -> Response:
        """Send and read the whole answer within the request's time. Raises AttemptFailed in its kinds.

        Servers close idle connections whenever they like, also just as a request is on its way.
        Nothing came back, but a server may have worked on it before it died: with `may_repeat` it
        may see the request twice. `idle_max_s`: a connection that has waited longer is not trusted.
        """
        kept = self._idle.take(origin, idle_max_s=idle_max_s)
        if kept is not None:
            try:
                return await self._over(kept, request)
            except ConnectionLost:
                if not (may_repeat and kept.is_untouched) or self.is_closed:
                    raise
        left_s = request.end_s - asyncio.get_running_loop().time()
        connection = await self._open(target, left_s=left_s, timeout_s=request.timeout_s)
        return await self._over(connection, request)

    async def reach(self, target: Target, *, timeout_s: float) -> None:
        """Open a connection for a later exchange. Raises AttemptFailed in its kinds."""
        connection = await self._open(target, left_s=timeout_s, timeout_s=timeout_s)
        if not self.is_closed:
            self._idle.put(connection)

    async def close(self) -> None:
        """End every connection; requests that are under way fail with ConnectionLost."""
        self.is_closed = True
        self._idle.close()
        for connection in tuple(self._busy):
            connection.close()
        await asyncio.sleep(0)  # transports end on the loop's next turn

    async def _open(self, target: Target, *, left_s: float, timeout_s: float) -> HttpConnection:
        try:
            async with asyncio.timeout(left_s):
                connection = await self._connector.open(target, timeout_s=left_s)
        except TimeoutError as error:
            text = (
                f"There was no connection after {timeout_s:g} seconds. Check firewalls, and the "
                "name servers of the host."
            )
            raise AttemptTimeout(text) from error
        connection.on_close = self._idle.discard
        if self.is_closed:
            connection.close()
        return connection

    async def _over(self, connection: HttpConnection, request: Request) -> Response:
        self._busy.add(connection)
        try:
            response = await connection.exchange(request)
        except asyncio.CancelledError:
            connection.close()  # its answer would be taken for the next request's
            raise
        finally:
            self._busy.discard(connection)
        if connection.is_reusable and not self.is_closed:
            self._idle.put(connection)
        else:
            connection.close()
        return response
