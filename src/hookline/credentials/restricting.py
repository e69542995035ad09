"""Sets the restrictions of a credential, and knows which numbers can be named in them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hookline.credentials import store as sql
from hookline.errors import Invalid
from hookline.ids import AccountId
from hookline.restrictions import Restrictions
from hookline.storage.transaction import Transaction

_GROUPING = dict.fromkeys(map(ord, " -.()\u00a0"))
Changes = Mapping[str, Any]  # Any: each restriction has its own type
"""Restrictions by name as `Restrictions` has them; None lifts one."""


async def restricted(
    tx: Transaction, account_id: AccountId, before: Restrictions, changes: Changes
) -> Restrictions:
    """The restrictions after the changes. Raises Invalid for a number that is not the account's."""
    wanted = changes.get("allowed_numbers")
    if wanted is not None:
        rows = await tx.execute(sql.numbers_among(account_id, [*map(_compact, wanted)]))
        known = {row.number for row in rows}
        for place, number in enumerate(wanted):
            if _compact(number) not in known:
                raise Invalid.at(
                    f"/allowed_numbers/{place}",
                    "unknown_number",
                    f"{number[:32]} is not a number or sender of this account. "
                    "GET /v1/numbers lists them.",
                )
        changes = {**changes, "allowed_numbers": tuple(sorted(known))}
    return replace(before, **changes)


def _compact(number: str) -> str:
    """People group the digits of a number; a sender of letters stays as it is."""
    plain = number.strip()
    return plain.translate(_GROUPING) if plain.startswith("+") else plain
