"""The sender pools of accounts, held in memory, and the number of each that a recipient hears."""

from collections.abc import Collection

from hookline.ids import AccountId
from hookline.numbers import pool_store as sql
from hookline.numbers.book import TOPICS
from hookline.numbers.e164 import country_of
from hookline.numbers.pool import Pool
from hookline.numbers.pools import all_pools
from hookline.storage.account_cache import AccountCache


class PoolBook(AccountCache[dict[str, Pool]]):
    """Finds pools by their names and ids."""

    topics = TOPICS

    async def pool(self, account_id: AccountId, name_or_id: str) -> Pool | None:
        """The pool; None when the account has none of this name."""
        return (await self.find(account_id)).get(name_or_id)

    async def read(self, account_id: AccountId) -> dict[str, Pool]:
        found = await all_pools(self._store, account_id)
        return {key: pool for pool in found for key in (pool.id, pool.name)}

    async def sender(
        self, pool: Pool, recipient: str, allowed: Collection[str] | None
    ) -> str | None:
        """The number that the recipient hears, the one that they know; None when none may write there."""
        found = pool.candidates(recipient, country_of(recipient), allowed)
        if len(found) < 2:
            return found[0] if found else None
        rows = await self._store.read(sql.known_sender(pool.account_id, recipient, found))
        return rows[0].sender if rows else found[0]
