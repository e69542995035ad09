"""All SQL of carriers and virtual phones."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Delete, Select, delete, select

from hookline.carriers.kinds import KINDS
from hookline.ids import AccountId, CarrierId
from hookline.storage.schema import carrier_links, carriers, leases, virtual_phones
from hookline.storage.sets import Insert

INSERT_CARRIER = Insert(
    carriers,
    ("id", "account_id", "name", "kind", "settings", "secrets", "created_at"),
    conflict=("account_id", "name"),
)
INSERT_LINK = Insert(
    carrier_links,
    ("carrier_id", "link", "node", "state", "figures", "changed_at", "seen_at"),
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


def network_carriers() -> Select[Any]:
    """Every account's carriers that a link must be open to."""
    return select(carriers).where(carriers.c.kind.in_(sorted(KINDS)), carriers.c.disabled == 0)


def leases_of(names: Collection[str]) -> Select[tuple[str, str, int]]:
    return select(leases.c.name, leases.c.owner, leases.c.expires_at).where(
        leases.c.name.in_(names)
    )


def link_of(carrier_id: CarrierId) -> Select[Any]:
    """The last state of a carrier's link, on whichever node."""
    return select(carrier_links).where(carrier_links.c.carrier_id == carrier_id)


def forget_links(carrier_ids: Collection[CarrierId]) -> Delete:
    return delete(carrier_links).where(carrier_links.c.carrier_id.in_(carrier_ids))
