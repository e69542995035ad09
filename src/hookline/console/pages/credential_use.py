"""What a credential's page shows of its use."""

from hookline.console.views.requests import TokenUse, request_row, token_uses
from hookline.console.views.usage import chosen_days, usage_view
from hookline.console.visit import Values, Visit
from hookline.credentials.model import Credential
from hookline.credentials.usage_facts import usage_of
from hookline.principal import Scope
from hookline.requests.reading import list_requests
from hookline.requests.schemas import RequestFilter
from hookline.requests.store import uses_of_token

_RECENT = 10


async def shown_use(visit: Visit, credential: Credential) -> dict[str, Values]:
    """Figures, addresses and scopes; of the request log what the person may see of it."""
    facts = await usage_of(visit.store, credential)
    days = chosen_days(visit.guest.query("days"))
    may_read = visit.may(Scope.REQUESTS_READ)
    wanted = RequestFilter(limit=_RECENT, credential=credential.id)
    recent = (await list_requests(visit.store, visit.principal, wanted))[0] if may_read else []
    names: dict[str, str] = {credential.id: credential.description}
    return {
        "usage": usage_view(facts, days, visit.now),
        "recent": [request_row(one, names) for one in recent],
        "old_uses": await _old_uses(visit, credential) if may_read else [],
        "may_read_requests": may_read,
    }


async def _old_uses(visit: Visit, credential: Credential) -> list[TokenUse]:
    """What still uses the token that is in its grace."""
    old = credential.previous
    if old is None:
        return []
    account_id = visit.principal.account_id
    statement = uses_of_token(account_id, credential.id, old.last4, old.rotated_at)
    return token_uses(await visit.store.read(statement))
