"""Whether a leg may be dialled: the one place that every leg passes, whoever asked for it."""

from collections.abc import Iterable, Sequence

from hookline.accounts.countries import AccountCountries
from hookline.calls.model import Call
from hookline.credentials.reading import restrictions_of
from hookline.numbers.call_actions import Action, dialled
from hookline.numbers.destinations import Destinations, check_destination
from hookline.numbers.parties import parse_party_at
from hookline.principal import Principal
from hookline.storage.store import Store


class Permission:
    """Knows whose rules a leg must keep: also long after the request, when an answer URL has spoken."""

    def __init__(self, store: Store, countries: AccountCountries) -> None:
        self._store = store
        self._countries = countries

    async def of_caller(self, principal: Principal) -> Destinations:
        """Of who asks for a call now."""
        of_account = await self._countries.find(principal.account_id)
        return Destinations(principal.restrictions.allowed_countries, of_account)

    async def of_account(self, account_id: str) -> Destinations:
        """Of a call that came in."""
        return Destinations(None, await self._countries.find(account_id))

    async def of_call(self, call: Call) -> Destinations:
        """Of a call that runs, by the restrictions that its credential has now."""
        of_account = await self._countries.find(call.account_id)
        if call.credential_id is None:
            return Destinations(None, of_account)
        restrictions = await restrictions_of(self._store, call.credential_id)
        return Destinations(restrictions.allowed_countries, of_account)


def check_leg(allowed: Destinations, pointer: str, to: str) -> str:
    """Who is dialled, in one spelling. Raises InvalidNumber in its kinds, CountryNotAllowed."""
    party = parse_party_at(pointer, to)
    check_destination(allowed, pointer, party)
    return party


def check_legs_of(allowed: Destinations, pointer: str, actions: Sequence[Action]) -> None:
    """Every leg that the actions may dial."""
    check_legs(allowed, dialled(pointer, actions))


def check_legs(allowed: Destinations, legs: Iterable[tuple[str, str]]) -> None:
    """Each leg with its pointer."""
    for pointer, to in legs:
        check_leg(allowed, pointer, to)
