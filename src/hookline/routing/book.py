"""The routes of accounts, held in memory: every live message asks."""

from collections.abc import Sequence

from hookline.ids import AccountId
from hookline.routing import store as sql
from hookline.routing.model import Route
from hookline.storage.account_cache import AccountCache
from hookline.storage.store import Store

_TOPIC = "routes:"


def topic(account_id: AccountId) -> str:
    """The wake-up topic of an account's routes."""
    return f"{_TOPIC}{account_id}"


class RouteBook(AccountCache[Sequence[Route]]):
    """Finds the routes of an account: those that are not disabled, in their order."""

    topics = _TOPIC

    async def read(self, account_id: AccountId) -> Sequence[Route]:
        found = await load(self._store, account_id)
        return tuple(route for route in found if not route.disabled)


async def load(store: Store, account_id: AccountId) -> list[Route]:
    """All routes of the account, in their order."""
    rows = await store.read(sql.of_account(account_id))
    targets = await store.read(sql.targets_of(account_id)) if rows else []
    return sql.routes_of(rows, targets)
