"""Why a leg ended, from what was seen of it. Pure.

One sign alone misleads: Asterisk says NOANSWER of a declined call, cause 0 of a completed one, and
480 of a ring that ran out as of a phone that is not there. So first what we know ourselves counts
(whether it was answered, and who asked to hang up), then the SIP status, then the Q.850 cause.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from hookline.voice.port import Cause

By = Literal["us", "them", "network"]
_RTP_TIMEOUT = 44
"""Requested channel not available: what Asterisk gives a call whose sound stopped (rtp_timeout)."""
_SILENT = "No sound came any more, so Asterisk hung up (rtp_timeout of the endpoint)."
_DEAD = (
    "The trunk did not react at all. Check its address in pjsip.conf, the firewall, and "
    "`pjsip show endpoint`."
)
_LOGIN = "The trunk asked for a user and password and did not accept ours. Check the auth section."
_CODECS = "The other side takes none of the endpoint's codecs. Check allow= in pjsip.conf."


class Asked(StrEnum):
    """Why we asked Asterisk to hang up."""

    CALLER = "caller"
    """Whoever uses the engine wanted it."""
    TIMER = "timer"
    """It had rung long enough."""


@dataclass(slots=True)
class Evidence:
    """What was seen of a leg while it lived."""

    was_ringing: bool = False
    was_heard: bool = False
    """The trunk reacted in some way before an answer, such as by early media."""
    was_answered: bool = False
    asked: Asked | None = None
    is_inbound: bool = False


class Verdict(NamedTuple):
    """What an `Ended` says."""

    cause: Cause
    by: By | None
    sip_code: int | None = None
    detail: str | None = None


_BY_SIP: dict[int, Cause] = {
    **dict.fromkeys((486, 600), Cause.BUSY),
    **dict.fromkeys((403, 603, 607, 608), Cause.DECLINED),
    **dict.fromkeys((404, 410, 484, 485, 604), Cause.NOT_FOUND),
    **dict.fromkeys((401, 407), Cause.UNREACHABLE),
    **dict.fromkeys((408, 480, 487), Cause.UNAVAILABLE),
}
_BY_Q850: dict[int, Cause] = {
    17: Cause.BUSY,
    21: Cause.DECLINED,
    **dict.fromkeys((1, 2, 3, 22, 28), Cause.NOT_FOUND),
    **dict.fromkeys((18, 19, 20, 27, 31), Cause.UNAVAILABLE),
    **dict.fromkeys((34, 38, 41, 42, 44, 47, 58), Cause.CONGESTION),
}
_DETAILS = {401: _LOGIN, 407: _LOGIN, 488: _CODECS, 606: _CODECS}


def judge(seen: Evidence, cause: int, sip_code: int | None) -> Verdict:
    """`cause`: Q.850, of ChannelDestroyed. `sip_code`: its tech_cause, which Asterisk 16 lacks."""
    if seen.was_answered:
        return _judge_answered(seen, cause)
    if seen.asked is Asked.CALLER:
        return Verdict(Cause.NORMAL, "us")
    if seen.is_inbound:
        return Verdict(Cause.NORMAL, "them")
    if seen.asked is Asked.TIMER:
        if seen.was_ringing or seen.was_heard:
            return Verdict(Cause.NO_ANSWER, "us")
        return Verdict(Cause.UNREACHABLE, "network", detail=_DEAD)
    return _judge_refused(seen, cause, sip_code)


def _judge_answered(seen: Evidence, cause: int) -> Verdict:
    if seen.asked is not None:
        return Verdict(Cause.NORMAL, "us")
    if cause == _RTP_TIMEOUT:
        return Verdict(Cause.NORMAL, "network", detail=_SILENT)
    return Verdict(Cause.NORMAL, "them")


def _judge_refused(seen: Evidence, cause: int, sip_code: int | None) -> Verdict:
    """The other side or the network said no."""
    code = sip_code if sip_code is not None and sip_code >= 300 else None
    if code is not None:
        found = _BY_SIP.get(code, Cause.CONGESTION)
    else:
        found = _BY_Q850.get(cause, Cause.UNAVAILABLE)
    if found is Cause.UNAVAILABLE and seen.was_ringing:
        found = Cause.NO_ANSWER  # the network gave up ringing
    elif found is Cause.UNAVAILABLE and (code == 408 or (code is None and cause == 0)):
        return Verdict(Cause.UNREACHABLE, "network", code, _DEAD)
    by: By = "them" if found in {Cause.BUSY, Cause.DECLINED} else "network"
    return Verdict(found, by, code, _DETAILS.get(code or 0))
