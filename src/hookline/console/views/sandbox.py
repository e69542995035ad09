"""The sandbox's special recipients, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from hookline.carriers.sandbox.recipients import SPECIAL, Behaviour


@dataclass(frozen=True, slots=True)
class Recipient:
    """A number, and what becomes of a message to it."""

    number: str
    outcome: str


def special_recipients() -> Sequence[Recipient]:
    """In the order of the numbers."""
    return [Recipient(number, describe(SPECIAL[number])) for number in sorted(SPECIAL)]


def describe(behaviour: Behaviour) -> str:
    """What a person reads about a behaviour."""
    if behaviour.receipt is None:
        return "refused by the carrier: failed"
    outcome = behaviour.receipt.value
    if behaviour.throttled_times:
        times = {1: "once", 2: "twice"}.get(
            behaviour.throttled_times, f"{behaviour.throttled_times} times"
        )
        return f"throttled {times}, then {outcome}"
    if behaviour.receipt_after_s is not None:
        return f"{outcome}, after {behaviour.receipt_after_s:.0f} s"
    return outcome
