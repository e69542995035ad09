"""The countries that accounts reach, held in memory: every message and every leg asks."""

from hookline.accounts import store as sql
from hookline.accounts.model import Countries
from hookline.ids import AccountId
from hookline.storage.account_cache import AccountCache

_TOPIC = "account:"


def topic(account_id: AccountId) -> str:
    """The wake-up topic of an account's own settings."""
    return f"{_TOPIC}{account_id}"


class AccountCountries(AccountCache[Countries]):
    """Knows where each account's messages and calls may go: ISO 3166 codes; None: everywhere."""

    topics = _TOPIC

    async def read(self, account_id: AccountId) -> Countries:
        rows = await self._store.read(sql.account(account_id))
        return sql.account_from_row(rows[0]).allowed_countries if rows else ()
