"""The virtual phones of accounts: the sandbox's subscribers, for messages and for calls."""

from dataclasses import dataclass

from hookline.carriers import store as carrier_sql
from hookline.errors import NotFound
from hookline.ids import AccountId
from hookline.numbers.e164 import parse_number
from hookline.principal import Mode, Principal, PrincipalKind
from hookline.storage.store import Store


@dataclass(frozen=True, slots=True)
class Phone:
    """A virtual phone."""

    number: str
    name: str


async def list_phones(store: Store, account_id: AccountId) -> list[Phone]:
    """The account's phones."""
    rows = await store.read(carrier_sql.phones_of(account_id))
    return [Phone(row.number, row.name) for row in rows]


async def get_phone(store: Store, account_id: AccountId, number: str) -> Phone:
    """The account's phone of this number. Raises InvalidNumber, NotFound."""
    wanted = parse_number(number)
    for phone in await list_phones(store, account_id):
        if phone.number == wanted:
            return phone
    raise NotFound(f"{wanted} is not a virtual phone of this account.")


def mode_of(principal: Principal) -> Mode | None:
    """What a caller sees of a phone: a credential its own mode, a person both."""
    return principal.mode if principal.kind is PrincipalKind.CREDENTIAL else None
