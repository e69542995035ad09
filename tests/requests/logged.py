"""Routes of credentials and of the log, behind the real edge, and the cast that uses them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from httpx import AsyncClient, Response

from hookline.accounts.model import Account
from hookline.credentials.authentication import CredentialAuthenticator
from hookline.credentials.issuing import Issued
from hookline.credentials.last_use import LastUses
from hookline.credentials.routes import routes as credential_routes
from hookline.credentials.usage import Usage
from hookline.principal import Mode, Principal, Scope
from hookline.requests.recording import RequestLog
from hookline.requests.routes import routes
from hookline.storage.store import Store
from tests.credentials.issued import issue
from tests.services.store import owner_of
from tests.services.web import bearer, web_client

BASE = "/v1/requests"
SELF = "/v1/credentials/self"
AGENT = "crm/1.0"


@dataclass
class Logged:
    """The server with its log, and the credentials of the cast."""

    store: Store
    client: AsyncClient
    log: RequestLog
    usage: Usage
    last_uses: LastUses
    owner: Principal
    reader: Issued
    tester: Issued
    outsider: Issued
    blind: Issued

    async def ask(
        self, method: str, path: str, token: str = "", headers: dict[str, str] | None = None,
        **sent: Any,
    ) -> Response:  # fmt: skip
        """A request, by the reader unless another token is given."""
        wanted = bearer(token or self.reader.token) | {"User-Agent": AGENT} | (headers or {})
        return await self.client.request(method, path, headers=wanted, **sent)

    async def rows(self, query: str = "", token: str = "") -> list[dict[str, Any]]:
        """What the list shows, once everything is written."""
        await self.log.flush()
        answer = await self.ask("GET", f"{BASE}{query}", token)
        assert answer.status_code == 200, answer.text
        data: list[dict[str, Any]] = answer.json()["data"]
        return data

    async def row_of(self, answer: Response) -> dict[str, Any]:
        """The logged request of an answer."""
        await self.log.flush()
        found = await self.ask("GET", f"{BASE}/{answer.headers['request-id']}")
        assert found.status_code == 200, found.text
        row: dict[str, Any] = found.json()
        return row


@asynccontextmanager
async def logged_server(
    store: Store, account: Account, other_account: Account, peer: str = "127.0.0.1"
) -> AsyncIterator[Logged]:
    owner, all_scopes = owner_of(account), frozenset(Scope)
    log, usage = RequestLog(store), Usage(store)
    last_uses = LastUses(store.writer, store.clock)
    authenticator = CredentialAuthenticator(store.database, last_uses)
    observers = (last_uses, log, usage)
    routers = (credential_routes(), routes())
    async with web_client(store, authenticator, *routers, observers=observers, peer=peer) as client:
        yield Logged(
            store,
            client,
            log,
            usage,
            last_uses,
            owner,
            reader=await issue(store, owner, scopes=all_scopes),
            tester=await issue(store, owner, scopes=all_scopes, mode=Mode.TEST),
            outsider=await issue(store, owner_of(other_account), scopes=all_scopes),
            blind=await issue(store, owner, scopes=all_scopes - {Scope.REQUESTS_READ}),
        )
