"""Which recipient makes the sandbox behave how. Pure; the numbers are part of the public contract."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from hookline.voice.port import Cause

_POSSIBLE = re.compile(r"\+[1-9][0-9]{6,14}|sips?:[^\s@]+(@[^\s@]+)?", re.ASCII)


class Answers(StrEnum):
    """When the other side takes the call."""

    SOON = "soon"
    AT_ONCE = "at_once"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a call ends that is never answered."""

    cause: Cause
    sip_code: int
    by: Literal["them", "network"] = "them"
    rings: bool = False
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a recipient does with a call."""

    answers: Answers = Answers.SOON
    refusal: Refusal | None = None
    hangs_up: bool = False
    presses: str = ""
    """Keys, whenever something was played to it."""
    sentence: str = "Hello. This is a test call, and I am not a person."


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take in the sandbox, in seconds. Only the first is part of the contract."""

    answer_s: float = 1.0
    hang_up_s: float = 2.0
    """After the answer, for the recipient that hangs up."""
    ring_s: float = 0.1
    refuse_s: float = 0.2
    press_s: float = 0.3
    """From the end of what is played to the first key."""
    digit_s: float = 0.25
    """From one key to the next."""
    abandon_s: float = 180.0
    """How long a caller lets one of our numbers ring."""


ORDINARY = Behaviour()
IMPOSSIBLE = Behaviour(
    refusal=Refusal(Cause.NOT_FOUND, 404, "network", detail="No phone can have this number.")
)
SPECIAL = {
    "+15005550006": Behaviour(
        Answers.AT_ONCE, presses="123", sentence="Hello, you have reached the sandbox. Go ahead."
    ),
    "+15005550007": Behaviour(refusal=Refusal(Cause.BUSY, 486)),
    "+15005550008": Behaviour(Answers.NEVER),
    "+15005550009": Behaviour(refusal=Refusal(Cause.DECLINED, 603, rings=True)),
    "+15005550011": Behaviour(
        refusal=Refusal(
            Cause.CONGESTION, 503, "network", detail="The sandbox plays trouble of the carrier."
        )
    ),
    "+15005550012": Behaviour(hangs_up=True),
}


def behaviour_of(recipient: str) -> Behaviour:
    """How a call to this number or SIP URI goes."""
    special = SPECIAL.get(recipient)
    if special is not None:
        return special
    return ORDINARY if _POSSIBLE.fullmatch(recipient) else IMPOSSIBLE
