"""Daily caps of a batch of messages: taken where they are stored, given back where they are not."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hookline.clock import UnixMs
from hookline.credentials.daily_caps import Counter, Kind, Want, counter, give_back, take
from hookline.errors import HooklineError
from hookline.messages.model import Message
from hookline.storage.transaction import Transaction

Capped = tuple[str, int]
"""Whose cap it is, and the cap."""
Refuse = Callable[[int, UnixMs], HooklineError]


async def count(
    tx: Transaction,
    messages: Sequence[Message],
    caps: Sequence[Capped | None],
    outcomes: dict[int, Any],  # Any: also what was answered otherwise
    refuse: Refuse,
) -> dict[Counter, list[int]]:
    """Take from the day's caps what has no outcome yet, and refuse what does not fit.

    The places that were counted, by counter. Without caps it asks the database nothing.
    """
    places: dict[Counter, list[int]] = {}
    most: dict[Counter, int] = {}
    for place, capped in enumerate(caps):
        if capped is not None and place not in outcomes:
            holder, cap = capped
            one = counter(holder, Kind.MESSAGES, UnixMs(messages[place].created_at))
            places.setdefault(one, []).append(place)
            most[one] = min(cap, most.get(one, cap))
    if not places:
        return {}
    granted = await take(tx, {one: Want(len(places[one]), most[one]) for one in places})
    for one, taken in granted.items():
        for place in places[one][taken:]:
            outcomes[place] = refuse(most[one], UnixMs(messages[place].created_at))
        del places[one][taken:]
    return places


async def uncount_lost(
    tx: Transaction, counted: Mapping[Counter, list[int]], outcomes: Mapping[int, object]
) -> None:
    """Give back what was counted, and refused or answered otherwise since."""
    lost = {
        one: lost_ones
        for one, places in counted.items()
        if (lost_ones := sum(place in outcomes for place in places))
    }
    if lost:
        await give_back(tx, lost)
