"""What is asked on every message, held in memory: numbers, pools, countries, routes, rules."""

from dataclasses import dataclass

from hookline.accounts.countries import AccountCountries
from hookline.messages.sending_rules import SendingRuleBook
from hookline.numbers.book import NumberBook
from hookline.numbers.pool_book import PoolBook
from hookline.routing.router import Router
from hookline.storage.store import Store
from hookline.storage.wakeups import Wakeups


@dataclass(frozen=True, slots=True)
class Books:
    """Of one process. A change counts when its wake-up is heard."""

    numbers: NumberBook
    pools: PoolBook
    countries: AccountCountries
    router: Router
    rules: SendingRuleBook

    @classmethod
    def open(cls, store: Store, wakeups: Wakeups) -> "Books":
        return cls(
            NumberBook(store, wakeups),
            PoolBook(store, wakeups),
            AccountCountries(store, wakeups),
            Router.open(store, wakeups),
            SendingRuleBook(store, wakeups),
        )
