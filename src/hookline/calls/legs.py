"""Dialling a leg, hanging it up, and ending the call: there is one way to each.

The first verdict decides how the call ends; its terminal status comes when the last leg has gone.
"""

from hookline.calls.endings import REFUSALS
from hookline.calls.live import LiveCall, LiveLeg, Verdict
from hookline.calls.model import Change, Role, Status, target
from hookline.calls.steps import (
    CallMove,
    ControlRecording,
    HangUpLeg,
    LegMove,
    NewLeg,
    SetTimer,
    Step,
    StopTimer,
)
from hookline.voice.port import Cause, Dial, LegId

RING_GUARD_S = 15.0
"""How much longer than the engine we wait for an answer, or for its word that there is none."""
GONE_GUARD_S = 15.0
"""How long a leg that we hung up may take to be gone."""
FILES_GUARD_S = 60.0
"""How long recordings may take to be complete when the call has ended."""
SCRIPT = "script"
DURATION = "duration"
FILES = "files"


def ring_timer(leg_id: LegId) -> str:
    return f"ring:{leg_id}"


def gone_timer(leg_id: LegId) -> str:
    return f"gone:{leg_id}"


def move_leg(live: LiveCall, step: Step, leg: LiveLeg, change: Change) -> None:
    """A leg goes on; the call with it, when it follows this one."""
    leg.status = target(change)
    step.moves.append(LegMove(leg.id, leg.role, change))
    if leg.id == live.followed:
        move_call(live, step, CallMove(change))


def move_call(live: LiveCall, step: Step, move: CallMove) -> None:
    """The call goes on, unless it is there already."""
    if target(move.change) is not live.status:
        live.status = target(move.change)
        step.moves.append(move)


def new_leg(live: LiveCall, step: Step, role: Role, recipient: str) -> LiveLeg:
    """One more side of the call, which has not been dialled."""
    leg = LiveLeg(LegId(live.new_id("leg")), role, recipient)
    live.legs[leg.id] = leg
    step.moves.append(NewLeg(leg.id, role, shown_number(live, role), recipient))
    return leg


def dial(live: LiveCall, step: Step, leg: LiveLeg, ring_timeout_s: float) -> None:
    """Ring somebody. That it is being done is committed first."""
    move_leg(live, step, leg, Change.DIALED)
    call = live.call
    is_click_to_call = leg.role is Role.AGENT and call.direction == "outbound"
    step.effects += [
        SetTimer(ring_timer(leg.id), ring_timeout_s + RING_GUARD_S),
        Dial(
            leg.id,
            leg.recipient,
            shown_number(live, leg.role),
            sender_name=call.caller_name,
            ring_timeout_s=ring_timeout_s,
            context=f"To call {call.recipient}" if is_click_to_call else None,
        ),
    ]


def shown_number(live: LiveCall, role: Role) -> str:
    """What the other side sees: an agent sees who is calling, everybody else our own number."""
    return live.call.sender if role is Role.AGENT else live.call.our_number


def hang_up(live: LiveCall, step: Step, leg: LiveLeg) -> None:
    """Let the engine end it; should the engine not say so, it is taken for lost."""
    if leg.is_ending:
        return
    leg.is_ending = True
    cause = Cause.NORMAL
    if leg.role is Role.CALLER and not leg.is_answered and live.verdict is not None:
        cause = REFUSALS.get(live.verdict.change, Cause.NORMAL)
    step.effects += [HangUpLeg(leg.id, cause), SetTimer(gone_timer(leg.id), GONE_GUARD_S)]


def end(live: LiveCall, step: Step, verdict: Verdict) -> None:
    """The call is to end. Of several reasons the first counts."""
    if live.verdict is None:
        live.verdict = verdict
    live.doing = None
    live.script.clear()
    live.announcements.clear()
    step.effects.append(StopTimer(SCRIPT))
    for leg in tuple(live.legs.values()):
        if leg.status is Status.QUEUED:
            del live.legs[leg.id]
            by, reason = live.verdict.hangup_by, live.verdict.reason
            step.moves.append(LegMove(leg.id, leg.role, Change.CANCELED, by, reason))
        else:
            hang_up(live, step, leg)
    finish(live, step)


def finish(live: LiveCall, step: Step) -> None:
    """Give the call its terminal status, if every leg has gone."""
    if live.legs or live.is_over or live.verdict is None:
        return
    live.is_over = True
    verdict = live.verdict
    change = verdict.change
    if live.status is Status.IN_PROGRESS:
        change = Change.BROKE if change is Change.BROKE else Change.HUNG_UP
    elif change is Change.HUNG_UP:
        change = Change.CANCELED
    move_call(live, step, CallMove(change, verdict.hangup_by, verdict.reason, verdict.sip_code))
    step.effects.append(StopTimer(DURATION))
    if live.recordings:
        stops = [ControlRecording(one, "stop") for one in sorted(live.recordings)]
        step.effects += [*stops, SetTimer(FILES, FILES_GUARD_S)]
