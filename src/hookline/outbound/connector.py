"""Opens connections: resolve once, vet, connect to the vetted address, check the certificate's name."""

import asyncio
import ssl
from collections.abc import Sequence

from hookline.clock import Clock
from hookline.outbound.addresses import Address
from hookline.outbound.errors import AttemptFailed, ConnectFailed, ConnectTimeout, TlsFailed
from hookline.outbound.http_connection import HttpConnection
from hookline.outbound.resolver import Resolver, SystemResolver
from hookline.outbound.targets import Target, resolve_vetted
from hookline.settings import Network

ADDRESSES_TRIED_MAX = 4


class Connector:
    """Knows the operator's exceptions and whose certificates are trusted."""

    def __init__(
        self,
        *,
        allow_targets: Sequence[Network],
        timeout_s: float,
        clock: Clock,
        resolver: Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._allow = tuple(allow_targets)
        self._timeout_s = timeout_s
        self._clock = clock
        self._resolver = resolver or SystemResolver()
        self._ssl = ssl_context or _default_ssl_context()

    async def open(self, target: Target, *, timeout_s: float) -> HttpConnection:
        """A new connection, TLS included. Raises an AttemptFailed that names the last address tried.

        The connect timeout is shared among the addresses, so that a dead one leaves time for the next.
        """
        loop = asyncio.get_running_loop()
        addresses = await resolve_vetted(target, self._allow, self._resolver)
        addresses = addresses[:ADDRESSES_TRIED_MAX]
        end_s = loop.time() + min(self._timeout_s, timeout_s)
        failure: AttemptFailed = ConnectFailed()
        for index, address in enumerate(addresses):
            share_s = (end_s - loop.time()) / (len(addresses) - index)
            try:
                return await self._connect(target, address, timeout_s=share_s)
            except AttemptFailed as error:
                failure = error
        raise failure

    async def _connect(
        self, target: Target, address: Address, *, timeout_s: float
    ) -> HttpConnection:
        loop = asyncio.get_running_loop()
        where = str(address)
        is_tls = target.scheme == "https"
        try:
            async with asyncio.timeout(timeout_s):
                _, connection = await loop.create_connection(
                    lambda: HttpConnection(loop, self._clock, where),
                    where,
                    target.port,
                    ssl=self._ssl if is_tls else None,
                    # The name that was asked for, not the address: SNI and the certificate's check.
                    server_hostname=target.host if is_tls else None,
                )
        except TimeoutError as error:
            text = (
                f"{where} port {target.port} did not accept a connection in time. Check firewalls and "
                "whether the server is overloaded."
            )
            raise ConnectTimeout(text, address=where) from error
        except ssl.SSLError as error:
            text = (
                f"TLS with {target.host} failed: {_tls_reason(error)}. Check the certificate's name, "
                "chain and dates, and that the port speaks TLS."
            )
            raise TlsFailed(text, address=where) from error
        except OSError as error:
            reason = error.strerror or str(error) or "no reason given"
            text = (
                f"No connection to {where} port {target.port}: {reason}. Check that the server listens "
                "and the port is open."
            )
            raise ConnectFailed(text, address=where) from error
        connection.origin = target.origin
        return connection


def _default_ssl_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message.rstrip(".")
    return (error.reason or str(error)).replace("_", " ").lower()
