"""Clients whose connections come from different addresses, to a server that trusts one as a proxy."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network

from httpx import AsyncClient

from hookline.credentials.authentication import CredentialAuthenticator
from hookline.credentials.last_use import LastUses
from hookline.credentials.leak_routes import routes as leak_routes
from hookline.credentials.leak_throttle import LeakThrottle
from hookline.credentials.routes import routes
from hookline.storage.store import Store
from tests.services.web import web_client

OFFICE, ELSEWHERE, PROXY = "203.0.113.7", "198.51.100.9", "10.0.0.1"
From = Callable[[str], AsyncClient]
_LEAKS_A_MINUTE = 10


@asynccontextmanager
async def clients_of(store: Store) -> AsyncIterator[From]:
    """The client of an address."""
    trusted = [ip_network(PROXY)]
    behind = replace(store, settings=store.settings.model_copy(update={"trusted_proxies": trusted}))
    authenticator = CredentialAuthenticator(store.database, LastUses(store.writer, store.clock))
    leaks = leak_routes(LeakThrottle(store.clock, _LEAKS_A_MINUTE))
    async with AsyncExitStack() as stack:
        clients = {
            peer: await stack.enter_async_context(
                web_client(behind, authenticator, leaks, routes(), peer=peer)
            )
            for peer in (OFFICE, ELSEWHERE, PROXY, "::ffff:203.0.113.7")
        }
        yield clients.__getitem__
