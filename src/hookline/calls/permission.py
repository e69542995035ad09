"""Whether a leg may be dialled: the one place that every leg passes, whoever asked for it.

Restrictions of credentials and countries of accounts are enforced in `check_leg` as they are built.
"""

from collections.abc import Iterator, Sequence

from hookline.numbers.call_actions import Action, DialOther, Gather
from hookline.numbers.parties import parse_party_at
from hookline.principal import Principal


def check_leg(principal: Principal, pointer: str, to: str) -> str:
    """Who is dialled, in one spelling. Raises InvalidNumber in its kinds, at the pointer."""
    assert principal.account_id, "a leg is always somebody's"
    return parse_party_at(pointer, to)


def check_legs_of(principal: Principal, pointer: str, actions: Sequence[Action]) -> None:
    """Every leg that the actions may dial."""
    for place, dialled in _dialled(pointer, actions):
        check_leg(principal, place, dialled)


def _dialled(pointer: str, actions: Sequence[Action]) -> Iterator[tuple[str, str]]:
    for place, action in enumerate(actions):
        chosen = action.chosen
        if isinstance(chosen, DialOther):
            yield f"{pointer}/{place}/dial/to", chosen.to
        elif isinstance(chosen, Gather):
            for digits, branch in chosen.then.items():
                yield from _dialled(f"{pointer}/{place}/gather/then/{digits}", branch)
