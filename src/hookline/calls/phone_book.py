"""Which virtual phone a call rings: known by its account and number, as every account may have the same."""

from hookline.carriers import store as carrier_sql
from hookline.ids import AccountId
from hookline.storage.store import Store
from hookline.voice.sandbox.phones import PhoneId

_ACCOUNTS_MAX = 10_000


def phone_id(account_id: AccountId, number: str) -> PhoneId:
    """The phone's name on the board of virtual phones."""
    return PhoneId(f"{account_id} {number}")


def account_of(phone: PhoneId) -> AccountId:
    """Whose phone it is."""
    return AccountId(phone.partition(" ")[0])


def number_of(phone: PhoneId) -> str:
    """The phone's number."""
    return phone.partition(" ")[2]


class PhoneBook:
    """The numbers of virtual phones, held in memory per account."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._numbers: dict[AccountId, frozenset[str]] = {}

    async def load(self, account_id: AccountId) -> None:
        """Needed before `find`. An account's phones are made with it, and stay."""
        if self._numbers.get(account_id):
            return
        rows = await self._store.read(carrier_sql.phones_of(account_id))
        if len(self._numbers) >= _ACCOUNTS_MAX:
            self._numbers.clear()
        self._numbers[account_id] = frozenset(row.number for row in rows)

    def find(self, account_id: AccountId, number: str) -> PhoneId | None:
        """The account's virtual phone of this number, if it is one."""
        is_phone = number in self._numbers.get(account_id, ())
        return phone_id(account_id, number) if is_phone else None
