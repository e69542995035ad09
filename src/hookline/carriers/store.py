"""All SQL of carriers and virtual phones."""

from sqlalchemy import Select, select

from hookline.ids import AccountId, CarrierId
from hookline.storage.schema import carriers, virtual_phones
from hookline.storage.sets import Insert

INSERT_CARRIER = Insert(
    carriers,
    ("id", "account_id", "name", "kind", "settings", "secrets", "created_at"),
    conflict=("account_id", "name"),
)
INSERT_PHONE = Insert(
    virtual_phones,
    ("account_id", "number", "name", "created_at"),
    conflict=("account_id", "number"),
)


def carrier_by_id(carrier_id: CarrierId) -> Select[tuple[str, str, str]]:
    return select(carriers.c.id, carriers.c.account_id, carriers.c.kind).where(
        carriers.c.id == carrier_id
    )


def carriers_of(account_id: AccountId) -> Select[tuple[str, str, str]]:
    return (
        select(carriers.c.id, carriers.c.name, carriers.c.kind)
        .where(carriers.c.account_id == account_id)
        .order_by(carriers.c.id)
    )


def phones_of(account_id: AccountId) -> Select[tuple[str, str]]:
    return (
        select(virtual_phones.c.number, virtual_phones.c.name)
        .where(virtual_phones.c.account_id == account_id)
        .order_by(virtual_phones.c.number)
    )
