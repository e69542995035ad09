"""The lists of messages and of calls: what they are narrowed to, and what an empty one says."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Table

from hookline.console import store as sql
from hookline.console.visit import Values, Visit
from hookline.numbers.e164 import InvalidNumber, parse_number
from hookline.numbers.parties import parse_party
from hookline.principal import Mode

PER_PAGE = 25
_PHONE, _SENDER = "+12025550110", "+12025550100"


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list is narrowed to; empty lets all pass."""

    status: str
    direction: str
    number: str
    problem: str = ""

    @property
    def is_any(self) -> bool:
        return bool(self.status or self.direction or self.number or self.problem)


def read_filter(visit: Visit, statuses: Iterable[StrEnum]) -> Filter:
    """The filter in the address; what is unknown there counts as nothing."""
    status, direction = visit.guest.query("status"), visit.guest.query("direction")
    known = status if status in {item.value for item in statuses} else ""
    way = direction if direction in {"outbound", "inbound"} else ""
    text = visit.guest.query("number")
    try:
        return Filter(known, way, _party(text) if text else "")
    except InvalidNumber as error:
        return Filter(known, way, "", error.detail)


def shown(
    visit: Visit, wanted: Filter, statuses: Iterable[StrEnum], ids: Sequence[str]
) -> dict[str, Values]:
    """What every list shows beside its rows. `ids`: of those found, one more than fit the page."""
    return {
        "next_cursor": ids[PER_PAGE - 1] if len(ids) > PER_PAGE else None,
        "query": dict(visit.request.query_params),
        "statuses": [status.value for status in statuses],
        "problem": wanted.problem,
        "is_filtered": wanted.is_any,
    }


async def advice(
    visit: Visit, traffic: Table, curl: Callable[[str, str, str], str], *, is_empty: bool
) -> dict[str, Values]:
    """What the empty list says. `curl` makes the command from origin, sender and recipient."""
    account_id = visit.principal.account_id
    other = Mode.LIVE if visit.principal.mode is Mode.TEST else Mode.TEST
    elsewhere = is_empty and (await visit.store.read(sql.has_any(traffic, account_id, other)))[0][0]
    phones = await visit.console.phones.list_phones(account_id) if is_empty else []
    rows = await visit.store.read(sql.senders(account_id).limit(1)) if is_empty else []
    phone = phones[0].number if phones else _PHONE
    sender = str(rows[0].number) if rows else _SENDER
    command = curl(visit.guest.origin, sender, phone)
    return {"elsewhere": bool(elsewhere), "phone": phone, "curl": command}


def _party(text: str) -> str:
    """A number or a SIP URI. A plus sign that was not escaped arrives as a space."""
    if text.lower().startswith(("sip:", "sips:")):
        return parse_party(text)
    return parse_number(text if text.startswith("+") else f"+{text}")
