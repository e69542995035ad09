"""What a message or a call may come from, held in memory per account.

A number that is not known is looked up in the database before it is refused, so that a new one can
be used at once; a removed one is forgotten when its removal is heard of.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from hookline.ids import AccountId, CarrierId
from hookline.numbers import store as sql
from hookline.storage.store import Store
from hookline.storage.wakeups import Wakeups

_ACCOUNTS_MAX = 10_000
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


class NumberBook:
    """Finds the home of a sender."""

    def __init__(self, store: Store, wakeups: Wakeups) -> None:
        self._store = store
        self._homes: dict[AccountId, dict[str, Home]] = {}
        self._forgotten = 0
        wakeups.subscribe_prefix(TOPICS, self._forget)

    async def find(self, account_id: AccountId, number: str) -> Home | None:
        """The sender's home; None when the account does not have it."""
        homes = self._homes.get(account_id)
        if homes is not None and number in homes:
            return homes[number]
        homes = await self._load(account_id)
        return homes.get(number)

    def _forget(self, account_id: str) -> None:
        self._forgotten += 1
        if account_id:
            self._homes.pop(AccountId(account_id), None)
        else:
            self._homes.clear()

    async def _load(self, account_id: AccountId) -> dict[str, Home]:
        seen = self._forgotten
        rows = await self._store.read(sql.homes_of(account_id))
        homes = {row.number: _home(row) for row in rows}
        if seen != self._forgotten:  # what was read may be from before that
            return homes
        if len(self._homes) >= _ACCOUNTS_MAX:
            self._homes.clear()
        self._homes[account_id] = homes
        return homes


def _home(row: Row[Any]) -> Home:  # Any: the columns of `homes_of`
    voice_id = None if row.voice_carrier_id is None else CarrierId(row.voice_carrier_id)
    return Home(
        row.number,
        row.kind,
        CarrierId(row.carrier_id),
        voice_id,
        is_voice_sandbox=row.voice_kind == "sandbox",
    )
