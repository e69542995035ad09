"""The countries that accounts reach, held in memory: every message and every leg asks.

A change counts at once in the process that made it, and elsewhere when it is heard of: within
`poll_interval_s` on SQLite, by NOTIFY on PostgreSQL.
"""

from hookline.accounts import store as sql
from hookline.accounts.model import Countries
from hookline.ids import AccountId
from hookline.storage.store import Store
from hookline.storage.wakeups import Wakeups

_ACCOUNTS_MAX = 10_000
_TOPIC = "account:"


def topic(account_id: AccountId) -> str:
    """The wake-up topic of an account's own settings."""
    return f"{_TOPIC}{account_id}"


class AccountCountries:
    """Knows where each account's messages and calls may go."""

    def __init__(self, store: Store, wakeups: Wakeups) -> None:
        self._store = store
        self._countries: dict[str, Countries] = {}
        self._forgotten = 0
        wakeups.subscribe_prefix(_TOPIC, self._forget)

    async def find(self, account_id: str) -> Countries:
        """ISO 3166 codes; None: everywhere."""
        try:
            return self._countries[account_id]
        except KeyError:
            return await self._load(account_id)

    def _forget(self, account_id: str) -> None:
        self._forgotten += 1
        if account_id:
            self._countries.pop(account_id, None)
        else:
            self._countries.clear()

    async def _load(self, account_id: str) -> Countries:
        seen = self._forgotten
        rows = await self._store.read(sql.account(AccountId(account_id)))
        countries = sql.account_from_row(rows[0]).allowed_countries if rows else ()
        if seen == self._forgotten:  # what was read may be from before that
            if len(self._countries) >= _ACCOUNTS_MAX:
                self._countries.clear()
            self._countries[account_id] = countries
        return countries
