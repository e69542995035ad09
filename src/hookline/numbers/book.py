"""What a message or a call may come from, held in memory per account.

A number that is not known is looked up in the database before it is refused, so that a new one can
be used at once; a removed one is forgotten when its removal is heard of.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from hookline.ids import AccountId, CarrierId
from hookline.numbers import store as sql
from hookline.storage.account_cache import AccountCache

TOPICS = "numbers:"
"""Of all accounts: their numbers, senders and pools."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where a sender is at home."""

    number: str
    kind: str
    carrier_id: CarrierId
    voice_carrier_id: CarrierId | None = None
    is_voice_sandbox: bool = False


def topic(account_id: AccountId) -> str:
    """The wake-up topic of an account's numbers."""
    return f"{TOPICS}{account_id}"


class NumberBook(AccountCache[dict[str, Home]]):
    """Finds the home of a sender."""

    topics = TOPICS

    async def home(self, account_id: AccountId, number: str) -> Home | None:
        """The sender's home; None when the account does not have it."""
        homes = await self.find(account_id)
        if number in homes:
            return homes[number]
        return (await self.find_anew(account_id)).get(number)

    async def read(self, account_id: AccountId) -> dict[str, Home]:
        rows = await self._store.read(sql.homes_of(account_id))
        return {row.number: _home(row) for row in rows}


def _home(row: Row[Any]) -> Home:  # Any: the columns of `homes_of`
    voice_id = None if row.voice_carrier_id is None else CarrierId(row.voice_carrier_id)
    return Home(
        row.number,
        row.kind,
        CarrierId(row.carrier_id),
        voice_id,
        is_voice_sandbox=row.voice_kind == "sandbox",
    )
