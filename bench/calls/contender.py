"""What is asked of whoever is measured, and what it says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

Act = Literal["signalling", "played", "recorded"]
"""What happens on a call that was answered; then it is hung up.

signalling: nothing for a second. played: a short sound. recorded: a longer sound, all of it recorded.
"""
LIVE_S = 1.0
SHORT_SOUND_S = 0.7
LONG_SOUND_S = 5.0


@dataclass(frozen=True)
class CallLoad:
    """So many calls, begun at an even pace."""

    act: Act
    count: int
    rate: float
    """Calls a second."""


@dataclass
class CallOutcome:
    """What became of them."""

    post_ms: list[float] = field(default_factory=list)
    """From the intended moment to the answer of the request that places the call."""
    answered_ms: list[float] = field(default_factory=list)
    """From its acceptance to the news that it was answered."""
    accepted: int = 0
    completed: int = 0
    recorded: int = 0
    """Recordings that are there as files."""
    at_once_max: int = 0
    """Answered calls at the same time."""
    ended_s: list[float] = field(default_factory=list)
    """When each ended, in seconds of any clock."""
    oddities: dict[str, int] = field(default_factory=dict)
    """Whatever should not have happened, and how often."""

    @property
    def per_s(self) -> float:
        """Calls that ended a second, between the tenth and the ninetieth hundredth of them."""
        ends = sorted(self.ended_s)
        if len(ends) < 2:
            return 0.0
        low, high = len(ends) // 10, len(ends) * 9 // 10
        return (high - low) / max(ends[high] - ends[low], 1e-9)


class Contender(Protocol):
    """A program that places calls, whose processes are known."""

    @property
    def pids(self) -> Mapping[str, int]: ...

    def place(self, load: CallLoad) -> None:
        """Returns when all has been asked for; the calls may still be under way."""
        ...

    def settle(self) -> None:
        """Return when nothing is left to do of the last load, though nothing rings any more."""
        ...

    def outcome(self) -> CallOutcome:
        """Of the last load, once that has settled."""
        ...


def at_once_max(spans: list[tuple[float, float]]) -> int:
    """How many of the spans lie over each other at most."""
    marks = sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans])
    most = now = 0
    for _, change in marks:
        now += change
        most = max(most, now)
    return most
