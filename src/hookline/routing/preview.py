"""The dry run: which carrier would take a message now, and why. Nothing is sent or stored."""

from collections.abc import Collection
from dataclasses import dataclass

from hookline.carriers import store as carrier_sql
from hookline.errors import Invalid
from hookline.numbers.book import NumberBook
from hookline.numbers.e164 import parse_number_at
from hookline.principal import Principal
from hookline.routing.model import Wanted
from hookline.routing.router import Explanation, Router
from hookline.storage.store import Store


@dataclass(frozen=True, slots=True)
class Preview:
    """What the router would do, and what the carrier is called."""

    found: Explanation
    carrier_name: str


async def preview_route(
    store: Store,
    router: Router,
    book: NumberBook,
    principal: Principal,
    *,
    sender: str,
    recipient: str,
    tags: Collection[str],
) -> Preview:
    """Of a live message. Raises InvalidNumber, and Invalid for a sender that is not the account's."""
    number = parse_number_at("/to", recipient)
    name = parse_number_at("/from", sender) if sender.startswith("+") else sender
    home = await book.home(principal.account_id, name)
    if home is None:
        text = "`from` is not a number or registered sender of this account."
        raise Invalid.at("/from", "unknown_sender", text)
    wanted = Wanted(home.number, number, tags)
    found = await router.explain(principal.account_id, home.carrier_id, wanted)
    rows = await store.read(carrier_sql.by_id(principal.account_id, found.carrier_id))
    return Preview(found, rows[0].name if rows else found.carrier_id)
