"""Carriers with the state of their links: one, a page of them, all of an account."""

from collections.abc import Sequence
from dataclasses import dataclass

from hookline.api.pagination import Paging, paged
from hookline.carriers import store as sql
from hookline.carriers.live_state import CarrierRow, LinkView, link_view
from hookline.carriers.registration import find_carrier
from hookline.principal import Principal
from hookline.storage.schema import carriers
from hookline.storage.store import Store

CARRIERS_MAX = 200
"""More than a person can look through; the API pages."""


@dataclass(frozen=True, slots=True)
class LinkedCarrier:
    """A carrier and how its link is now."""

    row: CarrierRow
    link: LinkView


async def get_carrier(store: Store, principal: Principal, carrier_id: str) -> LinkedCarrier:
    """One carrier. Raises CarrierNotFound."""
    row = await find_carrier(store, principal, carrier_id)
    return (await with_links(store, [row]))[0]


async def list_carriers(store: Store, principal: Principal, paging: Paging) -> list[LinkedCarrier]:
    """A page of carriers and, when there is one, the first of the next page."""
    statement = paged(sql.of_account(principal.account_id), carriers.c.id, paging, prefix="car")
    return await with_links(store, await store.read(statement))


async def all_carriers(store: Store, principal: Principal) -> list[LinkedCarrier]:
    """The account's carriers, oldest first, as many as fit a page for people."""
    statement = sql.of_account(principal.account_id).order_by(carriers.c.id).limit(CARRIERS_MAX)
    return await with_links(store, await store.read(statement))


async def with_links(store: Store, rows: Sequence[CarrierRow]) -> list[LinkedCarrier]:
    """Stored carriers with how their links are."""
    found = await store.read(sql.links_of([row.id for row in rows])) if rows else []
    links = {link.carrier_id: link for link in found}
    now = store.now()
    return [
        LinkedCarrier(row, link_view(row, links.get(row.id), now, store.settings)) for row in rows
    ]


def unseen(store: Store, row: CarrierRow) -> LinkView:
    """The link of a carrier that no server has heard of yet."""
    return link_view(row, None, store.now(), store.settings)
