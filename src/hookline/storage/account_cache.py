"""What every message asks of its account, held in memory until a change is heard of.

A change counts at once in the process that made it, and elsewhere when it is heard of: within
`poll_interval_s` on SQLite, by NOTIFY on PostgreSQL.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, TypeVar

from hookline.ids import AccountId
from hookline.storage.store import Store
from hookline.storage.wakeups import Wakeups

_ACCOUNTS_MAX = 10_000

Held = TypeVar("Held")


class AccountCache(ABC, Generic[Held]):
    """One kind of thing, account by account."""

    topics: ClassVar[str]
    """Prefix of the wake-ups about it; an account's id follows."""

    def __init__(self, store: Store, wakeups: Wakeups) -> None:
        self._store = store
        self._held: dict[str, Held] = {}
        self.forgotten = 0
        """Grows with each change that is heard of."""
        wakeups.subscribe_prefix(self.topics, self._forget)

    @abstractmethod
    async def read(self, account_id: AccountId) -> Held:
        """What the database has."""

    async def find(self, account_id: str) -> Held:
        """What the account has, as far as its changes have been heard of."""
        try:
            return self._held[account_id]
        except KeyError:
            return await self.find_anew(account_id)

    async def find_anew(self, account_id: str) -> Held:
        """The same, from the database."""
        seen = self.forgotten
        found = await self.read(AccountId(account_id))
        if seen == self.forgotten:  # else what was read may be from before a change
            if len(self._held) >= _ACCOUNTS_MAX:
                self._held.clear()
            self._held[account_id] = found
        return found

    def _forget(self, account_id: str) -> None:
        self.forgotten += 1
        if account_id:
            self._held.pop(account_id, None)
        else:
            self._held.clear()
