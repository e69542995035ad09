"""Runs one call: takes what comes in one by one, commits the step, then does what it says.

Nothing is decided here. A step that cannot be committed because the call has ended elsewhere ends
the run, and whatever still rings is hung up.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import assert_never

from hookline.calls.answers import Answers
from hookline.calls.live import LiveCall
from hookline.calls.media import Media
from hookline.calls.model import Role
from hookline.calls.plan import decide
from hookline.calls.progress import Taken, TakeSteps
from hookline.calls.recording_files import RecordingFiles
from hookline.calls.rhythm import Rhythm
from hookline.calls.steps import (
    ActionsCame,
    AnswerLeg,
    AskForActions,
    ControlRecording,
    Effect,
    GaveUp,
    GetMedia,
    HangUpLeg,
    Input,
    Join,
    Measure,
    Measured,
    MediaReady,
    Part,
    PlayMedia,
    SendDigits,
    SetTimer,
    Started,
    StartRecording,
    Step,
    StopPlaying,
    StopTimer,
    TimerRang,
)
from hookline.clock import UnixMs
from hookline.errors import HooklineError, Unavailable
from hookline.ids import AccountId
from hookline.storage.store import Store
from hookline.telemetry.logs import get_logger
from hookline.voice.port import Cause, Dial, Digit, Ended, Engine, LegId, Record

log = get_logger(__name__)
_COMMIT_PAUSE_S = 0.25
_COMMIT_TRIES = 120
_WAITING_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Desk:
    """What all calls of a node share."""

    store: Store
    node: str
    media: Media
    answers: Answers
    files: RecordingFiles
    steps: TakeSteps
    runs: "dict[str, CallRunner]"
    """Who is told of what happens to a leg or a recording, by its id."""
    prepare: Callable[[AccountId], Awaitable[None]] | None = None
    """Awaited before the first leg of an account's call is dialled."""
    rhythm: Rhythm = field(default_factory=Rhythm)


class CallRunner:
    """One call on the node that has its engine."""

    def __init__(self, live: LiveCall, engine: Engine | None, desk: Desk) -> None:
        """Without an engine the call fails."""
        self.live = live
        self.engine = engine
        self._desk = desk
        self._inbox: asyncio.Queue[tuple[Input, UnixMs]] = asyncio.Queue()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._errands: set[asyncio.Task[None]] = set()
        self._dialled: set[str] = set()
        self._keys = {live.call.id, *live.legs}
        for key in self._keys:
            desk.runs[key] = self

    def put(self, what: Input, at: UnixMs | None = None) -> None:
        """Something has come in. Of digits only so many can wait: callers press what they like."""
        if isinstance(what, Digit) and self._inbox.qsize() >= _WAITING_MAX:
            return
        self._inbox.put_nowait((what, self._desk.store.now() if at is None else at))

    @property
    def engine_legs(self) -> list[LegId]:
        """The legs that the engine should have: one may be about to be dialled, and is not there."""
        legs = self.live.legs.values()
        return [leg.id for leg in legs if leg.role is Role.CALLER or leg.id in self._dialled]

    async def run(self, taken: Step | None = None) -> None:
        """Until nothing more can happen to the call. `taken`: its first step, which is committed."""
        if taken is None:
            self.put(GaveUp("carrier_unavailable") if self.engine is None else Started())
        elif self.engine is None:  # it was closed just now
            self.put(Ended(self.live.main, self._desk.store.now(), Cause.LOST))
        try:
            if self._desk.prepare is not None:
                await self._desk.prepare(AccountId(self.live.call.account_id))
            for effect in () if taken is None else taken.effects:
                self._do(effect)
            while not self.live.is_done:
                what, at = await self._inbox.get()
                step = decide(self.live, what, at)
                if step.moves and not await self._take(step):
                    log.warning("call_abandoned", call_id=self.live.call.id)
                    self.hang_up_all()
                    return
                for effect in step.effects:
                    self._do(effect)
        finally:
            self._let_go()

    async def _take(self, step: Step) -> bool:
        """Commit the step, however long the database is away; False when the call is not ours."""
        taken = Taken(self.live.call, self._desk.node, step)
        await self._desk.rhythm.turn()
        for _ in range(_COMMIT_TRIES):
            try:
                return await self._desk.store.writer.submit(self._desk.steps, taken) is not None
            except Unavailable as error:
                log.warning("call_step_waits", call_id=self.live.call.id, detail=error.detail)
                await asyncio.sleep(_COMMIT_PAUSE_S)
        return False

    def hang_up_all(self) -> None:
        """Leave nobody on the line of a call that does not go on."""
        for leg_id in self.engine_legs:
            if self.engine is not None:
                self.engine.hang_up(leg_id)

    def _let_go(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        for errand in self._errands:
            errand.cancel()
        for key in self._keys:
            if self._desk.runs.get(key) is self:
                del self._desk.runs[key]

    # --- effects ----------------------------------------------------------------------------------

    def _do(self, effect: Effect) -> None:
        match effect:
            case SetTimer():
                self._stop_timer(effect.name)
                loop = asyncio.get_running_loop()
                rung = TimerRang(effect.name)
                self._timers[effect.name] = loop.call_later(effect.seconds, self.put, rung)
            case StopTimer():
                self._stop_timer(effect.name)
            case GetMedia():
                self._send(self._get_media(effect))
            case AskForActions():
                self._send(self._ask(effect))
            case Measure():
                self._send(self._measure(effect))
            case _:
                if self.engine is not None:
                    self._tell(self.engine, effect)

    def _tell(self, engine: Engine, effect: Effect) -> None:
        match effect:
            case Dial() | AnswerLeg() | HangUpLeg() | SendDigits():
                self._tell_of_leg(engine, effect)
            case PlayMedia():
                engine.play(effect.leg_id, effect.playback_id, effect.media)
            case StopPlaying():
                engine.stop_playing(effect.playback_id)
            case Join():
                engine.bridge(effect.bridge_id, effect.legs)
            case Part():
                engine.unbridge(effect.bridge_id)
            case StartRecording():
                self._record(engine, effect)
            case ControlRecording():
                _control(engine, effect)
            case SetTimer() | StopTimer() | GetMedia() | AskForActions() | Measure():
                raise TypeError(f"not for an engine: {effect!r}")
            case _:
                assert_never(effect)

    def _tell_of_leg(
        self, engine: Engine, effect: Dial | AnswerLeg | HangUpLeg | SendDigits
    ) -> None:
        match effect:
            case Dial():
                self._own(effect.leg_id)
                self._dialled.add(effect.leg_id)
                engine.dial(effect)
            case AnswerLeg():
                engine.answer(effect.leg_id)
            case HangUpLeg():
                engine.hang_up(effect.leg_id, effect.cause)
            case SendDigits():
                engine.send_digits(effect.leg_id, effect.digits)

    def _record(self, engine: Engine, effect: StartRecording) -> None:
        self._own(effect.recording_id)
        path = self._desk.files.path(effect.recording_id)
        engine.record(
            Record(
                effect.recording_id,
                effect.legs,
                effect.layout,
                path,
                max_s=effect.max_s,
                beep=effect.beep,
            )
        )

    def _own(self, key: str) -> None:
        self._keys.add(key)
        self._desk.runs[key] = self

    def _stop_timer(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    # --- errands ------------------------------------------------------------------------------------

    def _send(self, errand: Coroutine[object, object, Input]) -> None:
        """Do something that takes a while; what comes of it comes in as everything else."""
        task = asyncio.create_task(_report(errand, self.put))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _get_media(self, wanted: GetMedia) -> Input:
        try:
            return MediaReady(wanted.token, await self._desk.media.get(wanted.source))
        except HooklineError as error:
            return MediaReady(wanted.token, None, error.detail)
        except Exception:
            log.exception("media_broke", call_id=self.live.call.id)
            return MediaReady(wanted.token, None, "internal_error")

    async def _ask(self, wanted: AskForActions) -> Input:
        try:
            actions = await self._desk.answers.ask(
                self.live.call, wanted.url, wanted.event, wanted.digits
            )
        except HooklineError as error:
            return ActionsCame(wanted.token, None, error.detail)
        except Exception:
            log.exception("answer_url_broke", call_id=self.live.call.id)
            return ActionsCame(wanted.token, None, "internal_error")
        return ActionsCame(wanted.token, actions)

    async def _measure(self, wanted: Measure) -> Input:
        facts = await asyncio.to_thread(self._desk.files.measure, wanted.recording_id)
        return Measured(wanted.recording_id, facts)


async def _report(errand: Coroutine[object, object, Input], put: Callable[[Input], None]) -> None:
    put(await errand)


def _control(engine: Engine, effect: ControlRecording) -> None:
    match effect.command:
        case "pause":
            engine.pause_recording(effect.recording_id)
        case "resume":
            engine.resume_recording(effect.recording_id)
        case _:
            engine.stop_recording(effect.recording_id)
