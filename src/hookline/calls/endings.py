"""How a leg ended, in the words of calls: from the engine's best evidence to one change and reason.

Pure. `hangup_by` is who hung up, not who is to blame; a leg that we hung up ended for the reason
that the whole call ends.
"""

from typing import assert_never

from hookline.calls.live import LiveLeg, Verdict
from hookline.calls.model import Change, HangupBy, Role
from hookline.voice.port import Cause, Ended

_PARTY = {
    Role.TO: HangupBy.CALLEE,
    Role.DIAL: HangupBy.CALLEE,
    Role.AGENT: HangupBy.AGENT,
    Role.CALLER: HangupBy.CALLER,
}
HANGUP = "hangup"
AGENT_REASONS = {
    Change.WAS_BUSY: "agent_busy",
    Change.WAS_DECLINED: "agent_busy",
    Change.WENT_UNANSWERED: "agent_no_answer",
}


def ending_of(leg: LiveLeg, ended: Ended, verdict: Verdict | None) -> Verdict:
    """The leg's own end; `verdict` is how the call ends, when that is decided already."""
    if ended.cause is Cause.LOST:
        return Verdict(Change.BROKE, HangupBy.SYSTEM, "engine_lost", ended.sip_code)
    if leg.is_answered:
        by, reason = _who(leg, ended, verdict)
        return Verdict(Change.HUNG_UP, by, reason, ended.sip_code)
    return _unanswered(leg, ended, verdict)


def _who(leg: LiveLeg, ended: Ended, verdict: Verdict | None) -> tuple[HangupBy, str]:
    if leg.is_ending and ended.by != "them":
        return _ours(verdict)
    if ended.by == "network" or ended.cause is not Cause.NORMAL:
        return HangupBy.NETWORK, ended.cause.value if ended.cause is not Cause.NORMAL else HANGUP
    return _PARTY[leg.role], HANGUP


def _ours(verdict: Verdict | None) -> tuple[HangupBy, str]:
    if verdict is None or verdict.hangup_by is None:
        return HangupBy.SYSTEM, HANGUP
    return verdict.hangup_by, verdict.reason


def _unanswered(leg: LiveLeg, ended: Ended, verdict: Verdict | None) -> Verdict:
    cause, sip_code = ended.cause, ended.sip_code
    match cause:
        case Cause.BUSY:
            return Verdict(Change.WAS_BUSY, _PARTY[leg.role], "busy", sip_code)
        case Cause.DECLINED:
            return Verdict(Change.WAS_DECLINED, _PARTY[leg.role], "declined", sip_code)
        case Cause.NO_ANSWER:
            by = HangupBy.NETWORK if ended.by == "network" else HangupBy.TIMER
            return Verdict(Change.WENT_UNANSWERED, by, "no_answer", sip_code)
        case Cause.NORMAL if leg.is_ending:
            by, reason = _ours(verdict)
            return Verdict(Change.CANCELED, by, reason, sip_code)
        case Cause.NORMAL if leg.role is Role.CALLER:
            return Verdict(Change.CANCELED, HangupBy.CALLER, HANGUP, sip_code)
        case Cause.NORMAL:
            return Verdict(Change.WENT_UNANSWERED, HangupBy.NETWORK, "no_answer", sip_code)
        case (
            Cause.NOT_FOUND | Cause.UNAVAILABLE | Cause.CONGESTION | Cause.UNREACHABLE | Cause.LOST
        ):
            return Verdict(Change.BROKE, HangupBy.NETWORK, cause.value, sip_code)
        case _:
            assert_never(cause)


def agent_missed(ending: Verdict) -> Verdict:
    """The call's end, when its agent was not to be had."""
    if ending.change is Change.CANCELED or ending.reason == "engine_lost":
        return ending
    reason = AGENT_REASONS.get(ending.change, "agent_unreachable")
    return Verdict(Change.BROKE, ending.hangup_by, reason, ending.sip_code)


REFUSALS = {
    Change.WAS_BUSY: Cause.BUSY,
    Change.WAS_DECLINED: Cause.DECLINED,
    Change.WENT_UNANSWERED: Cause.NO_ANSWER,
    Change.BROKE: Cause.UNAVAILABLE,
}
"""What a caller hears who was not answered."""
