"""Runs actions on the main leg, one after the other, and connects it with others.

Pure, as all of `plan`: what is to be done goes into the step.
"""

from math import ceil

from hookline.calls.legs import SCRIPT, dial, end, new_leg
from hookline.calls.live import (
    Asking,
    Connecting,
    Gathering,
    LiveCall,
    Pausing,
    Playing,
    Preparing,
    Taking,
    Verdict,
)
from hookline.calls.model import Change, HangupBy, Role
from hookline.calls.steps import (
    ActionsCame,
    AnswerLeg,
    AskForActions,
    ControlRecording,
    GetMedia,
    Join,
    MediaReady,
    NewRecording,
    Note,
    Part,
    PlayMedia,
    SetTimer,
    StartRecording,
    Step,
    StopPlaying,
    StopTimer,
)
from hookline.numbers.call_actions import (
    DEFAULT_BRANCH,
    Action,
    DialOther,
    Gather,
    Hangup,
    Pause,
    Play,
    RecordLayout,
    RecordVoice,
    Say,
)
from hookline.voice.port import (
    BridgeId,
    Layout,
    LegId,
    PlaybackEnded,
    PlaybackId,
    RecordingId,
    Tone,
)

SORRY = "We are sorry, but something went wrong with this call. Goodbye."
VOICEMAIL = "Nobody can take your call now. Please leave a message after the tone."
_VOICEMAIL_MAX_S = 180
_RINGBACK = (Tone(425, 1_000), Tone(0, 4_000))  # ITU-T E.180, as most of the world hears it
_RINGBACK_S = 5.0
_RECORDING_MAX_S = 14_400.0


def begin(live: LiveCall, step: Step) -> None:
    """The main leg has been answered."""
    if live.plan.agent is None:  # else it is recorded once both sides are there
        start_call_recording(live, step, (live.main,), live.plan.record)
    if live.plan.answer_url is not None and not live.script:
        ask(live, step, "answered", None)
    else:
        go_on(live, step)


def go_on(live: LiveCall, step: Step) -> None:
    """The next action, or the end when there is none."""
    live.doing = None
    if live.verdict is not None:
        return
    if live.script:
        _run(live, step, live.script.popleft())
    elif live.is_to_connect:
        live.is_to_connect = False
        other = live.legs[live.followed]
        dial(live, step, other, live.plan.ring_timeout_s)
        _wait_for(live, step, other.id, Role.TO, live.plan.record, live.plan.ring_timeout_s)
    else:
        end(live, step, Verdict(Change.HUNG_UP, HangupBy.SYSTEM, live.end_reason))


def _run(live: LiveCall, step: Step, action: Action) -> None:
    chosen = action.chosen
    match chosen:
        case Say() | Play():
            live.doing = Preparing(_prepare(live, step, chosen))
        case Gather():
            live.doing = gathering = Gathering(chosen)
            if chosen.prompt is None:
                step.effects.append(SetTimer(SCRIPT, chosen.timeout_seconds))
            else:
                source = chosen.prompt.chosen
                assert isinstance(source, Say | Play)
                gathering.token = _prepare(live, step, source)
        case RecordVoice():
            recording_id = _new_recording(live, step, channels=1)
            live.doing = Taking(recording_id)
            step.effects.append(
                StartRecording(
                    recording_id, (live.main,), "mono", chosen.max_seconds, beep=chosen.beep
                )
            )
        case DialOther():
            connect(live, step, Role.DIAL, chosen.to, chosen.timeout_seconds, chosen.record)
        case Pause():
            live.doing = Pausing()
            step.effects.append(SetTimer(SCRIPT, chosen.seconds))
        case Hangup():
            end(live, step, Verdict(Change.HUNG_UP, HangupBy.SYSTEM, "hangup_action"))
        case _:
            raise TypeError(f"no action: {chosen!r}")


def _prepare(live: LiveCall, step: Step, source: Say | Play) -> str:
    token = live.new_id("med")
    step.effects.append(GetMedia(token, source))
    return token


# --- what is heard ------------------------------------------------------------------------------


def announce(live: LiveCall, step: Step, source: Say | Play) -> None:
    """Let everybody hear something now, beside the script."""
    live.announcements.add(_prepare(live, step, source))


def media_ready(live: LiveCall, step: Step, media: MediaReady) -> None:
    """What was to be heard is there, or cannot be had: then it goes on without."""
    doing = live.doing
    if media.token in live.announcements:
        live.announcements.discard(media.token)
        if media.path is not None:
            for leg_id in live.answered_legs:
                step.effects.append(PlayMedia(leg_id, _playback(live), (media.path,)))
    elif isinstance(doing, Preparing) and doing.token == media.token and media.path is not None:
        live.doing = playing = Playing(_playback(live))
        step.effects.append(PlayMedia(live.main, playing.playback_id, (media.path,)))
    elif isinstance(doing, Preparing) and doing.token == media.token:
        go_on(live, step)
    elif isinstance(doing, Gathering) and doing.token == media.token:
        _prompt(live, step, doing, media)
    if media.path is None:
        step.moves.append(Note(f"media_failed: {media.detail}"))


def _prompt(live: LiveCall, step: Step, doing: Gathering, media: MediaReady) -> None:
    doing.token = None
    if media.path is None:
        step.effects.append(SetTimer(SCRIPT, doing.gather.timeout_seconds))
    elif not doing.digits:
        doing.playback_id = _playback(live)
        step.effects.append(PlayMedia(live.main, doing.playback_id, (media.path,)))


def playback_ended(live: LiveCall, step: Step, ended: PlaybackEnded) -> None:
    """What was heard is over."""
    doing = live.doing
    if isinstance(doing, Playing) and doing.playback_id == ended.playback_id:
        if not ended.is_played:
            step.moves.append(Note(f"media_failed: {ended.detail or 'it could not be played'}"))
        go_on(live, step)
    elif isinstance(doing, Gathering) and doing.playback_id == ended.playback_id:
        doing.playback_id = None
        step.effects.append(SetTimer(SCRIPT, doing.gather.timeout_seconds))


def _playback(live: LiveCall) -> PlaybackId:
    return PlaybackId(live.new_id("pbk"))


# --- digits ---------------------------------------------------------------------------------------


def collect(live: LiveCall, step: Step, gathering: Gathering, digit: str) -> None:
    """One more digit; the first stops the prompt."""
    gather = gathering.gather
    if gathering.playback_id is not None:
        step.effects.append(StopPlaying(gathering.playback_id))
    gathering.playback_id = gathering.token = None
    if digit != gather.finish_on:
        gathering.digits += digit
    if digit == gather.finish_on or len(gathering.digits) >= gather.digits:
        gathered(live, step, gathering)
    else:
        step.effects.append(SetTimer(SCRIPT, gather.timeout_seconds))


def gathered(live: LiveCall, step: Step, gathering: Gathering) -> None:
    """All digits are there, or no more came: take the branch, or ask what to do."""
    step.effects.append(StopTimer(SCRIPT))
    branches = gathering.gather.then
    branch = branches.get(gathering.digits, branches.get(DEFAULT_BRANCH))
    if branch is not None:
        live.script.extendleft(reversed(branch))
    elif live.plan.answer_url is not None:
        ask(live, step, "gathered", gathering.digits)
        return
    go_on(live, step)


def ask(live: LiveCall, step: Step, event: str, digits: str | None) -> None:
    """Ask the answer URL; what it says takes the place of all that is left."""
    live.script.clear()
    live.doing = asking = Asking(live.new_id("ask"))
    url = live.plan.answer_url or ""
    step.effects.append(AskForActions(asking.token, url, event, digits))


def actions_came(live: LiveCall, step: Step, came: ActionsCame) -> None:
    """The answer URL has said what to do, or has failed: then the caller hears that we are sorry."""
    if not isinstance(live.doing, Asking) or live.doing.token != came.token:
        return
    if came.actions is None:
        step.moves.append(Note(f"answer_url_failed: {came.detail}"))
        live.end_reason = "answer_url_failed"
        live.script.append(Action(say=Say(text=SORRY)))
    else:
        live.script.extend(came.actions)
    go_on(live, step)


# --- other legs -------------------------------------------------------------------------------------


def connect(
    live: LiveCall, step: Step, role: Role, to: str, ring_timeout_s: int, record: RecordLayout
) -> None:
    """Ring somebody else, to be joined with the main leg."""
    leg = new_leg(live, step, role, to)
    dial(live, step, leg, ring_timeout_s)
    _wait_for(live, step, leg.id, role, record, ring_timeout_s)


def _wait_for(
    live: LiveCall, step: Step, leg_id: LegId, role: Role, record: RecordLayout, timeout_s: int
) -> None:
    live.doing = connecting = Connecting(leg_id, role, record)
    if live.legs[live.main].is_answered:
        connecting.ringback = _playback(live)
        tones = _RINGBACK * ceil(timeout_s / _RINGBACK_S)
        step.effects.append(PlayMedia(live.main, connecting.ringback, tones))


def join(live: LiveCall, step: Step, connecting: Connecting) -> None:
    """Join the two legs once both have answered; a caller is answered when the agent is there."""
    main, other = live.legs[live.main], live.legs[connecting.leg_id]
    if not other.is_answered:
        return
    stop_ringback(step, connecting)
    if not main.is_answered:
        step.effects.append(AnswerLeg(main.id))
        return
    connecting.bridge_id = BridgeId(live.new_id("brg"))
    step.effects.append(Join(connecting.bridge_id, (main.id, other.id)))
    if live.call_recording is None:
        start_call_recording(live, step, (main.id, other.id), connecting.record)
        connecting.recording_id = live.call_recording


def part(live: LiveCall, step: Step, connecting: Connecting) -> None:
    """The other leg has gone, and so has what was recorded of the two."""
    stop_ringback(step, connecting)
    if connecting.bridge_id is not None:
        step.effects.append(Part(connecting.bridge_id))
    if connecting.recording_id is not None:
        step.effects.append(ControlRecording(connecting.recording_id, "stop"))
        if live.call_recording == connecting.recording_id:
            live.call_recording = None


def stop_ringback(step: Step, connecting: Connecting) -> None:
    """Nothing rings any more."""
    if connecting.ringback is not None:
        step.effects.append(StopPlaying(connecting.ringback))
        connecting.ringback = None


def take_message(live: LiveCall, step: Step) -> None:
    """Answer the caller, and let them leave a message."""
    live.doing = None
    live.end_reason = "voicemail"
    live.script.clear()
    live.script.append(Action(say=Say(text=VOICEMAIL)))
    live.script.append(Action(record=RecordVoice(max_seconds=_VOICEMAIL_MAX_S)))
    step.effects.append(AnswerLeg(live.main))


# --- recordings ---------------------------------------------------------------------------------------


def start_call_recording(
    live: LiveCall, step: Step, legs: tuple[LegId, ...], layout: RecordLayout
) -> None:
    """Record the call itself, unless it is being recorded."""
    if live.call_recording is not None or layout == "none":
        return
    chosen: Layout = layout
    live.call_recording = _new_recording(live, step, channels=2 if chosen == "dual" else 1)
    step.effects.append(StartRecording(live.call_recording, legs, chosen, _RECORDING_MAX_S))


def _new_recording(live: LiveCall, step: Step, *, channels: int) -> RecordingId:
    recording_id = RecordingId(live.new_id("rec"))
    live.recordings.add(recording_id)
    step.moves.append(NewRecording(recording_id, channels))
    return recording_id
