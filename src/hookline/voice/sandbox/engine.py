"""The sandbox's engine: the port of voice, with recipients that behave as their number says.

It needs no network and remembers nothing across a restart: legs that it does not know are LOST.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial

from hookline.clock import Clock
from hookline.ids import CarrierId
from hookline.telemetry.link_state import LinkPhase, LinkState
from hookline.voice.port import (
    BridgeId,
    CameIn,
    Cause,
    Dial,
    Ended,
    EngineOpening,
    LegId,
    Media,
    PlaybackId,
    Record,
    RecordingId,
)
from hookline.voice.sandbox.bridges import Bridges
from hookline.voice.sandbox.callee import Callee, Robot
from hookline.voice.sandbox.murmurs import Murmurs
from hookline.voice.sandbox.person import Person, TextOf
from hookline.voice.sandbox.phones import (
    FindPhone,
    PhoneCall,
    PhoneCallState,
    PhoneId,
    VirtualPhones,
)
from hookline.voice.sandbox.playing import Player
from hookline.voice.sandbox.recipients import Pace, behaviour_of
from hookline.voice.sandbox.recording import Recorder
from hookline.voice.sandbox.switchboard import Leg, Phase, Switchboard
from hookline.voice.speech import Speech

_SIP_CODES = {
    Cause.BUSY: 486,
    Cause.DECLINED: 603,
    Cause.NO_ANSWER: 480,
    Cause.NOT_FOUND: 404,
    Cause.UNAVAILABLE: 480,
    Cause.CONGESTION: 503,
}
"""What a caller hears of our refusal."""
_SERVICE_UNAVAILABLE = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every sandbox engine of a node shares."""

    phones: VirtualPhones
    find_phone: FindPhone
    new_leg_id: Callable[[], LegId]
    """For the legs that come in."""
    legs_max: int
    text_of: TextOf
    """What a file says, for the screen of a virtual phone."""
    speech: Speech | None = None
    """What robots speak with; without it they hum."""
    pace: Pace = field(default_factory=Pace)


class SandboxEngine:
    """An engine that is always up until it is closed."""

    def __init__(self, opening: EngineOpening, around: Surroundings) -> None:
        self.carrier_id: CarrierId = opening.carrier_id
        self._clock: Clock = opening.clock
        self._around = around
        self._board = Switchboard(opening.carrier_id, opening.reports, opening.clock)
        self._player = Player(self._board, opening.clock)
        self._bridges = Bridges(self._board)
        self._recorder = Recorder(self._board, self._bridges, opening.clock)
        self._murmurs = Murmurs(around.speech)
        self._opened_at = opening.clock.now_ms()
        self._is_closed = False
        around.phones.connect(opening.carrier_id, self.call_in)

    @property
    def is_up(self) -> bool:
        return not self._is_closed and len(self._board.legs) < self._around.legs_max

    def dial(self, dial: Dial) -> None:
        if self._is_closed or dial.leg_id in self._board.legs:
            return
        if not self.is_up:
            self._refuse(dial)
            return
        phone_id = self._around.find_phone(dial)
        callee = self._robot(dial.to) if phone_id is None else self._person()
        leg = Leg(dial.leg_id, callee, other=dial.to, shown=dial.sender, phase=Phase.DIALLED)
        self._board.add(leg)
        if phone_id is not None and isinstance(callee, Person):
            callee.pick_up(leg, self._ringing_at(phone_id, dial))
        self._board.later(leg, dial.ring_timeout_s, partial(self._give_up, leg))
        callee.dialled(leg)

    def call_in(
        self, phone_id: PhoneId, sender: str, recipient: str, sender_name: str | None = None
    ) -> LegId:
        """The person at a virtual phone calls one of our numbers."""
        now_ms = self._clock.now_ms()
        leg_id = self._around.new_leg_id()
        person = self._person()
        leg = Leg(leg_id, person, other=sender, shown=recipient, phase=Phase.CAME_IN)
        self._board.add(leg)
        call = PhoneCall(
            leg_id,
            self.carrier_id,
            phone_id,
            PhoneCallState.CALLING,
            is_incoming=False,
            other=recipient,
            since=now_ms,
        )
        person.pick_up(leg, call)
        self._board.report(CameIn(leg_id, now_ms, sender, recipient, sender_name))
        self._board.later(leg, self._around.pace.abandon_s, partial(self._give_up, leg))
        return leg_id

    def answer(self, leg_id: LegId) -> None:
        leg = self._board.legs.get(leg_id)
        if leg is not None and leg.phase is Phase.CAME_IN:
            self._board.answer(leg)

    def hang_up(self, leg_id: LegId, cause: Cause = Cause.NORMAL) -> None:
        leg = self._board.legs.get(leg_id)
        if leg is None:
            return
        if leg.phase is Phase.CAME_IN:
            self._board.end(leg, cause, "us", sip_code=_SIP_CODES.get(cause))
        else:
            self._board.end(leg, Cause.NORMAL, "us")

    def play(self, leg_id: LegId, playback_id: PlaybackId, media: Sequence[Media]) -> None:
        leg = self._board.legs.get(leg_id)
        if leg is not None:
            self._player.play(leg, playback_id, media)

    def stop_playing(self, playback_id: PlaybackId) -> None:
        self._player.stop(playback_id)

    def send_digits(self, leg_id: LegId, digits: str) -> None:
        leg = self._board.legs.get(leg_id)
        if leg is not None:
            self._player.send_digits(leg, digits)

    def bridge(self, bridge_id: BridgeId, legs: Sequence[LegId]) -> None:
        self._bridges.join(bridge_id, self._board.those_of(legs))

    def unbridge(self, bridge_id: BridgeId) -> None:
        self._bridges.dissolve(bridge_id)

    def record(self, record: Record) -> None:
        self._recorder.record(record)

    def pause_recording(self, recording_id: RecordingId) -> None:
        self._recorder.pause(recording_id)

    def resume_recording(self, recording_id: RecordingId) -> None:
        self._recorder.resume(recording_id)

    def stop_recording(self, recording_id: RecordingId) -> None:
        self._recorder.stop(recording_id)

    def reconcile(self, known: Collection[LegId]) -> None:
        now_ms = self._clock.now_ms()
        for leg_id in known:
            if leg_id not in self._board.legs:
                detail = "The sandbox does not know the leg: it forgets its legs at a restart."
                self._board.report(Ended(leg_id, now_ms, Cause.LOST, "network", detail=detail))
        wanted = frozenset(known)
        for leg in tuple(self._board.legs.values()):
            if leg.leg_id not in wanted:
                self._board.end(leg, Cause.NORMAL, "us")

    def state(self) -> LinkState:
        return LinkState(
            phase=LinkPhase.CLOSED if self._is_closed else LinkPhase.BOUND,
            since=self._opened_at,
            window=self._around.legs_max,
            in_flight=len(self._board.legs),
            submitted=self._board.began,
        )

    async def close(self) -> None:
        """Legs end as lost, and what was recorded of them is kept."""
        self._is_closed = True
        self._around.phones.disconnect(self.carrier_id)
        for leg in tuple(self._board.legs.values()):
            self._board.end(leg, Cause.LOST, "network", detail="The sandbox was closed.")
        self._murmurs.close()
        await self._recorder.close()
        self._board.flush()

    def _refuse(self, dial: Dial) -> None:
        detail = f"The sandbox holds {self._around.legs_max} legs already. Hang some up first."
        now_ms = self._clock.now_ms()
        code = _SERVICE_UNAVAILABLE
        ended = Ended(dial.leg_id, now_ms, Cause.CONGESTION, "network", code, detail)
        self._board.report(ended)

    def _give_up(self, leg: Leg) -> None:
        """It has rung long enough."""
        if not leg.is_up:
            self._board.end(leg, Cause.NO_ANSWER, "them" if leg.phase is Phase.CAME_IN else "us")

    def _robot(self, number: str) -> Callee:
        behaviour = behaviour_of(number)
        self._murmurs.prepare(behaviour.sentence)
        return Robot(self._board, behaviour, self._around.pace, partial(self._murmurs.of, number))

    def _person(self) -> Person:
        return Person(self._board, self._around.phones, self._clock, self._around.text_of)

    def _ringing_at(self, phone_id: PhoneId, dial: Dial) -> PhoneCall:
        return PhoneCall(
            dial.leg_id,
            self.carrier_id,
            phone_id,
            PhoneCallState.RINGING,
            is_incoming=True,
            other=dial.sender,
            since=self._clock.now_ms(),
            other_name=dial.sender_name,
            context=dial.context,
        )
