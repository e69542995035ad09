"""How an account sends: at most so many messages a day, no duplicates, smart replacement.

`SendingRuleBook` holds the rules in memory, since every message asks for them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import select, update

from hookline.audit.append import record
from hookline.ids import AccountId
from hookline.principal import Principal, Scope
from hookline.storage.account_cache import AccountCache
from hookline.storage.schema import sending_rules as table
from hookline.storage.sets import Insert
from hookline.storage.store import Store
from hookline.storage.transaction import Rows, Transaction

_TOPIC = "sending:"
_INSERT = Insert(table, ("account_id",), conflict=("account_id",))


@dataclass(frozen=True, slots=True)
class SendingRules:
    """The rules of one account."""

    daily_message_cap: int | None = None
    """Live messages of a UTC day, over all credentials; None: no cap."""
    duplicate_window_s: int = 0
    """For how long the same text to the same number is refused; 0: never."""
    smart_encoding: bool = False
    """Whether characters that double the price are replaced, unless a message says otherwise."""


DEFAULT = SendingRules()


class SendingRuleBook(AccountCache[SendingRules]):
    """Knows each account's rules."""

    topics = _TOPIC

    async def read(self, account_id: AccountId) -> SendingRules:
        return _from(await self._store.read(_of(account_id)))


async def get_rules(store: Store, principal: Principal) -> SendingRules:
    """The rules of the caller's account."""
    principal.require(Scope.ACCOUNT_READ)
    return _from(await store.read(_of(principal.account_id)))


async def change_rules(
    tx: Transaction, principal: Principal, changes: Mapping[str, Any]
) -> SendingRules:
    """Change what is named, by field of SendingRules. Raises InsufficientScope, LiveModeNeeded."""
    principal.require(Scope.USERS_WRITE)
    principal.require_live("The account has live messages, too")
    account_id = principal.account_id
    await tx.insert(_INSERT, [(account_id,)])
    before = _from(await tx.execute(_of(account_id).with_for_update()))
    after = replace(before, **changes)
    if after == before:
        return before
    values = asdict(after) | {"smart_encoding": int(after.smart_encoding)}
    await tx.changed(update(table).where(table.c.account_id == account_id).values(values))
    tx.notify(f"{_TOPIC}{account_id}")
    record(
        tx, principal, "sending_rules.update", account_id,
        before=asdict(before), after=asdict(after),
    )  # fmt: skip
    return after


def _of(account_id: str) -> Any:  # Any: every column of the table
    return select(table).where(table.c.account_id == AccountId(account_id))


def _from(rows: Rows) -> SendingRules:
    if not rows:
        return DEFAULT
    row = rows[0]
    return SendingRules(row.daily_message_cap, row.duplicate_window_s, bool(row.smart_encoding))
