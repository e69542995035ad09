"""All SQL of numbers."""

from typing import Any

from sqlalchemy import Delete, Select, Update, delete, select, update

from hookline.ids import AccountId, CarrierId, NumberId
from hookline.storage.schema import carriers, numbers
from hookline.storage.sets import Insert
from hookline.storage.sets import Select as ByKey

INSERT = Insert(
    numbers,
    ("id", "account_id", "number", "kind", "carrier_id", "voice_carrier_id", "created_at"),
    conflict=("account_id", "number"),
)

HOLDERS = ByKey(numbers, key=("number",), columns=("id", "account_id", "carrier_id"))
"""Every account that has the number, for what arrives from outside."""

Numbers = Select[Any]  # Any: every column of the table


def of_account(account_id: AccountId) -> Numbers:
    return select(numbers).where(numbers.c.account_id == account_id)


def homes_of(account_id: AccountId) -> Numbers:
    """The numbers, each with the kind of the carrier that its calls go by."""
    return (
        select(numbers, carriers.c.kind.label("voice_kind"))
        .join(carriers, carriers.c.id == numbers.c.voice_carrier_id, isouter=True)
        .where(numbers.c.account_id == account_id)
    )


def by_id(account_id: AccountId, number_id: str) -> Numbers:
    return of_account(account_id).where(numbers.c.id == number_id)


def by_number(account_id: AccountId, number: str) -> Numbers:
    return of_account(account_id).where(numbers.c.number == number)


def holders(number: str) -> Numbers:
    """Every account that has the number; `HOLDERS` is the leaner way to ask."""
    return select(numbers).where(numbers.c.number == number).order_by(numbers.c.id)


def first_at_home(account_id: AccountId, carrier_id: CarrierId) -> Numbers:
    """The number that has been on the carrier for the longest time."""
    mine = of_account(account_id).where(numbers.c.carrier_id == carrier_id)
    return mine.order_by(numbers.c.id).limit(1)


def carrier_named(account_id: AccountId, name_or_id: str) -> Select[tuple[str, str, str]]:
    """The carrier, which cannot be removed before a number that comes to it is committed."""
    return (
        select(carriers.c.id, carriers.c.name, carriers.c.kind)
        .where(
            carriers.c.account_id == account_id,
            (carriers.c.id == name_or_id) | (carriers.c.name == name_or_id),
        )
        .with_for_update(read=True)
    )


def move(number_id: NumberId, carrier_id: CarrierId, voice_carrier_id: CarrierId | None) -> Update:
    return (
        update(numbers)
        .where(numbers.c.id == number_id)
        .values(carrier_id=carrier_id, voice_carrier_id=voice_carrier_id)
    )


def set_inbound_voice(number_id: NumberId, inbound_voice: str | None) -> Update:
    return update(numbers).where(numbers.c.id == number_id).values(inbound_voice=inbound_voice)


def remove(number_id: NumberId) -> Delete:
    return delete(numbers).where(numbers.c.id == number_id)
