"""The virtual phones: what rings at them and what they hear, and what the person does about it.

One board serves every sandbox engine of this node. A phone is known by an id that the composition
root chooses, so that two accounts may each have a phone of the same number. Nothing here outlives
the process: whoever watches may keep what is shown.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Literal, NewType, Protocol

from hookline.clock import Clock, UnixMs
from hookline.ids import CarrierId
from hookline.storage.callbacks import call_safely
from hookline.voice.errors import PhoneCallGone, SandboxClosed
from hookline.voice.port import DIGITS, Cause, Dial, LegId, Media

PhoneId = NewType("PhoneId", str)
FindPhone = Callable[[Dial], PhoneId | None]
"""Whether a dial rings a virtual phone, and which."""
WAIT = "w"
"""Half a second without a key."""
_PRESSABLE = frozenset(DIGITS + WAIT)
_HEARD_MAX = 100
_ENDED_MAX = 200


class PhoneCallState(StrEnum):
    """What the phone's screen shows of a call."""

    RINGING = "ringing"
    """The person may answer or decline."""
    CALLING = "calling"
    """The person calls one of our numbers, which rings."""
    TALKING = "talking"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class HeardSound:
    """Something that came out of the phone's speaker, or that the person said."""

    at: UnixMs
    kind: Literal["speech", "audio", "tone", "digit", "talking", "said"]
    text: str
    """What is said, or what it is in words."""
    file: str | None = None
    """The name of the file that is played, without folder and ending."""


@dataclass(frozen=True, slots=True)
class PhoneCall:
    """One call at a virtual phone, as it is now."""

    leg_id: LegId
    carrier_id: CarrierId
    phone_id: PhoneId
    state: PhoneCallState
    is_incoming: bool
    """Seen from the phone."""
    other: str
    """The number on the screen."""
    since: UnixMs
    other_name: str | None = None
    context: str | None = None
    answered_at: UnixMs | None = None
    ended_at: UnixMs | None = None
    ended_by: Literal["us", "them", "network"] | None = None
    """`them` is the person at the phone, as in every report of an engine."""
    cause: Cause | None = None
    pressed: str = ""
    is_playing: bool = False
    talking_to: tuple[str, ...] = ()
    heard: tuple[HeardSound, ...] = ()
    """The latest of it, oldest first."""


class Handset(Protocol):
    """What the engine does for the person."""

    def answer(self) -> None: ...

    def decline(self) -> None: ...

    def hang_up(self) -> None: ...

    def press(self, digits: str) -> None: ...

    def speak(self, media: Media) -> None: ...


CallIn = Callable[[PhoneId, str, str, str | None], LegId]


class VirtualPhones:
    """The board. Acts raise PhoneCallGone when it is too late for them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls: dict[LegId, PhoneCall] = {}
        self._handsets: dict[LegId, Handset] = {}
        self._ended: deque[LegId] = deque()
        self._engines: dict[CarrierId, CallIn] = {}
        self._watchers: list[Callable[[PhoneCall], None]] = []

    def watch(self, changed: Callable[[PhoneCall], None]) -> Callable[[], None]:
        """Hear of every change; call the result to hear no more."""
        self._watchers.append(changed)
        return lambda: self._watchers.remove(changed)

    def list_calls(self, phone_id: PhoneId) -> list[PhoneCall]:
        """What is at a phone now, and what was lately; the newest first."""
        found = [call for call in self._calls.values() if call.phone_id == phone_id]
        return found[::-1]

    def find_call(self, leg_id: LegId) -> PhoneCall | None:
        return self._calls.get(leg_id)

    # --- what the person does ---------------------------------------------------------------------

    def answer(self, leg_id: LegId) -> None:
        self._handset(leg_id, PhoneCallState.RINGING).answer()

    def decline(self, leg_id: LegId) -> None:
        self._handset(leg_id, PhoneCallState.RINGING).decline()

    def hang_up(self, leg_id: LegId) -> None:
        self._handset(leg_id, PhoneCallState.TALKING, PhoneCallState.CALLING).hang_up()

    def press(self, leg_id: LegId, digits: str) -> None:
        """Keys of DIGITS one after the other; `w` waits half a second. Anything else does nothing."""
        handset = self._handset(leg_id, PhoneCallState.TALKING)
        if digits and set(digits) <= _PRESSABLE:
            pressed = self._calls[leg_id].pressed + digits.replace(WAIT, "")
            self.change(leg_id, pressed=pressed[-_HEARD_MAX:])
            handset.press(digits)

    def speak(self, leg_id: LegId, media: Media) -> None:
        """Say this into the phone; AudioUnreadable if it cannot be played."""
        self._handset(leg_id, PhoneCallState.TALKING).speak(media)

    def call(
        self,
        carrier_id: CarrierId,
        phone_id: PhoneId,
        *,
        sender: str,
        recipient: str,
        sender_name: str | None = None,
    ) -> LegId:
        """Call one of our numbers; SandboxClosed when the engine is not open here."""
        call_in = self._engines.get(carrier_id)
        if call_in is None:
            raise SandboxClosed
        return call_in(phone_id, sender, recipient, sender_name)

    # --- what engines tell ------------------------------------------------------------------------

    def connect(self, carrier_id: CarrierId, call_in: CallIn) -> None:
        self._engines[carrier_id] = call_in

    def disconnect(self, carrier_id: CarrierId) -> None:
        self._engines.pop(carrier_id, None)

    def begin(self, call: PhoneCall, handset: Handset) -> None:
        """Something rings, or the person calls."""
        self._calls[call.leg_id] = call
        self._handsets[call.leg_id] = handset
        self._tell(call)

    def change(self, leg_id: LegId, **values: object) -> None:
        """Show something else of a call; too late does nothing."""
        call = self._calls.get(leg_id)
        if call is not None:
            self._calls[leg_id] = changed = replace(call, **values)  # type: ignore[arg-type]
            self._tell(changed)

    def hear(self, leg_id: LegId, sounds: Sequence[HeardSound], **values: object) -> None:
        call = self._calls.get(leg_id)
        if call is not None:
            self.change(leg_id, heard=(*call.heard, *sounds)[-_HEARD_MAX:], **values)

    def end(self, leg_id: LegId, cause: Cause, by: Literal["us", "them", "network"] | None) -> None:
        """The call is over; it is shown for a while."""
        self._handsets.pop(leg_id, None)
        self.change(
            leg_id,
            state=PhoneCallState.ENDED,
            ended_at=self._clock.now_ms(),
            ended_by=by,
            cause=cause,
            is_playing=False,
            talking_to=(),
        )
        self._ended.append(leg_id)
        while len(self._ended) > _ENDED_MAX:
            self._calls.pop(self._ended.popleft(), None)

    def _handset(self, leg_id: LegId, *states: PhoneCallState) -> Handset:
        call, handset = self._calls.get(leg_id), self._handsets.get(leg_id)
        if call is None or handset is None or call.state not in states:
            raise PhoneCallGone
        return handset

    def _tell(self, call: PhoneCall) -> None:
        for changed in tuple(self._watchers):
            call_safely(partial(changed, call))
