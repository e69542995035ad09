"""The routes of accounts, held in memory: every live message asks.

A change counts at once in the process that made it, and elsewhere when it is heard of.
"""

from collections.abc import Sequence

from hookline.ids import AccountId
from hookline.routing import store as sql
from hookline.routing.model import Route
from hookline.storage.store import Store
from hookline.storage.wakeups import Wakeups

_ACCOUNTS_MAX = 10_000
_TOPIC = "routes:"


def topic(account_id: AccountId) -> str:
    """The wake-up topic of an account's routes."""
    return f"{_TOPIC}{account_id}"


class RouteBook:
    """Finds the routes of an account."""

    def __init__(self, store: Store, wakeups: Wakeups) -> None:
        self._store = store
        self._routes: dict[str, Sequence[Route]] = {}
        self.forgotten = 0
        """Grows with each change that is heard of."""
        wakeups.subscribe_prefix(_TOPIC, self._forget)

    async def find(self, account_id: str) -> Sequence[Route]:
        """Those that are not disabled, in their order."""
        try:
            return self._routes[account_id]
        except KeyError:
            return await self._load(AccountId(account_id))

    def _forget(self, account_id: str) -> None:
        self.forgotten += 1
        if account_id:
            self._routes.pop(account_id, None)
        else:
            self._routes.clear()

    async def _load(self, account_id: AccountId) -> Sequence[Route]:
        seen = self.forgotten
        found = await load(self._store, account_id)
        usable = tuple(route for route in found if not route.disabled)
        if seen == self.forgotten:  # what was read may be from before that
            if len(self._routes) >= _ACCOUNTS_MAX:
                self._routes.clear()
            self._routes[account_id] = usable
        return usable


async def load(store: Store, account_id: AccountId) -> list[Route]:
    """All routes of the account, in their order."""
    rows = await store.read(sql.of_account(account_id))
    targets = await store.read(sql.targets_of(account_id)) if rows else []
    return sql.routes_of(rows, targets)
