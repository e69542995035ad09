"""The sender pools of accounts, held in memory, and the number of each that a recipient hears."""

from collections.abc import Collection

from hookline.ids import AccountId
from hookline.numbers import pool_store as sql
from hookline.numbers.book import TOPICS
from hookline.numbers.e164 import country_of
from hookline.numbers.pool import Pool
from hookline.numbers.pools import all_pools
from hookline.storage.store import Store
from hookline.storage.wakeups import Wakeups

_ACCOUNTS_MAX = 10_000


class PoolBook:
    """Finds pools by their names and ids."""

    def __init__(self, store: Store, wakeups: Wakeups) -> None:
        self._store = store
        self._pools: dict[str, dict[str, Pool]] = {}
        self._forgotten = 0
        wakeups.subscribe_prefix(TOPICS, self._forget)

    async def find(self, account_id: AccountId, name_or_id: str) -> Pool | None:
        """The pool; None when the account has none of this name."""
        try:
            pools = self._pools[account_id]
        except KeyError:
            pools = await self._load(account_id)
        return pools.get(name_or_id)

    async def sender(
        self, pool: Pool, recipient: str, allowed: Collection[str] | None
    ) -> str | None:
        """The number that the recipient hears, the one that they know; None when none may write there."""
        found = pool.candidates(recipient, country_of(recipient), allowed)
        if len(found) < 2:
            return found[0] if found else None
        rows = await self._store.read(sql.known_sender(pool.account_id, recipient, found))
        return rows[0].sender if rows else found[0]

    def _forget(self, account_id: str) -> None:
        self._forgotten += 1
        if account_id:
            self._pools.pop(account_id, None)
        else:
            self._pools.clear()

    async def _load(self, account_id: AccountId) -> dict[str, Pool]:
        seen = self._forgotten
        found = await all_pools(self._store, account_id)
        pools = {key: pool for pool in found for key in (pool.id, pool.name)}
        if seen == self._forgotten:  # what was read may be from before that
            if len(self._pools) >= _ACCOUNTS_MAX:
                self._pools.clear()
            self._pools[account_id] = pools
        return pools
