"""Whether a leg may be dialled: the one place that every leg passes, whoever asked for it.

Restrictions of credentials and countries of accounts are enforced in `check_leg` as they are built.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hookline.numbers.call_actions import Action, DialOther, Gather
from hookline.numbers.parties import parse_party_at


class OnBehalfOf(NamedTuple):
    """Whose rules a leg must keep: also long after the request, when an answer URL has spoken."""

    account_id: str
    credential_id: str | None


def check_leg(who: OnBehalfOf, pointer: str, to: str) -> str:
    """Who is dialled, in one spelling. Raises InvalidNumber in its kinds, at the pointer."""
    assert who.account_id, "a leg is always somebody's"
    return parse_party_at(pointer, to)


def check_legs_of(who: OnBehalfOf, pointer: str, actions: Sequence[Action]) -> None:
    """Every leg that the actions may dial."""
    for place, dialled in _dialled(pointer, actions):
        check_leg(who, place, dialled)


def _dialled(pointer: str, actions: Sequence[Action]) -> Iterator[tuple[str, str]]:
    for place, action in enumerate(actions):
        chosen = action.chosen
        if isinstance(chosen, DialOther):
            yield f"{pointer}/{place}/dial/to", chosen.to
        elif isinstance(chosen, Gather):
            for digits, branch in chosen.then.items():
                yield from _dialled(f"{pointer}/{place}/gather/then/{digits}", branch)
