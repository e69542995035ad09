"""Ready-made credentials for the room's tests."""

from hookline.api.context import RequestContext
from hookline.credentials.issuing import Issue, Issued, issue_credential
from hookline.credentials.last_use import LastUses
from hookline.credentials.tokens import digest_of
from hookline.principal import Mode, Principal, Scope
from hookline.storage.store import Store

SENDER = frozenset({Scope.MESSAGES_SEND, Scope.MESSAGES_READ})
MANAGER = frozenset(
    {Scope.CREDENTIALS_READ, Scope.CREDENTIALS_WRITE, Scope.CREDENTIALS_ROTATE_SELF}
)


async def issue(
    store: Store,
    principal: Principal,
    *,
    description: str = "CRM",
    scopes: frozenset[Scope] = SENDER,
    mode: Mode = Mode.LIVE,
    **restrictions: object,
) -> Issued:
    command = Issue(description, scopes, mode, restrictions=restrictions)
    return await store.commit(lambda tx: issue_credential(tx, store, principal, command))


def note_use(
    uses: LastUses, token: str, route: str = "GET /v1/messages", ip: str = "192.0.2.7"
) -> None:
    """What the edge does once such a request has been answered."""
    uses.note(digest_of(token), request_context(route, ip), route)


def request_context(route: str = "GET /v1/messages", ip: str = "192.0.2.7") -> RequestContext:
    return RequestContext("req_1", ip, "curl/8", route)
