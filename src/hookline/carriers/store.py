"""All SQL of carriers and virtual phones."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Delete, Select, Update, delete, func, literal, select, update

from hookline.carriers.kinds import LOCAL_KIND
from hookline.ids import AccountId, CarrierId
from hookline.storage.schema import (
    carrier_links,
    carriers,
    leases,
    messages,
    numbers,
    route_carriers,
    routes,
    virtual_phones,
)
from hookline.storage.sets import Insert
from hookline.storage.sets import Select as SetSelect

INSERT_CARRIER = Insert(
    carriers,
    ("id", "account_id", "name", "kind", "settings", "secrets", "created_at"),
    conflict=("account_id", "name"),
)
CONNECTION = SetSelect(carriers, key=("id",), columns=("kind", "settings", "secrets"))
COUNTED_MAX = 1_000
"""What is counted for a person stops here."""

Carriers = Select[Any]  # Any: every column of the table

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


def existing(carrier_ids: Collection[CarrierId]) -> Select[str]:
    return select(carriers.c.id).where(carriers.c.id.in_(carrier_ids))


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
    return select(carriers).where(carriers.c.kind != LOCAL_KIND, carriers.c.disabled == 0)


def leases_of(names: Collection[str]) -> Select[tuple[str, str, int]]:
    return select(leases.c.name, leases.c.owner, leases.c.expires_at).where(
        leases.c.name.in_(names)
    )


def link_of(carrier_id: CarrierId) -> Select[Any]:
    """The last state of a carrier's link, on whichever node."""
    return select(carrier_links).where(carrier_links.c.carrier_id == carrier_id)


def forget_links(carrier_ids: Collection[CarrierId]) -> Delete:
    return delete(carrier_links).where(carrier_links.c.carrier_id.in_(carrier_ids))


def of_account(account_id: AccountId) -> Carriers:
    return select(carriers).where(carriers.c.account_id == account_id)


def by_id(account_id: AccountId, carrier_id: str) -> Carriers:
    return of_account(account_id).where(carriers.c.id == carrier_id)


def locked(account_id: AccountId, carrier_id: str) -> Carriers:
    """For a change: until it is committed no other starts, and no number moves here."""
    return by_id(account_id, carrier_id).with_for_update()


def named(account_id: AccountId, name_or_id: str) -> Carriers:
    return of_account(account_id).where(
        (carriers.c.id == name_or_id) | (carriers.c.name == name_or_id)
    )


def others_named(account_id: AccountId, name: str, carrier_id: str) -> Select[str]:
    return select(carriers.c.id).where(
        carriers.c.account_id == account_id, carriers.c.name == name, carriers.c.id != carrier_id
    )


def change(carrier_id: str, values: dict[str, object]) -> Update:
    return update(carriers).where(carriers.c.id == carrier_id).values(values)


def remove(carrier_id: str) -> Delete:
    return delete(carriers).where(carriers.c.id == carrier_id)


def links_of(carrier_ids: Collection[str]) -> Select[Any]:
    """The last states of some carriers' links."""
    return select(carrier_links).where(carrier_links.c.carrier_id.in_(carrier_ids))


def numbers_at_home(account_id: AccountId, carrier_id: str) -> Select[str]:
    """The account's numbers that are on the carrier for messages or calls, oldest first."""
    return (
        select(numbers.c.number)
        .where(
            numbers.c.account_id == account_id,
            (numbers.c.carrier_id == carrier_id) | (numbers.c.voice_carrier_id == carrier_id),
        )
        .order_by(numbers.c.id)
        .limit(COUNTED_MAX)
    )


def routes_with(carrier_id: str) -> Select[str]:
    """The names of the routes that have the carrier."""
    return (
        select(routes.c.name)
        .join(route_carriers, route_carriers.c.route_id == routes.c.id)
        .where(route_carriers.c.carrier_id == carrier_id)
        .order_by(routes.c.position)
    )


def messages_under_way(carrier_id: str) -> Select[str, int]:
    """How many messages the carrier is still to send, by status, as far as they are counted."""
    waiting = (
        select(messages.c.status, literal(1).label("one"))
        .where(
            messages.c.status.in_(("scheduled", "queued", "sending")),
            messages.c.carrier_id == carrier_id,
        )
        .limit(COUNTED_MAX)
        .subquery()
    )
    counted = func.count().label("counted")
    return select(waiting.c.status, counted).group_by(waiting.c.status)
