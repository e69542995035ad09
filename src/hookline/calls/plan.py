"""Decides what follows from one thing that comes in about a running call. No I/O, no clock, no wait.

Everything that can happen to a call on its node goes through `decide`: reports of the engine, timers,
wishes of the API, and answers to what earlier steps asked for. What does not fit is left alone.
"""

from hookline.calls.endings import agent_missed, ending_of
from hookline.calls.legs import (
    DURATION,
    FILES,
    RING_GUARD_S,
    SCRIPT,
    dial,
    end,
    finish,
    gone_timer,
    move_call,
    move_leg,
    ring_timer,
)
from hookline.calls.live import Connecting, Gathering, LiveCall, LiveLeg, Pausing, Taking, Verdict
from hookline.calls.model import Change, HangupBy, Role, Status
from hookline.calls.script import (
    actions_came,
    announce,
    begin,
    collect,
    connect,
    gathered,
    go_on,
    join,
    media_ready,
    part,
    playback_ended,
    start_call_recording,
    take_message,
)
from hookline.calls.steps import (
    ActionsCame,
    AnswerLeg,
    CallMove,
    ControlRecording,
    DigitHeard,
    DigitsWanted,
    GaveUp,
    HangUpLeg,
    HangUpWanted,
    Input,
    LegMove,
    Measure,
    Measured,
    MediaReady,
    MediaWanted,
    Note,
    RecordingEnd,
    RecordingWanted,
    SendDigits,
    SetTimer,
    Started,
    Step,
    StopTimer,
    TimerRang,
)
from hookline.clock import UnixMs
from hookline.voice import port
from hookline.voice.port import Cause, LegId, RecordingId


def decide(live: LiveCall, what: Input, at: UnixMs) -> Step:
    """What is to be committed and done; `live` is changed as if it had been."""
    step = Step(at)
    match what:
        case Started():
            _start(live, step)
        case port.Ringing() | port.Answered() | port.Digit() | port.Ended():
            _leg_happened(live, step, what)
        case port.PlaybackEnded():
            playback_ended(live, step, what)
        case port.RecordingEnded() | Measured():
            _recording_happened(live, step, what)
        case TimerRang():
            _timer_rang(live, step, what.name)
        case MediaReady():
            media_ready(live, step, what)
        case ActionsCame():
            actions_came(live, step, what)
        case GaveUp() | HangUpWanted() | MediaWanted() | RecordingWanted() | DigitsWanted():
            _wanted(live, step, what)
        case port.CameIn() | port.Lost():
            """Not about a call that is running."""
    return step


def _start(live: LiveCall, step: Step) -> None:
    if live.call.direction == "outbound":
        main = live.legs[live.main]
        dial(live, step, main, live.plan.ring_timeout_s)
        move_call(live, step, CallMove(Change.DIALED))
        return
    plan = live.plan
    step.effects.append(SetTimer(ring_timer(live.main), plan.ring_timeout_s + 2 * RING_GUARD_S))
    if plan.agent is not None:
        connect(live, step, Role.AGENT, plan.agent, plan.ring_timeout_s, plan.record)
    elif live.script or plan.answer_url is not None:
        step.effects.append(AnswerLeg(live.main))
    elif plan.voicemail:
        take_message(live, step)
    else:
        end(live, step, Verdict(Change.BROKE, HangupBy.SYSTEM, "not_configured"))


# --- legs ---------------------------------------------------------------------------------------


def _leg_happened(
    live: LiveCall, step: Step, what: port.Ringing | port.Answered | port.Digit | port.Ended
) -> None:
    leg = _dialled(live, what.leg_id)
    if leg is None:
        return
    match what:
        case port.Ringing():
            if leg.status is Status.DIALING:
                move_leg(live, step, leg, Change.RANG)
        case port.Answered():
            if leg.status in (Status.DIALING, Status.RINGING):
                _answered(live, step, leg)
        case port.Digit():
            _digit(live, step, leg, what.digit)
        case port.Ended():
            _ended(live, step, leg, what)


def _dialled(live: LiveCall, leg_id: str) -> LiveLeg | None:
    """The leg, unless it has ended or has not begun: nothing can happen to it then."""
    leg = live.legs.get(LegId(leg_id))
    return None if leg is None or leg.status is Status.QUEUED else leg


def _answered(live: LiveCall, step: Step, leg: LiveLeg) -> None:
    step.effects.append(StopTimer(ring_timer(leg.id)))
    move_leg(live, step, leg, Change.ANSWERED)
    if leg.is_ending:
        return  # we hung up as they picked up
    if leg.id in (live.main, live.followed):
        step.effects.append(SetTimer(DURATION, live.plan.max_duration_s))
    if leg.id == live.followed and live.plan.send_digits is not None:
        step.effects.append(SendDigits(leg.id, live.plan.send_digits))
    if isinstance(live.doing, Connecting):
        join(live, step, live.doing)
    elif leg.id == live.main:
        begin(live, step)


def _digit(live: LiveCall, step: Step, leg: LiveLeg, digit: str) -> None:
    step.moves.append(DigitHeard(leg.id, digit))
    doing = live.doing
    if leg.id != live.main:
        return
    if isinstance(doing, Gathering):
        collect(live, step, doing, digit)
    elif isinstance(doing, Taking) and digit == "#":
        step.effects.append(ControlRecording(doing.recording_id, "stop"))


def _ended(live: LiveCall, step: Step, leg: LiveLeg, ended: port.Ended) -> None:
    del live.legs[leg.id]
    ending = ending_of(leg, ended, live.verdict)
    step.moves.append(LegMove(leg.id, leg.role, *ending))
    if ended.detail:
        step.moves.append(Note(f"{ending.reason}: {ended.detail}"))
    step.effects += [StopTimer(ring_timer(leg.id)), StopTimer(gone_timer(leg.id))]
    if ended.cause is Cause.LOST:
        step.effects.append(HangUpLeg(leg.id))  # should it live on all the same, nobody has it
    if live.verdict is None:
        if leg.id == live.main:
            end(live, step, _without_main(live, leg, ending))
        elif isinstance(live.doing, Connecting) and live.doing.leg_id == leg.id:
            _other_gone(live, step, live.doing, ending)
    finish(live, step)


def _without_main(live: LiveCall, leg: LiveLeg, ending: Verdict) -> Verdict:
    """How the call ends whose main leg has ended so."""
    if leg.role is not Role.AGENT or live.status is Status.IN_PROGRESS:
        return ending
    if ending.change is Change.HUNG_UP:
        return Verdict(Change.CANCELED, HangupBy.AGENT, "agent_hung_up", ending.sip_code)
    return agent_missed(ending)


def _other_gone(live: LiveCall, step: Step, connecting: Connecting, ending: Verdict) -> None:
    part(live, step, connecting)
    if connecting.role is Role.DIAL:
        go_on(live, step)
    elif connecting.role is Role.TO or ending.change is Change.HUNG_UP:
        end(live, step, ending)
    elif live.plan.voicemail:
        take_message(live, step)
    else:
        missed = agent_missed(ending)
        end(live, step, missed._replace(change=ending.change))


# --- recordings, timers, wishes -------------------------------------------------------------------


def _recording_happened(live: LiveCall, step: Step, what: port.RecordingEnded | Measured) -> None:
    if what.recording_id not in live.recordings:
        return
    if live.call_recording == what.recording_id:
        live.call_recording = None
    if isinstance(what, Measured):
        _end_recording(live, step, what)
    elif what.is_kept:
        step.effects.append(Measure(what.recording_id))
    else:
        _end_recording(live, step, Measured(what.recording_id, None), what.detail)
    if isinstance(live.doing, Taking) and live.doing.recording_id == what.recording_id:
        go_on(live, step)


def _end_recording(
    live: LiveCall, step: Step, measured: Measured, detail: str | None = None
) -> None:
    live.recordings.discard(measured.recording_id)
    reason = None if measured.facts is not None else detail or "not_recorded"
    step.moves.append(RecordingEnd(measured.recording_id, measured.facts, reason))


def _timer_rang(live: LiveCall, step: Step, name: str) -> None:
    kind, _, leg_id = name.partition(":")
    leg = _dialled(live, leg_id)
    if leg is not None:
        _guard_rang(live, step, leg, kind)
    elif name == DURATION:
        end(live, step, Verdict(Change.HUNG_UP, HangupBy.TIMER, "max_duration"))
    elif name == FILES:
        for recording_id in sorted(live.recordings):
            _end_recording(live, step, Measured(RecordingId(recording_id), None))
    elif name == SCRIPT and isinstance(live.doing, Gathering):
        gathered(live, step, live.doing)
    elif name == SCRIPT and isinstance(live.doing, Pausing):
        go_on(live, step)


def _guard_rang(live: LiveCall, step: Step, leg: LiveLeg, kind: str) -> None:
    """The engine has not said what became of a leg within its time."""
    if kind == "gone":
        _ended(live, step, leg, port.Ended(leg.id, step.at, Cause.LOST))
    elif leg.role is Role.CALLER:
        end(live, step, Verdict(Change.WENT_UNANSWERED, HangupBy.TIMER, "no_answer"))
    elif not leg.is_answered:
        step.effects.append(HangUpLeg(leg.id))
        _ended(live, step, leg, port.Ended(leg.id, step.at, Cause.NO_ANSWER, by="us"))


def _wanted(
    live: LiveCall,
    step: Step,
    what: GaveUp | HangUpWanted | MediaWanted | RecordingWanted | DigitsWanted,
) -> None:
    if live.verdict is not None:
        return
    match what:
        case GaveUp():
            end(live, step, Verdict(Change.BROKE, HangupBy.SYSTEM, what.reason))
        case HangUpWanted():
            end(live, step, Verdict(Change.CANCELED, what.by, what.reason))
        case MediaWanted():
            announce(live, step, what.source)
        case DigitsWanted():
            step.effects.append(SendDigits(live.followed, what.digits))
        case RecordingWanted(command="start"):
            if live.answered_legs:
                start_call_recording(live, step, live.answered_legs, what.layout)
        case RecordingWanted():
            if live.call_recording is not None:
                step.effects.append(ControlRecording(live.call_recording, what.command))
