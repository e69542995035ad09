"""The sandbox's special recipients, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from hookline.carriers.sandbox.recipients import SPECIAL, Behaviour
from hookline.voice.port import Cause
from hookline.voice.sandbox import recipients as voice

_REFUSALS = {
    Cause.BUSY: "busy",
    Cause.DECLINED: "rings, is declined",
    Cause.CONGESTION: "carrier trouble: failed",
}


@dataclass(frozen=True, slots=True)
class Recipient:
    """A number, and what becomes of a message or a call to it; empty when it is as any other."""

    number: str
    outcome: str
    call: str


def special_recipients() -> Sequence[Recipient]:
    """In the order of the numbers."""
    return [
        Recipient(
            number,
            describe(SPECIAL[number]) if number in SPECIAL else "",
            describe_call(voice.SPECIAL[number]) if number in voice.SPECIAL else "",
        )
        for number in sorted({*SPECIAL, *voice.SPECIAL})
    ]


def describe_call(behaviour: voice.Behaviour) -> str:
    """What a person reads about how a call goes."""
    if behaviour.refusal is not None:
        refusal = behaviour.refusal
        return f"{_REFUSALS.get(refusal.cause, refusal.cause.value)} (SIP {refusal.sip_code})"
    if behaviour.answers is voice.Answers.NEVER:
        return "rings, nobody answers"
    if behaviour.hangs_up:
        return "answers, hangs up after 2 s"
    if behaviour.presses:
        return f"answers at once, presses {' '.join(behaviour.presses)} when asked"
    return "answers"


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
